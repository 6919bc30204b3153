/**
 * The clipboard, both ways, as far as the browser and the gateway allow.
 *
 * From the remote: written at once where the browser lets us, else with the user's next key or click,
 * and in any case kept for the panel. To the remote: read when the page gains the focus, where the user
 * has allowed that; and taken from the browser's own paste event, which needs no permission.
 */

import { clipboardFits } from "../wire/command.js";

/** Bits of Welcome's permissions. */
const MAY_SEND = 1 << 1;
const MAY_TAKE = 1 << 2;

/** What the clipboard tells its owner. */
export interface ClipboardListener {
  /** This text goes to the remote. */
  send(text: string): void;
  /** The remote's text could not be written yet. */
  waiting(text: string): void;
  /** The remote's text is on the local clipboard. */
  written(): void;
  tooLarge(): void;
}

/** Keeps the two clipboards alike. */
export class ClipboardSync {
  readonly #listener: ClipboardListener;
  #permissions = 0;
  /** The last text that went either way: it must not come back as news. */
  #last: string | null = null;
  #unwritten: string | null = null;

  constructor(listener: ClipboardListener) {
    this.#listener = listener;
  }

  /** From Welcome. */
  set permissions(bits: number) {
    this.#permissions = bits;
  }

  get maySend(): boolean {
    return (this.#permissions & MAY_SEND) !== 0;
  }

  get mayTake(): boolean {
    return (this.#permissions & MAY_TAKE) !== 0;
  }

  /** The text from the remote that is not on the local clipboard yet. */
  get unwritten(): string | null {
    return this.#unwritten;
  }

  /** The remote copied text. */
  receive(text: string): void {
    if (this.mayTake) {
      this.#last = text;
      this.#unwritten = text;
      void this.flush(true);
    }
  }

  /** Tries to write what waits: a key or click of the user may make it possible. */
  async flush(tell: boolean): Promise<void> {
    const text = this.#unwritten;
    if (text === null) {
      return;
    }
    // Firefox and Safari know this only in secure contexts, whatever the types say.
    const clipboard = navigator.clipboard as Clipboard | undefined;
    try {
      if (clipboard === undefined) {
        throw new Error("no clipboard outside secure contexts");
      }
      await clipboard.writeText(text);
      if (this.#unwritten === text) {
        this.#unwritten = null;
        this.#listener.written();
      }
    } catch {
      if (tell) {
        this.#listener.waiting(text);
      }
    }
  }

  /** Sends a text unless the remote has it; returns false when it is too large. */
  offer(text: string, again: boolean): boolean {
    const lines = text.replace(/\r\n?/g, "\n");
    if (!this.maySend || lines === "" || (!again && lines === this.#last)) {
      return true;
    }
    if (!clipboardFits(lines)) {
      this.#listener.tooLarge();
      return false;
    }
    this.#last = lines;
    this.#unwritten = null;
    this.#listener.send(lines);
    return true;
  }

  /** Reads the local clipboard where that needs no question to the user. */
  async poll(): Promise<void> {
    if (!this.maySend || this.#unwritten !== null) {
      return;
    }
    try {
      // Not every browser knows this name; those that do not also always ask.
      const status = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
      if (status.state === "granted" && document.hasFocus()) {
        this.offer(await navigator.clipboard.readText(), false);
      }
    } catch {
      // Then the paste event and the panel remain.
    }
  }
}
