/** Gives a real VNC server several screens, as a viewer with several monitors would. */

import { connect } from "node:net";
import { WAIT_MAX_MS } from "./wait.mjs";

const EXTENDED_DESKTOP_SIZE = -308;

/** @typedef {{ readonly id: number, readonly x: number, readonly y: number, readonly width: number, readonly height: number }} Screen */

/** Reads exact numbers of bytes from a socket. */
class Incoming {
  #bytes = Buffer.alloc(0);
  /** @type {(() => void) | null} */
  #wake = null;
  #ended = false;

  /** @param {import("node:net").Socket} socket */
  constructor(socket) {
    socket.on("data", (data) => {
      this.#bytes = Buffer.concat([this.#bytes, data]);
      this.#wake?.();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake?.();
    });
    socket.on("error", () => undefined);
  }

  /** @param {number} length */
  async take(length) {
    while (this.#bytes.length < length) {
      if (this.#ended) {
        throw new Error("the server closed the connection");
      }
      await new Promise((done) => {
        this.#wake = () => done(undefined);
      });
    }
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }
}

/**
 * Asks a server without a password for screens (`SetDesktopSize` of the community's RFB specification), and waits until it has them.
 *
 * @param {number} port
 * @param {number} width of the desktop
 * @param {number} height
 * @param {readonly Screen[]} screens
 */
export async function layScreens(port, width, height, screens) {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(WAIT_MAX_MS, () => socket.destroy());
  try {
    const incoming = new Incoming(socket);
    await incoming.take(12);
    socket.write("RFB 003.008\n");
    await incoming.take((await incoming.take(1)).readUInt8());
    socket.write(Buffer.from([1]));
    await incoming.take(4);
    socket.write(Buffer.from([1]));
    const init = await incoming.take(24);
    await incoming.take(init.readUInt32BE(20));
    socket.write(Buffer.concat([Buffer.from([2, 0, 0, 1]), i32(EXTENDED_DESKTOP_SIZE), Buffer.from([3, 1, 0, 0, 0, 0, 0, 1, 0, 1])]));
    const places = screens.map(({ id, x, y, width: w, height: h }) => Buffer.concat([i32(id), u16(x, y, w, h), i32(0)]));
    socket.write(Buffer.concat([Buffer.from([251, 0]), u16(width, height), Buffer.from([screens.length, 0]), ...places]));
    socket.write(Buffer.from([3, 1, 0, 0, 0, 0, 0, 1, 0, 1]));
    while ((await nextLayout(incoming)) !== screens.length) {
      // An older layout.
    }
  } finally {
    socket.destroy();
  }
}

/** Waits for a layout, and passes pixels over. @param {Incoming} incoming @returns {Promise<number>} how many screens it has */
async function nextLayout(incoming) {
  for (;;) {
    const head = await incoming.take(4);
    if (head.readUInt8() !== 0) {
      throw new Error(`the server sent message ${head.readUInt8()}`);
    }
    for (let left = head.readUInt16BE(2); left > 0; left--) {
      const rect = await incoming.take(12);
      if (rect.readInt32BE(8) === EXTENDED_DESKTOP_SIZE) {
        const count = (await incoming.take(4)).readUInt8();
        await incoming.take(count * 16);
        if (rect.readUInt16BE(2) !== 0) {
          throw new Error(`the server refused the layout: ${rect.readUInt16BE(2)}`);
        }
        return count;
      }
      // Pixels, raw: four bytes each, as the server itself has them.
      await incoming.take(rect.readUInt16BE(4) * rect.readUInt16BE(6) * 4);
    }
  }
}

/** @param {readonly number[]} values */
function u16(...values) {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => bytes.writeUInt16BE(value, at * 2));
  return bytes;
}

/** @param {number} value */
function i32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
