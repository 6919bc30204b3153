/** Asks the person at the screen for what the remote wants to know. What is typed goes to the gateway and nowhere else. */

import { logo, make } from "./dom.js";
import type { Strings } from "./strings.js";

/** Bits of the Prompt record's `fields`. */
const FIELD = { username: 1, password: 2, domain: 4 } as const;
/** Longest answer, in UTF-16 units: one may take three bytes, and the link takes 1024. */
const ANSWER_MAX = 341;

/** What was typed; what was not asked for is empty. */
export interface Answer {
  readonly username: string;
  readonly password: string;
  readonly domain: string;
}

/** Owns the form and the cover under it. */
export class Question {
  readonly element = make("div", { class: "question", part: "question", hidden: "" });
  readonly #strings: Strings;
  readonly #answer: (answer: Answer) => void;

  constructor(strings: Strings, answer: (answer: Answer) => void) {
    this.#strings = strings;
    this.#answer = answer;
  }

  /** Asks for `fields`, or for nothing any more; `reason` is why the last answer did not do. */
  show(fields: number, reason: string): void {
    this.element.replaceChildren();
    this.element.hidden = fields === 0;
    if (fields === 0) {
      return;
    }
    const strings = this.#strings;
    const username = field(fields & FIELD.username, "text", "username", strings.username);
    const password = field(fields & FIELD.password, "password", "current-password", strings.password);
    const domain = field(fields & FIELD.domain, "text", "off", strings.domain);
    const asked = [username, password, domain].filter((one) => one !== null);
    const form = make("form", { class: "card", "aria-label": strings.signIn }, [
      logo(),
      make("h1", {}, strings.signIn),
      ...(reason === "" ? [] : [make("p", { class: "detail", role: "alert" }, reason)]),
      ...asked.map(({ label }) => label),
      make("button", { type: "submit", class: "primary" }, strings.signIn),
    ]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = (one: Field | null): string => one?.input.value ?? "";
      this.#answer({ username: text(username), password: text(password), domain: text(domain) });
      this.show(0, "");
    });
    this.element.append(form);
    asked[0]?.input.focus();
  }
}

interface Field {
  readonly label: HTMLElement;
  readonly input: HTMLInputElement;
}

function field(asked: number, type: string, autocomplete: string, name: string): Field | null {
  if (asked === 0) {
    return null;
  }
  const input = make("input", { type, autocomplete, maxlength: String(ANSWER_MAX), spellcheck: "false", autocapitalize: "off" });
  return { label: make("label", { class: "field" }, [document.createTextNode(name), input]), input };
}
