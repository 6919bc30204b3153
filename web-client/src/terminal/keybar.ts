/** A row of keys that on-screen keyboards lack, and what of them is held down. */

import { make } from "../app/dom.js";
import { keyText, withHeld } from "./keys.js";

/** Until a held key repeats, and between two of its repeats, in milliseconds. */
const REPEAT_AFTER_MS = 450;
const REPEAT_MS = 70;

const KEYS: readonly (readonly [sign: string, key: string])[] = [
  ["Esc", "Escape"], ["Tab", "Tab"], ["Ctrl", "ctrl"], ["Alt", "alt"],
  ["←", "ArrowLeft"], ["↑", "ArrowUp"], ["↓", "ArrowDown"], ["→", "ArrowRight"],
  ["|", "|"], ["/", "/"], ["~", "~"], ["-", "-"],
  ["Home", "Home"], ["End", "End"], ["PgUp", "PageUp"], ["PgDn", "PageDown"],
];

export interface KeyBarListener {
  type(text: string): void;
  /** Whether the program wants application cursor keys. */
  application(): boolean;
}

/** Owns the row. It leaves the focus where it is, so that the on-screen keyboard stays. */
export class KeyBar {
  readonly element = make("div", { class: "keybar", role: "toolbar" });
  readonly #listener: KeyBarListener;
  readonly #holds = new Map<string, HTMLButtonElement>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(label: string, listener: KeyBarListener) {
    this.#listener = listener;
    this.element.setAttribute("aria-label", label);
    this.element.append(...KEYS.map(([sign, key]) => this.#button(sign, key)));
  }

  /** What was typed elsewhere, with what is held here; that counts for one key. */
  apply(text: string): string {
    const held = { ctrl: this.#isHeld("ctrl"), alt: this.#isHeld("alt") };
    if (!held.ctrl && !held.alt) {
      return text;
    }
    this.#release();
    return withHeld(text, held);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #button(sign: string, key: string): HTMLButtonElement {
    const button = make("button", { type: "button" }, sign);
    if (key === "ctrl" || key === "alt") {
      this.#holds.set(key, button);
      button.setAttribute("aria-pressed", "false");
    }
    button.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#press(key);
      if (/^Arrow|^Page/.test(key)) {
        this.#repeat(key, REPEAT_AFTER_MS);
      }
    });
    for (const kind of ["pointerup", "pointercancel", "pointerleave"]) {
      button.addEventListener(kind, () => {
        clearTimeout(this.#timer);
      });
    }
    // Assistive technology and keyboards click without a pointer.
    button.addEventListener("click", (event) => {
      if (event.detail === 0) {
        this.#press(key);
      }
    });
    return button;
  }

  #press(key: string): void {
    const hold = this.#holds.get(key);
    if (hold !== undefined) {
      hold.setAttribute("aria-pressed", String(!this.#isHeld(key)));
      return;
    }
    const held = { ctrl: this.#isHeld("ctrl"), alt: this.#isHeld("alt"), shift: false };
    this.#release();
    this.#listener.type(keyText(key, held, this.#listener.application()));
  }

  #repeat(key: string, afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#press(key);
      this.#repeat(key, REPEAT_MS);
    }, afterMs);
  }

  #isHeld(key: string): boolean {
    return this.#holds.get(key)?.getAttribute("aria-pressed") === "true";
  }

  #release(): void {
    for (const button of this.#holds.values()) {
      button.setAttribute("aria-pressed", "false");
    }
  }
}
