/** What covers the screen while there is none: waiting, and the reasons why it ended. */

import type { Failure, LinkState } from "../engine/reports.js";
import { logo, make } from "./dom.js";
import type { Strings } from "./strings.js";

/** How long a connection may be away before the user is told, in milliseconds: most of them are back by then. */
const AWAY_MAX_MS = 1_500;

/** An ending in the user's words. */
export interface Ending {
  readonly title: string;
  readonly advice: string;
  /** Whether trying again may help. */
  readonly retry: boolean;
}

/** What to tell the user about a failure. */
export function endingOf(failure: Failure | null, strings: Strings): Ending {
  const ending = (name: EndingName, retry: boolean): Ending => ({
    title: strings[`${name}Title`],
    advice: strings[`${name}Advice`],
    retry,
  });
  switch (failure?.category) {
    case 0:
      return {
        title: failure.cause === "connection_lost" ? strings.lostTitle : strings.unreachableTitle,
        advice: strings.networkAdvice,
        retry: true,
      };
    case 1:
      return ending(failure.cause === "token_missing" ? "noToken" : "token", false);
    case 2:
      return ending("policy", false);
    case 3:
      return ending("credentials", false);
    case 4:
      return ending("remote", true);
    case 5:
      return ending("gateway", true);
    case undefined:
    case 7:
      return ending("ended", false);
    default:
      return ending("protocol", true);
  }
}

type EndingName = "token" | "noToken" | "policy" | "credentials" | "remote" | "gateway" | "protocol" | "ended";

/** Owns the cover element. */
export class Cover {
  readonly element = make("div", { class: "cover", part: "cover" });
  readonly #strings: Strings;
  readonly #retry: () => void;
  readonly #status = make("p", { class: "status", role: "status" });
  #awayTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(strings: Strings, retry: () => void) {
    this.#strings = strings;
    this.#retry = retry;
    this.#wait(strings.connecting);
  }

  /** Shows what the state calls for, or nothing. */
  show(state: LinkState, failure: Failure | null): void {
    this.element.dataset["state"] = state;
    if (state !== "reconnecting") {
      this.close();
    }
    switch (state) {
      case "connecting":
        this.#wait(this.#strings.connecting);
        break;
      case "reconnecting":
        this.#awayTimer ??= setTimeout(() => {
          this.#wait(this.#strings.reconnecting);
        }, AWAY_MAX_MS);
        break;
      case "connected":
        this.element.hidden = true;
        break;
      case "closed":
      case "failed":
        this.#end(state === "closed" ? { category: 7, cause: "", message: "", ...failure } : failure);
        break;
    }
  }

  /** Lets go of the page. */
  close(): void {
    clearTimeout(this.#awayTimer);
    this.#awayTimer = undefined;
  }

  /** Says more about a wait. */
  note(text: string): void {
    this.#status.textContent = text;
  }

  #wait(text: string): void {
    this.element.hidden = false;
    this.#status.textContent = text;
    this.element.replaceChildren(make("div", { class: "card wait" }, [logo(), this.#status]));
  }

  #end(failure: Failure | null): void {
    const { title, advice, retry } = endingOf(failure, this.#strings);
    const card = make("div", { class: "card", role: "alert" }, [
      logo(),
      make("h1", {}, title),
      make("p", {}, advice),
    ]);
    if (failure !== null && failure.message !== "") {
      card.append(make("p", { class: "detail" }, failure.message));
    }
    if (failure !== null && failure.cause !== "") {
      card.append(make("p", { class: "cause" }, [make("code", {}, failure.cause)]));
    }
    if (retry) {
      const button = make("button", { type: "button", class: "primary" }, this.#strings.retry);
      button.addEventListener("click", this.#retry);
      card.append(button);
    }
    this.element.replaceChildren(card);
    this.element.hidden = false;
  }
}
