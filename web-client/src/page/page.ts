/**
 * The page that the gateway serves: reads its address, connects, and lets a reload come back.
 *
 * The token comes in the fragment (`#token=…`), which browsers keep to themselves, or in the query. It is
 * taken out of the address bar at once. What a reload needs lives in this tab's session storage and
 * goes when the session ends.
 */

import { connect, type ConnectOptions, type SavedSession } from "../app/index.js";
import { readAddress } from "./address.js";

/** The worker's file beside this one, set by the build. */
declare const WORKER_FILE: string;

const STORAGE_KEY = "porthole";

interface Stored {
  readonly token: string;
  readonly saved: SavedSession | null;
}

function start(): void {
  const element = document.getElementById("screen");
  if (element === null) {
    return;
  }
  const address = readAddress(location.href);
  if (address.cleanHref !== location.href) {
    history.replaceState(null, "", address.cleanHref);
  }
  const stored = load();
  const token = address.token ?? stored?.token ?? "";
  const saved = stored !== null && stored.token === token ? stored.saved : null;
  const open = (resume: SavedSession | null): void => {
    if (token !== "") {
      store({ token, saved: resume });
    }
    show(element, token, {
      ...address.options,
      ...(resume === null ? {} : { resume }),
      onstate: (state, failure) => {
        // The link was opened anew, and the session that this tab remembers for it is over: begin another.
        if (state === "closed" && failure?.cause === "session_ended" && resume !== null && address.token !== null && !connected) {
          queueMicrotask(() => {
            open(null);
          });
        }
        connected ||= state === "connected";
      },
    });
  };
  let connected = false;
  open(saved);
  // A new link opened in this tab changes only the fragment, which by itself loads nothing.
  window.addEventListener("hashchange", () => {
    if (readAddress(location.href).token !== null) {
      location.reload();
    }
  });
}

function show(element: HTMLElement, token: string, options: Omit<ConnectOptions, "token">): void {
  const connection = connect(element, { ...options, token, workerUrl: new URL(WORKER_FILE, import.meta.url) });
  connection.addEventListener("session", ({ detail }) => {
    store(detail === null ? null : { token, saved: detail });
  });
  connection.addEventListener("title", ({ detail }) => {
    document.title = detail.title === "" ? "Porthole" : detail.title;
  });
}

function load(): Stored | null {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "null");
    return isStored(value) ? value : null;
  } catch {
    // Embedded pages may have no storage; they then cannot come back after a reload.
    return null;
  }
}

function store(value: Stored | null): void {
  try {
    if (value === null) {
      sessionStorage.removeItem(STORAGE_KEY);
    } else {
      sessionStorage.setItem(STORAGE_KEY, JSON.stringify(value));
    }
  } catch {
    // As above.
  }
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== "object" || value === null || !("token" in value) || !("saved" in value)) {
    return false;
  }
  const { token, saved } = value;
  return typeof token === "string" && (saved === null || isSaved(saved));
}

function isSaved(value: unknown): value is SavedSession {
  return (
    typeof value === "object" &&
    value !== null &&
    "session" in value &&
    "secret" in value &&
    typeof value.session === "string" &&
    typeof value.secret === "string"
  );
}

start();
