/**
 * A VNC server of a few lines that knows the extended clipboard with text, HTML and bitmaps, which no server
 * that can be installed does. It shows one grey picture and notes what a viewer copies and types.
 */

import { createServer } from "node:net";
import { deflateSync, inflateSync, constants } from "node:zlib";
import { listen } from "./sockets.mjs";
import { until } from "./wait.mjs";

export const TEXT = 1;
export const HTML = 1 << 2;
export const DIB = 1 << 3;
const CAPS = 1 << 24;
const REQUEST = 1 << 25;
const PEEK = 1 << 26;
const NOTIFY = 1 << 27;
const PROVIDE = 1 << 28;
/** Lengths of messages from a viewer, their type included; those with a tail have a function. */
const LENGTHS = /** @type {Record<number, number | ((head: Buffer) => number | undefined)>} */ ({
  0: 20,
  2: (head) => (head.length < 4 ? undefined : 4 + 4 * head.readUInt16BE(2)),
  3: 10,
  4: 8,
  5: 6,
  6: (head) => (head.length < 8 ? undefined : 8 + Math.abs(head.readInt32BE(4))),
});
const [WIDTH, HEIGHT] = [320, 240];

/** @typedef {Partial<Record<number, Buffer>>} Formats what a clipboard holds, by its format */

/** One listener, for one viewer at a time. */
export class ClipboardServer {
  port = 0;
  /** Keysyms that went down, and `offer` for each thing that was copied, in order. @type {(number | "offer")[]} */
  heard = [];
  /** What the viewer copied last and has provided. @type {Formats | null} */
  provided = null;
  /** The formats that the viewer asked for last. */
  requested = 0;
  /** @type {Formats} */
  #offered = {};
  /** @type {import("node:net").Socket | null} */
  #socket = null;
  #server = createServer((socket) => {
    this.#socket?.destroy();
    this.#socket = socket;
    this.#greet(socket);
  });

  static async start() {
    const server = new ClipboardServer();
    server.port = await listen(server.#server);
    return server;
  }

  /** Copies something. @param {Formats} formats */
  copy(formats) {
    this.#offered = formats;
    this.#say(NOTIFY | flagsOf(formats), Buffer.alloc(0));
  }

  /** Waits until the viewer has copied something with these formats, and answers with it. @param {number} formats */
  async copied(formats) {
    return until("clipboard of the viewer", () => this.provided !== null && flagsOf(this.provided) === formats && this.provided, () => JSON.stringify(this.heard));
  }

  stop() {
    this.#socket?.destroy();
    this.#server.close();
  }

  /** @param {import("node:net").Socket} socket */
  #greet(socket) {
    let bytes = Buffer.alloc(0);
    const steps = [
      { length: 12, answer: Buffer.from([1, 1]) },
      { length: 1, answer: Buffer.alloc(4) },
      { length: 1, answer: serverInit() },
    ];
    socket.on("error", () => undefined);
    socket.write("RFB 003.008\n");
    socket.on("data", (data) => {
      bytes = Buffer.concat([bytes, data]);
      while (steps[0] !== undefined && bytes.length >= steps[0].length) {
        bytes = bytes.subarray(steps[0].length);
        socket.write(steps.shift()?.answer ?? "");
      }
      for (let length; steps.length === 0 && (length = lengthOf(bytes)) !== undefined && bytes.length >= length; ) {
        this.#handle(bytes.subarray(0, length));
        bytes = bytes.subarray(length);
      }
    });
  }

  /** @param {Buffer} message */
  #handle(message) {
    const kind = message.readUInt8(0);
    if (kind === 2) {
      this.#say(CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | TEXT | HTML | DIB, Buffer.alloc(12));
    } else if (kind === 3 && message.readUInt8(1) === 0) {
      const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, WIDTH >> 8, WIDTH & 255, HEIGHT >> 8, HEIGHT & 255, 0, 0, 0, 0]);
      this.#socket?.write(Buffer.concat([head, Buffer.alloc(WIDTH * HEIGHT * 4, 0x80)]));
    } else if (kind === 4 && message.readUInt8(1) !== 0) {
      this.heard.push(message.readUInt32BE(4));
    } else if (kind === 6 && message.readInt32BE(4) < 0) {
      this.#extended(message.readUInt32BE(8), message.subarray(12));
    }
  }

  /** @param {number} flags @param {Buffer} body */
  #extended(flags, body) {
    if ((flags & CAPS) !== 0) {
      return;
    }
    if ((flags & NOTIFY) !== 0) {
      this.heard.push("offer");
      this.#say(REQUEST | (flags & 0xffff), Buffer.alloc(0));
    } else if ((flags & REQUEST) !== 0) {
      this.requested = flags & 0xffff;
      const parts = formatsIn(this.requested).map((format) => this.#offered[format] ?? Buffer.alloc(0));
      this.#say(PROVIDE | this.requested, deflateSync(Buffer.concat(parts.flatMap((part) => [u32(part.length), part]))));
    } else if ((flags & PROVIDE) !== 0) {
      // The stream is flushed and not finished.
      const plain = inflateSync(body, { finishFlush: constants.Z_SYNC_FLUSH });
      let at = 0;
      /** @type {Formats} */
      const provided = {};
      for (const format of formatsIn(flags & 0xffff)) {
        const length = plain.readUInt32BE(at);
        provided[format] = plain.subarray(at + 4, at + 4 + length);
        at += 4 + length;
      }
      this.provided = provided;
    }
  }

  /** @param {number} flags @param {Buffer} body */
  #say(flags, body) {
    this.#socket?.write(Buffer.concat([Buffer.from([3, 0, 0, 0]), u32(-(body.length + 4) >>> 0), u32(flags >>> 0), body]));
  }
}

function serverInit() {
  const name = "Clipboard";
  const format = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
  return Buffer.concat([Buffer.from([WIDTH >> 8, WIDTH & 255, HEIGHT >> 8, HEIGHT & 255]), format, u32(name.length), Buffer.from(name)]);
}

/** @param {Buffer} bytes @returns {number | undefined} undefined while that cannot be told */
function lengthOf(bytes) {
  if (bytes.length === 0) {
    return undefined;
  }
  const length = LENGTHS[bytes.readUInt8(0)];
  if (length === undefined) {
    throw new Error(`a viewer sent message ${bytes.readUInt8(0)}`);
  }
  return typeof length === "number" ? length : length(bytes);
}

/** @param {Formats} formats */
function flagsOf(formats) {
  return Object.keys(formats).reduce((flags, format) => flags | Number(format), 0);
}

/** Formats one by one, the lowest bit first. @param {number} flags */
function formatsIn(flags) {
  return Array.from({ length: 16 }, (_, bit) => 1 << bit).filter((format) => (flags & format) !== 0);
}

/** @param {number} value */
function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
