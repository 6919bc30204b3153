/**
 * What one socket carries to the gateway, in the right order: a large clipboard or paste goes as fast as the network takes
 * it, so that acknowledgements and pings do not wait behind it. Input does: what is typed after a paste comes after it.
 */

import { encodeCommand, type Command } from "../wire/command.js";

/** Bytes in the browser's own queue beyond which parts of a clipboard wait. */
const BUFFERED_MAX_BYTES = 64 << 10;
/** The same, beyond which what is said into a microphone is dropped: it would come late, and hold up what is typed. */
const SAID_BUFFERED_MAX_BYTES = 16 << 10;
/** How often to look whether the queue is shorter, in milliseconds. */
const LOOK_MS = 10;

/** Sends for one socket, which is open. */
export class Outgoing {
  readonly #socket: WebSocket;
  #waiting: Command[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Sends a record now or, in order, when there is room for it. */
  send(command: Command): void {
    if (command.kind === "clipboard" && !command.continues) {
      // Content that has not gone yet is overtaken.
      this.#waiting = this.#waiting.filter(({ kind }) => kind !== "clipboard");
    }
    const isBehind = this.#waiting.length > 0 || this.#socket.bufferedAmount > BUFFERED_MAX_BYTES;
    if (command.kind === "clipboard" || (isBehind && isInput(command))) {
      this.#waiting.push(command);
      this.#flush();
    } else if (command.kind !== "file" || command.code !== 0xa1 || this.#socket.bufferedAmount < SAID_BUFFERED_MAX_BYTES) {
      this.#socket.send(encodeCommand(command));
    }
  }

  /** Forgets what waits. */
  close(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #flush(): void {
    clearTimeout(this.#timer);
    while (this.#socket.readyState === WebSocket.OPEN && this.#socket.bufferedAmount < BUFFERED_MAX_BYTES) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        return;
      }
      this.#socket.send(encodeCommand(next));
    }
    this.#timer = setTimeout(() => {
      this.#flush();
    }, LOOK_MS);
  }
}

/** Whether a record is input, whose effect the user waits for. */
export function isInput(command: Command): boolean {
  // What was typed into a terminal is of kind 0xb0.
  return /^(key|text|pointer|wheel|touch|releaseAll)$/.test(command.kind) || (command.kind === "file" && command.code === 0xb0);
}
