/** Brings a terminal into the page when the remote turns out to be text: its code is not part of the start. */

import type { Report } from "../engine/reports.js";
import type { TextTerminal, TerminalContext } from "../terminal/terminal.js";
import { FEATURE, type FileRecord } from "../wire/message.js";
import type { Cells } from "../wire/terminal.js";

/** Most keys that wait for the terminal to be there. */
const EARLY_MAX = 256;

/** What a text remote's terminal is told, as it comes. */
export type TerminalReport = FileRecord | Extract<Report, { kind: "frameEnd" }>;

export interface TerminalListener {
  /** What the terminal needs, once it is there; null while there is no place for it. */
  context(): TerminalContext | null;
  /** It is in the page, or gone from it. */
  shown(isText: boolean): void;
  failed(): void;
}

export class TerminalDock {
  readonly #listener: TerminalListener;
  #terminal: TextTerminal | null = null;
  #loading: Promise<void> | null = null;
  #isText = false;
  /** What came before the terminal was there. The gateway's window bounds it: nothing of it is acknowledged. */
  #waiting: (readonly [report: TerminalReport, atMs: number])[] = [];
  readonly #keys: KeyboardEvent[] = [];

  constructor(listener: TerminalListener) {
    this.#listener = listener;
  }

  /** The terminal, if the remote is text and it is there. */
  get terminal(): TextTerminal | null {
    return this.#isText ? this.#terminal : null;
  }

  /** Its size, as the remote has it. */
  get size(): Cells | null {
    return this.terminal?.size ?? null;
  }

  /** Keeps what is typed into `area` before the terminal is there. */
  watch(area: HTMLElement, signal: AbortSignal): void {
    area.addEventListener("keydown", (event) => {
      if (this.#isText && this.#terminal === null && this.#keys.length < EARLY_MAX) {
        this.#keys.push(event);
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    }, { capture: true, signal });
  }

  /** A socket carries the session; `features` are Welcome's. */
  renewed(features: number): void {
    this.#isText = (features & FEATURE.terminal) !== 0;
    this.#waiting = [];
    this.#terminal?.renewed();
    if (!this.#isText || this.#terminal !== null) {
      this.#listener.shown(this.#isText);
    } else {
      this.#loading ??= this.#load().catch(() => {
        this.#loading = null;
        this.#listener.failed();
      });
    }
  }

  handle(report: TerminalReport): void {
    const atMs = performance.now();
    if (this.#terminal === null) {
      this.#waiting.push([report, atMs]);
    } else {
      this.#terminal.handle(report, atMs);
    }
  }

  /** Gives it the keyboard; false: there is no terminal. `typing` opens a phone's on-screen keyboard. */
  focus(typing: boolean): boolean {
    this.terminal?.focus(typing);
    return this.terminal !== null;
  }

  close(): void {
    this.#terminal?.close();
  }

  async #load(): Promise<void> {
    const { TextTerminal } = await import("../terminal/terminal.js");
    const context = this.#listener.context();
    if (context === null) {
      return;
    }
    const terminal = new TextTerminal(context);
    this.#terminal = terminal;
    terminal.renewed();
    for (const [report, atMs] of this.#waiting.splice(0)) {
      terminal.handle(report, atMs);
    }
    this.#listener.shown(this.#isText);
    terminal.typeEarly(this.#keys.splice(0));
  }
}
