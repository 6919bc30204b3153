/**
 * What one socket carries to the gateway, in the right order: a large clipboard goes as fast as the network takes it,
 * so that acknowledgements and pings do not wait behind it. Input does: what is typed after a paste comes after it.
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
    if (command.kind === "clipboard" || (this.#waiting.length > 0 && isInput(command))) {
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

function isInput({ kind }: Command): boolean {
  return kind === "key" || kind === "text" || kind === "pointer" || kind === "wheel" || kind === "touch" || kind === "releaseAll";
}
