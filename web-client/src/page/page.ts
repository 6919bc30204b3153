/** The page that the gateway serves: shows what its first script has begun, and lets a reload come back. */

import { connectWith, type ConnectOptions, type SavedSession } from "../app/index.js";
import type { Launched } from "../engine/launch.js";
import { readAddress } from "./address.js";
import { beginVisit, store } from "./visit.js";

function start(): void {
  const element = document.getElementById("screen");
  if (element === null) {
    return;
  }
  // A proxy's policy may keep the first script from running.
  const { options, token, isLinked, saved, workerUrl, launched } = window.portholeVisit ?? beginVisit();
  const open = (resume: SavedSession | null, engine: Launched | null): void => {
    if (token !== "") {
      store({ token, saved: resume });
    }
    const chosen: ConnectOptions = {
      ...options,
      token,
      workerUrl,
      ...(resume === null ? {} : { resume }),
      onstate: (state, failure) => {
        // The link was opened anew, and the session that this tab remembers for it is over: begin another.
        if (state === "closed" && failure?.cause === "session_ended" && resume !== null && isLinked && !connected) {
          queueMicrotask(() => {
            open(null, null);
          });
        }
        connected ||= state === "connected";
      },
    };
    show(element, chosen, engine);
  };
  let connected = false;
  open(saved, launched);
  // A new link opened in this tab changes only the fragment, which by itself loads nothing.
  window.addEventListener("hashchange", () => {
    if (readAddress(location.href).token !== null) {
      location.reload();
    }
  });
}

function show(element: HTMLElement, options: ConnectOptions, engine: Launched | null): void {
  const connection = connectWith(element, options, engine);
  connection.addEventListener("session", ({ detail }) => {
    store(detail === null ? null : { token: options.token, saved: detail });
  });
  connection.addEventListener("title", ({ detail }) => {
    document.title = detail.title === "" ? "Porthole" : detail.title;
  });
}

start();
