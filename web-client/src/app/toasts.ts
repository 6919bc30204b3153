/** Words that are shown in passing. */

import { make } from "./dom.js";

const TOAST_MS = 6_000;
const TOASTS_MAX = 3;

/** Owns the place where they appear. */
export class Toasts {
  readonly element = make("div", { class: "toasts", role: "status", "aria-live": "polite" });

  show(text: string): void {
    const toast = make("p", {}, text);
    this.element.append(toast);
    while (this.element.childElementCount > TOASTS_MAX) {
      this.element.firstElementChild?.remove();
    }
    setTimeout(() => {
      toast.remove();
    }, TOAST_MS);
  }
}
