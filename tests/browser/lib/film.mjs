/** A VNC server that shows a film: as H.264 (the community specification's "Open H.264 Encoding") to who asks, else as pixels. */

import { createServer } from "node:net";
import * as pictures from "./pictures.mjs";
import { run } from "./programs.mjs";
import { listen } from "./sockets.mjs";

/**
 * @typedef {import("./pictures.mjs").Picture} Picture
 * @typedef {{ readonly x: number, readonly y: number, readonly width: number, readonly height: number }} Rect
 */

const ENCODING_RAW = 0;
const ENCODING_H264 = 50;
/** The client's decoder begins anew. */
const FLAG_RESET = 1;
/** 32 bits a pixel, 24 of colour, little-endian: blue lowest. Clients ask for another order. */
const PIXEL_FORMAT = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
/** Time from one picture of a running film to the next, in milliseconds. */
const PICTURE_MS = 66;
/** Bytes of the client's messages of fixed length, by type. */
const LENGTHS = new Map([[0, 20], [3, 10], [4, 8], [5, 6], [150, 10], [255, 12]]);

/** A part of a picture. @param {Picture} picture @param {Rect} rect @returns {Picture} */
export function crop({ width: stride, rgb }, { x, y, width, height }) {
  const rows = Array.from({ length: height }, (_, row) => {
    const start = 3 * ((y + row) * stride + x);
    return rgb.subarray(start, start + 3 * width);
  });
  return { width, height, rgb: Buffer.concat(rows) };
}

/** A camera that moves over a photograph. @param {number} width @param {number} height @param {number} count */
export function filmed(width, height, count) {
  const whole = pictures.photo(width + 4 * count, height + 2 * count, 11);
  return Array.from({ length: count }, (_, at) => crop(whole, { x: 4 * at, y: 2 * at, width, height }));
}

/**
 * Encodes pictures: the first needs no other, each of the others the one before it.
 *
 * @param {readonly Picture[]} film
 * @returns {Promise<Buffer[]>} access units
 */
export async function encode(film) {
  const [{ width, height }] = /** @type {[Picture]} */ (film);
  const stream = await run("ffmpeg", [
    "-hide_banner", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", "15", "-i", "-",
    "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-profile:v", "baseline",
    "-tune", "zerolatency", "-crf", "14", "-g", "1000",
    "-x264-params", "aud=1:scenecut=0:colormatrix=bt709:colorprim=bt709:transfer=bt709", "-f", "h264", "-",
  ], { input: Buffer.concat(film.map(({ rgb }) => rgb)) });
  // Each begins with an access unit delimiter.
  const delimiter = Buffer.from([0, 0, 0, 1, 9]);
  const starts = [];
  for (let at = stream.indexOf(delimiter); at !== -1; at = stream.indexOf(delimiter, at + 1)) {
    starts.push(at);
  }
  return starts.map((start, index) => stream.subarray(start, starts[index + 1] ?? stream.length));
}

/** One client of the server. */
class Client {
  hasVideo = false;
  #socket;
  #server;
  #arrived = Buffer.alloc(0);
  #isReady = false;
  /** What it sends before it is ready, in bytes: version, type and ClientInit. */
  #opening = [12, 1, 1];
  /** The last picture of the film that it has, if its decoder can go on from there. */
  #last = -1;

  /** @param {FilmServer} server @param {import("node:net").Socket} socket */
  constructor(server, socket) {
    this.#server = server;
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#arrived = Buffer.concat([this.#arrived, bytes]);
      while (this.#take()) {}
    });
    socket.write("RFB 003.008\n");
  }

  /** Takes one message, if one has arrived. */
  #take() {
    const length = this.#lengthOfNext();
    if (length === undefined || this.#arrived.length < length) {
      return false;
    }
    const message = this.#arrived.subarray(0, length);
    this.#arrived = this.#arrived.subarray(length);
    if (this.#isReady) {
      this.#handle(message);
    } else {
      this.#open();
    }
    return true;
  }

  /** @returns {number | undefined} */
  #lengthOfNext() {
    const bytes = this.#arrived;
    if (!this.#isReady) {
      return this.#opening[0];
    }
    const [type] = bytes;
    const fixed = LENGTHS.get(type ?? -1);
    if (type === undefined || fixed !== undefined) {
      return fixed;
    }
    const variable = { 2: [4, () => 4 * bytes.readUInt16BE(2)], 6: [8, () => Math.abs(bytes.readInt32BE(4))], 248: [9, () => bytes[8]] };
    const found = /** @type {[number, () => number] | undefined} */ (/** @type {any} */ (variable)[type]);
    if (found === undefined) {
      throw new Error(`the client sent a message of type ${type}`);
    }
    const [head, rest] = found;
    return bytes.length < head ? undefined : head + rest();
  }

  #open() {
    const { width, height } = this.#server.ground;
    this.#opening.shift();
    switch (this.#opening.length) {
      case 2: // One security type: none.
        this.#socket.write(Buffer.from([1, 1]));
        break;
      case 1: // It went well.
        this.#socket.write(Buffer.alloc(4));
        break;
      default: {
        const name = Buffer.from("film");
        const head = Buffer.alloc(4);
        head.writeUInt16BE(width, 0);
        head.writeUInt16BE(height, 2);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(name.length);
        this.#socket.write(Buffer.concat([head, Buffer.from(PIXEL_FORMAT), length, name]));
        this.#isReady = true;
      }
    }
  }

  /** @param {Buffer} message */
  #handle(message) {
    if (message[0] === 2) {
      const count = message.readUInt16BE(2);
      const encodings = Array.from({ length: count }, (_, at) => message.readInt32BE(4 + 4 * at));
      this.hasVideo = encodings.includes(ENCODING_H264);
      this.#last = -1;
    } else if (message[0] === 3 && message[1] === 0) {
      this.#server.requests += 1;
      this.#last = -1;
      const { width, height } = this.#server.ground;
      this.#update([this.#raw({ x: 0, y: 0, width, height }, this.#server.ground), ...this.#film(), ...this.#titles()]);
    }
  }

  /** The film goes on; what lies upon it is drawn again. */
  show() {
    if (this.#isReady) {
      this.#update([...this.#film(), ...this.#titles()]);
    }
  }

  /** Draws what lies upon the film. */
  title() {
    this.#update(this.#titles());
  }

  /** The current picture; with all before it, if the client's decoder needs them. */
  #film() {
    const { at, film, units, place } = this.#server;
    const picture = film[at];
    if (picture === undefined) {
      return [];
    }
    if (!this.hasVideo) {
      return [this.#raw(place, picture)];
    }
    const first = at === this.#last + 1 ? at : 0;
    this.#last = at;
    this.#server.begun += first === 0 ? 1 : 0;
    return units.slice(first, at + 1).map((unit, index) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(unit.length, 0);
      head.writeUInt32BE(first + index === 0 ? FLAG_RESET : 0, 4);
      return Buffer.concat([rectangle(place, ENCODING_H264), head, unit]);
    });
  }

  #titles() {
    return this.#server.titles.map(({ rect, picture }) => this.#raw(rect, picture));
  }

  /** @param {Rect} rect @param {Picture} picture */
  #raw(rect, { rgb }) {
    const pixels = Buffer.alloc((rgb.length / 3) * 4);
    for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
      // The gateway asks for red, green, blue.
      rgb.copy(pixels, to, from, from + 3);
    }
    return Buffer.concat([rectangle(rect, ENCODING_RAW), pixels]);
  }

  /** @param {readonly Buffer[]} rectangles */
  #update(rectangles) {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(rectangles.length, 2);
    this.#socket.write(Buffer.concat([head, ...rectangles]));
  }
}

