/** How many columns and rows there is room for, and who decides: those who type, or the remote. */

import type { Terminal } from "@xterm/xterm";
import type { FitAddon } from "@xterm/addon-fit";
import type { FileRecord } from "../wire/message.js";
import { COLUMNS_MAX, encodeTerminalResize, ROWS_MAX, type Cells } from "../wire/terminal.js";
import { FONT_MAX_PX } from "./settings.js";

/** Settled time before a size is asked for after the first, in milliseconds. */
const RESIZE_GAP_MS = 150;
/** Smallest text that somebody who only watches is shown; beyond, there are scroll bars. */
const WATCHED_MIN_PX = 5;
/** Steps towards a fitting size: each comes closer. */
const FIT_STEPS = 4;

/** Tells the gateway what there is room for, or makes the text fit where the viewer only watches. */
export class Room {
  readonly #xterm: Terminal;
  readonly #fit: FitAddon;
  readonly #send: (record: FileRecord) => void;
  readonly #observer: ResizeObserver;
  readonly #abort = new AbortController();
  #mayType = false;
  #asked: Cells | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `box` holds the terminal in `element`, which stands above an on-screen keyboard. */
  constructor(xterm: Terminal, fit: FitAddon, element: HTMLElement, box: HTMLElement, send: (record: FileRecord) => void) {
    this.#xterm = xterm;
    this.#fit = fit;
    this.#send = send;
    this.#observer = new ResizeObserver(() => {
      this.fitFont();
      this.askSoon();
    });
    this.#observer.observe(box);
    // An on-screen keyboard covers the page; it does not make it smaller.
    const viewport = window.visualViewport;
    viewport?.addEventListener("resize", () => {
      const covered = Math.max(0, window.innerHeight - viewport.height - viewport.offsetTop);
      element.style.setProperty("--keyboard", viewport.scale > 1.01 ? "0px" : `${Math.round(covered)}px`);
    }, { signal: this.#abort.signal });
  }

  /** A socket carries the session; what there is room for is told once the look is known. */
  renewed(mayType: boolean): void {
    this.#mayType = mayType;
    this.#asked = null;
  }

  /** Tells the gateway at once. */
  ask(): void {
    const size = this.#mayType ? this.#proposed() : null;
    if (size !== null && (size.columns !== this.#asked?.columns || size.rows !== this.#asked.rows)) {
      this.#asked = size;
      this.#send(encodeTerminalResize(size));
    }
  }

  /** Tells it once the window rests, if it knows of a size already. */
  askSoon(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    } else if (this.#asked !== null) {
      this.ask();
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#asked !== null) {
        this.ask();
      }
    }, RESIZE_GAP_MS);
  }

  /** Makes the remote's size fit where this viewer has no say in it. */
  fitFont(): void {
    if (this.#mayType) {
      return;
    }
    const { options, cols, rows } = this.#xterm;
    for (let step = 0; step < FIT_STEPS; step++) {
      const room = this.#proposed();
      const now = options.fontSize ?? WATCHED_MIN_PX;
      if (room === null) {
        return;
      }
      const factor = Math.min(room.columns / cols, room.rows / rows);
      const fitting = Math.min(FONT_MAX_PX, Math.max(WATCHED_MIN_PX, Math.floor(now * factor)));
      if (fitting === now || (factor >= 1 && fitting < now)) {
        return;
      }
      options.fontSize = fitting;
    }
  }

  close(): void {
    this.#observer.disconnect();
    this.#abort.abort();
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #proposed(): Cells | null {
    const { cols = NaN, rows = NaN } = this.#fit.proposeDimensions() ?? {};
    return Number.isFinite(cols) && Number.isFinite(rows)
      ? { columns: Math.min(COLUMNS_MAX, Math.max(2, cols)), rows: Math.min(ROWS_MAX, Math.max(1, rows)) }
      : null;
  }
}
