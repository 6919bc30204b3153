/** Sockets that were not welcomed yet, and the timer of what is done next about them. */

import type { LinkSocket } from "./socket.js";

/** So long after an attempt was dropped, the gateway may still replace the current socket by it, in milliseconds. */
const REPLACED_MAX_MS = 10_000;

/** A link's attempts, in the order in which they began. */
export class Attempts {
  #sockets: LinkSocket[] = [];
  /** When an attempt was dropped that may have reached the gateway. */
  #droppedMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get count(): number {
    return this.#sockets.length;
  }

  /** Whether something is planned: the next attempt, or the end of those that there are. */
  get isPlanned(): boolean {
    return this.#timer !== undefined;
  }

  add(socket: LinkSocket): void {
    this.#sockets.push(socket);
  }

  has(socket: LinkSocket): boolean {
    return this.#sockets.includes(socket);
  }

  /** Whether one of them said Hello, `except` for this one. */
  hasGreeted(except: LinkSocket | null): boolean {
    return this.#sockets.some((socket) => socket !== except && socket.offer !== null);
  }

  /** Whether one of them can be what replaced the current socket. */
  mayHaveReplaced(): boolean {
    return performance.now() - this.#droppedMs < REPLACED_MAX_MS || this.hasGreeted(null);
  }

  /** Plans what is done after `delayMs`, in place of what was planned. */
  after(delayMs: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      act();
    }, delayMs);
  }

  /** Plans nothing any more. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** It is no attempt any more, whatever becomes of it. */
  forget(socket: LinkSocket): void {
    this.#sockets = this.#sockets.filter((other) => other !== socket);
  }

  /** Drops those that `isMeant`. When none is left, none is planned. */
  drop(isMeant: (socket: LinkSocket) => boolean, code = 1000): void {
    for (const socket of this.#sockets.filter(isMeant)) {
      if (socket.offer !== null) {
        this.#droppedMs = performance.now();
      }
      this.forget(socket);
      socket.close(code);
    }
    if (this.#sockets.length === 0) {
      this.rest();
    }
  }

  /** Drops the oldest one where there are `most`. */
  makeRoom(most: number): void {
    this.drop((socket) => this.#sockets.length >= most && socket === this.#sockets[0]);
  }
}