/** @param {Rect} rect @param {number} encoding */
function rectangle({ x, y, width, height }, encoding) {
  const head = Buffer.alloc(12);
  [x, y, width, height].forEach((value, at) => head.writeUInt16BE(value, 2 * at));
  head.writeInt32BE(encoding, 8);
  return head;
}

/** The server. The film stands still until it is played. */
export class FilmServer {
  /** What is not film. @type {Picture} */
  ground;
  /** Where the film is. @type {Rect} */
  place;
  film;
  units;
  /** Which picture is shown. */
  at = 0;
  /** Pictures that lie upon the film. @type {{ rect: Rect, picture: Picture }[]} */
  titles = [];
  /** How often it was asked for everything. */
  requests = 0;
  /** How often it began the stream anew. */
  begun = 0;
  /** Its port on loopback. */
  port = 0;
  /** @type {Map<import("node:net").Socket, Client>} */
  #clients = new Map();
  #server = createServer((socket) => {
    this.#clients.set(socket, new Client(this, socket));
    socket.on("error", () => undefined).once("close", () => this.#clients.delete(socket));
  });

  /** @param {Picture} ground @param {Rect} place @param {readonly Picture[]} film @param {readonly Buffer[]} units */
  constructor(ground, place, film, units) {
    this.ground = ground;
    this.place = place;
    this.film = film;
    this.units = units;
  }

  /** @param {Picture} ground @param {{ x: number, y: number }} place @param {readonly Picture[]} film */
  static async start(ground, place, film) {
    const [{ width, height }] = /** @type {[Picture]} */ (film);
    const server = new FilmServer(ground, { ...place, width, height }, film, await encode(film));
    server.port = await listen(server.#server);
    return server;
  }

  /** Whether the client that came last asks for video. */
  get hasVideo() {
    return [...this.#clients.values()].at(-1)?.hasVideo ?? false;
  }

  /** Shows so many further pictures, one after the other. @param {number} count */
  async play(count) {
    for (let shown = 0; shown < count; shown++) {
      this.at = (this.at + 1) % this.film.length;
      this.#clients.forEach((client) => client.show());
      await new Promise((done) => {
        setTimeout(done, PICTURE_MS);
      });
    }
  }

  /** Lays a picture upon the film. @param {Rect} rect @param {Picture} picture */
  title(rect, picture) {
    this.titles.push({ rect, picture });
    this.#clients.forEach((client) => client.title());
  }

  /** What is to be seen, and which pixels of it are film. */
  expected() {
    const { width, height } = this.ground;
    const rgb = Buffer.from(this.ground.rgb);
    const isFilm = new Uint8Array(width * height);
    const lay = (/** @type {Rect} */ rect, /** @type {Picture} */ picture, /** @type {number} */ kind) => {
      for (let row = 0; row < rect.height; row++) {
        const start = (rect.y + row) * width + rect.x;
        picture.rgb.copy(rgb, 3 * start, 3 * row * rect.width, 3 * (row + 1) * rect.width);
        isFilm.fill(kind, start, start + rect.width);
      }
    };
    lay(this.place, /** @type {Picture} */ (this.film[this.at]), 1);
    this.titles.forEach(({ rect, picture }) => lay(rect, picture, 0));
    return { width, height, rgb, isFilm };
  }

  stop() {
    this.#clients.forEach((_client, socket) => socket.destroy());
    this.#server.close();
  }
}
