/** Asks the person at the screen for what the remote wants to know. What is typed goes to the gateway and nowhere else. */

import type { Command } from "../wire/command.js";
import { encodeReplies, type Questions } from "../wire/questions.js";
import { logo, make } from "./dom.js";
import type { Strings } from "./strings.js";

/** Bits of the Prompt record's `fields`. */
const FIELD = { username: 1, password: 2, domain: 4 } as const;
/** Longest answer, in UTF-16 units: one may take three bytes, and the link takes 1024. */
const ANSWER_MAX = 341;

/** Owns the form and the cover under it. */
export class Question {
  readonly element = make("div", { class: "question", part: "question", hidden: "" });
  readonly #strings: Strings;
  readonly #answer: (answer: Command) => void;

  constructor(strings: Strings, answer: (answer: Command) => void) {
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
    this.#form(strings.signIn, reason, asked, () => {
      const text = (one: Field | null): string => one?.input.value ?? "";
      return { kind: "answer", username: text(username), password: text(password), domain: text(domain) };
    });
  }

  /** Asks in the remote's own words, which are text and nothing more; or for nothing any more. */
  ask({ open, questions, instruction }: Questions): void {
    this.element.replaceChildren();
    this.element.hidden = !open;
    if (open) {
      const asked = questions.map(({ echo, text }) => makeField(echo ? "text" : "password", "off", text));
      this.#form(this.#strings.proceed, instruction, asked, () => encodeReplies(asked.map(({ input }) => input.value)));
    }
  }

  #form(title: string, words: string, asked: readonly Field[], answer: () => Command): void {
    const form = make("form", { class: "card", "aria-label": title }, [
      logo(),
      ...(title === this.#strings.signIn ? [make("h1", {}, title)] : []),
      ...(words === "" ? [] : [make("p", { class: "detail", role: "alert" }, words)]),
      ...asked.map(({ label }) => label),
      make("button", { type: "submit", class: "primary" }, title),
    ]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = answer();
      // First, because the answer gives the keyboard to the remote.
      this.show(0, "");
      this.#answer(said);
    });
    this.element.append(form);
    (asked[0]?.input ?? form.querySelector("button"))?.focus();
  }
}

interface Field {
  readonly label: HTMLElement;
  readonly input: HTMLInputElement;
}

function field(asked: number, type: string, autocomplete: string, name: string): Field | null {
  return asked === 0 ? null : makeField(type, autocomplete, name);
}

function makeField(type: string, autocomplete: string, name: string): Field {
  const input = make("input", { type, autocomplete, maxlength: String(ANSWER_MAX), spellcheck: "false", autocapitalize: "off" });
  return { label: make("label", { class: "field" }, [document.createTextNode(name), input]), input };
}
