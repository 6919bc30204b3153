/** One WebSocket of a link: bytes to records and back. */

import { helloProtocol, type Command, type Hello, type Resume } from "../wire/command.js";
import { decodeMessages, type Message } from "../wire/message.js";
import { Outgoing } from "./outgoing.js";
import type { Wish } from "./reports.js";

/** What a Hello says about the picture. */
export interface Offer {
  /** Bits of `FEATURE`. */
  readonly features: number;
  /** As in Hello. */
  readonly painted: number | null;
  readonly cells: number;
  /** The age that the picture had, to tell whether it is still the one that was offered. */
  readonly age: number;
}

/** What a socket tells its owner. Nothing comes after `close`. */
export interface SocketListener {
  opened(socket: LinkSocket): void;
  /** One message's records, and when it came. */
  received(socket: LinkSocket, records: readonly Message[], bytes: number, arrivedMs: number): void;
  /** The gateway broke the protocol. */
  broken(socket: LinkSocket, reason: string): void;
  closed(socket: LinkSocket): void;
}

/** Owns one WebSocket. */
export class LinkSocket {
  /** The session that its Hello comes back to. */
  readonly resume: Resume | null;
  /** What its Hello offered, or null before that. */
  offer: Offer | null = null;
  /** The size that its Hello wished for. */
  wish: Wish | null = null;
  readonly #socket: WebSocket;
  readonly #outgoing: Outgoing;

  /**
   * With `hello`, the request says Hello, and nothing else need.
   *
   * @throws if the address is not one.
   */
  constructor(url: string, token: string, resume: Resume | null, hello: Hello | null, listener: SocketListener) {
    this.resume = resume;
    const early = hello === null ? [] : [helloProtocol(hello)];
    const socket = new WebSocket(url, ["porthole.v1", `porthole.token.${token}`, ...early]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      listener.opened(this);
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      this.#receive(data, listener);
    };
    socket.onclose = () => {
      this.#outgoing.close();
      listener.closed(this);
    };
    this.#socket = socket;
    this.#outgoing = new Outgoing(socket);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a record, if the socket is open. */
  send(command: Command): void {
    if (this.isOpen) {
      this.#outgoing.send(command);
    }
  }

  /** Lets go of the socket at once: to wait for one whose network is gone would take minutes. */
  close(code = 1000): void {
    const socket = this.#socket;
    this.#outgoing.close();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  #receive(data: unknown, listener: SocketListener): void {
    const arrivedMs = performance.now();
    if (!(data instanceof ArrayBuffer)) {
      listener.broken(this, "a message was not binary");
      return;
    }
    let records: readonly Message[];
    try {
      records = decodeMessages(new Uint8Array(data));
    } catch (error) {
      listener.broken(this, error instanceof Error ? error.message : "a message could not be read");
      return;
    }
    listener.received(this, records, data.byteLength, arrivedMs);
  }
}
