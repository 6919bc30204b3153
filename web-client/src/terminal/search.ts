/** Finds text in a terminal and in what has left it at its top. */

import type { Terminal } from "@xterm/xterm";
import { SearchAddon, type ISearchOptions } from "@xterm/addon-search";
import { make } from "../app/dom.js";
import type { TerminalStrings } from "./strings.js";

/** Matches that are counted and marked. */
const MATCHES_MAX = 1000;
const MARKS = {
  matchBackground: "#6b5a12",
  matchBorder: "#d6a54a",
  matchOverviewRuler: "#d6a54a",
  activeMatchBackground: "#b3541e",
  activeMatchBorder: "#ffffff",
  activeMatchColorOverviewRuler: "#ff8c4a",
} as const;

/** Owns the search bar. */
export class SearchBar {
  readonly element = make("search", { class: "find", hidden: "" });
  readonly #strings: TerminalStrings;
  readonly #closed: () => void;
  readonly #addon = new SearchAddon({ highlightLimit: MATCHES_MAX });
  readonly #input: HTMLInputElement;
  readonly #count = make("output", {});
  readonly #matchCase: HTMLButtonElement;
  readonly #regex: HTMLButtonElement;

  /** `closed`: the keyboard belongs to the terminal again. */
  constructor(xterm: Terminal, strings: TerminalStrings, closed: () => void) {
    this.#strings = strings;
    this.#closed = closed;
    xterm.loadAddon(this.#addon);
    this.#input = make("input", { type: "text", "aria-label": strings.find, placeholder: strings.find, spellcheck: "false", autocapitalize: "off" });
    this.#matchCase = this.#switch("Aa", strings.matchCase);
    this.#regex = this.#switch(".*", strings.regex);
    const button = (sign: string, text: string, act: () => void): HTMLButtonElement => {
      const made = make("button", { type: "button", "aria-label": text, title: text }, sign);
      made.addEventListener("click", act);
      return made;
    };
    this.element.append(
      this.#input,
      this.#count,
      this.#matchCase,
      this.#regex,
      button("↑", strings.previous, () => {
        this.#find(false);
      }),
      button("↓", strings.next, () => {
        this.#find(true);
      }),
      button("×", strings.close, () => {
        this.close();
      }),
    );
    this.#count.setAttribute("aria-live", "polite");
    this.#listen();
  }

  /** Opens the bar and looks for `text`, or for what is in it from before. */
  open(text: string): void {
    this.element.hidden = false;
    this.#input.value = text === "" ? this.#input.value : text;
    this.#input.focus();
    this.#input.select();
    this.#find(false, true);
  }

  close(): void {
    this.element.hidden = true;
    this.#addon.clearDecorations();
    this.#closed();
  }

  #listen(): void {
    this.#input.addEventListener("input", () => {
      this.#find(false, true);
    });
    this.element.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && event.target === this.#input) {
        event.preventDefault();
        // The newest is at the bottom, so the search goes upwards first.
        this.#find(event.shiftKey);
      } else if (event.key === "Escape") {
        event.preventDefault();
        this.close();
      }
    });
    this.#addon.onDidChangeResults(({ resultIndex, resultCount }) => {
      const { none, of } = this.#strings;
      const total = resultCount >= MATCHES_MAX ? `${MATCHES_MAX}+` : String(resultCount);
      this.#count.textContent = this.#input.value === "" ? "" : resultCount === 0 ? none : `${resultIndex < 0 ? "?" : resultIndex + 1} ${of} ${total}`;
    });
  }

  #switch(sign: string, text: string): HTMLButtonElement {
    const button = make("button", { type: "button", "aria-label": text, title: text, "aria-pressed": "false" }, sign);
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(!isOn(button)));
      // Else the addon keeps the marks that the same text had before.
      this.#addon.clearDecorations();
      this.#find(false, true);
    });
    return button;
  }

  #find(forward: boolean, incremental = false): void {
    const text = this.#input.value;
    const options: ISearchOptions = { caseSensitive: isOn(this.#matchCase), regex: isOn(this.#regex), incremental, decorations: MARKS };
    const isWrong = options.regex === true && !isRegex(text);
    this.#input.setAttribute("aria-invalid", String(isWrong));
    if (text === "" || isWrong) {
      this.#addon.clearDecorations();
      this.#count.textContent = isWrong ? this.#strings.badRegex : "";
    } else if (forward) {
      this.#addon.findNext(text, options);
    } else {
      this.#addon.findPrevious(text, options);
    }
  }
}

function isOn(button: HTMLButtonElement): boolean {
  return button.getAttribute("aria-pressed") === "true";
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
