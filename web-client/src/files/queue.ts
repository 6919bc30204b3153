/** The transfers of a panel: a few at a time, each with a line that shows how far it is. */

import { make } from "../app/dom.js";
import { FileError, type Progress, type Transfer } from "./client.js";
import type { FileStrings } from "./strings.js";

/** Most transfers at a time; the gateway takes eight. */
const RUNNING_MAX = 3;
/** Lines of transfers that are over, before the oldest goes. */
const OVER_MAX = 20;

interface Job {
  readonly name: string;
  start(progress: Progress): Transfer;
  /** It ended well. */
  done(): void;
}

export class TransferQueue {
  readonly element = make("ul", { class: "transfers" });
  readonly #strings: FileStrings;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(strings: FileStrings) {
    this.#strings = strings;
    this.element.setAttribute("aria-label", strings.transfers);
  }

  add(job: Job): void {
    const strings = this.#strings;
    const bar = make("progress", { max: "1", value: "0" });
    bar.setAttribute("aria-label", job.name);
    const state = make("span", { class: "state", role: "status" }, strings.waiting);
    const button = make("button", { type: "button" }, strings.cancel);
    const line = make("li", {}, [make("span", { class: "name" }, job.name), bar, state, button]);
    this.element.append(line);
    while (this.element.querySelectorAll("[data-over]").length > OVER_MAX) {
      this.element.querySelector("[data-over]")?.remove();
    }
    let cancel = (): void => {
      over(strings.cancelled);
    };
    let isOver = false;
    const over = (words: string): void => {
      isOver = true;
      line.dataset["over"] = "";
      state.textContent = words;
      button.hidden = true;
    };
    button.addEventListener("click", () => {
      cancel();
    });
    this.#waiting.push(() => {
      if (isOver) {
        return;
      }
      this.#running += 1;
      const transfer = job.start((bytes, size) => {
        bar.value = size === 0 ? 1 : bytes / size;
        state.textContent = `${sizeText(bytes)} / ${sizeText(size)}`;
      });
      cancel = (): void => {
        transfer.cancel();
      };
      transfer.done.then(() => {
        over(strings.finished);
        job.done();
      }, (error: unknown) => {
        over(reasonOf(error, strings));
      }).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    });
    this.#next();
  }

  #next(): void {
    while (this.#running < RUNNING_MAX) {
      const start = this.#waiting.shift();
      if (start === undefined) {
        return;
      }
      start();
    }
  }
}

/** Words for what went wrong: ours where the browser noticed, else the gateway's. */
export function reasonOf(error: unknown, strings: FileStrings): string {
  if (error instanceof FileError) {
    const { code, message } = error;
    return message === "" && code in strings ? strings[code as keyof FileStrings] : message;
  }
  return error instanceof Error ? error.message : "";
}

/** Bytes as people read them. */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < 4) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${["B", "kB", "MB", "GB", "TB"][unit] ?? ""}`;
}
