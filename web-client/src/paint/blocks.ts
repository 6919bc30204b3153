/**
 * Stop 9 of the pixel path: lossless blocks, from a deflate stream to RGBA.
 *
 * The formats are the Palette and RGB codecs of `docs/link.md`. Pixels are written as 32-bit words
 * whose bytes in memory are R, G, B, A, which holds on the little-endian machines that run browsers.
 */

import type { Bytes } from "../wire/reader.js";
import { inflate } from "./inflate.js";

/** An image's data does not hold the picture it promises. */
export class BlockError extends Error {
  override readonly name = "BlockError";
}

/** RGBA bytes, straight alpha, row-major. */
export type Rgba = Uint8ClampedArray<ArrayBuffer>;

const OPAQUE = 0xff00_0000;
const PALETTE_MAX_BYTES = 1 + 3 * 256;

/** Decodes blocks, one after the other, through two buffers that it keeps. */
export class BlockDecoder {
  #packed: Bytes = new Uint8Array(0);
  #pixels = new Uint32Array(0);
  readonly #palette = new Uint32Array(256);

  /**
   * Decodes one block. The result is a view that the next call overwrites.
   *
   * @throws {BlockError | InflateError} if `data` is not exactly `width * height` pixels.
   */
  decode(codec: "palette" | "rgb", width: number, height: number, data: Bytes): Rgba {
    const pixels = this.#pixelsFor(width * height);
    switch (codec) {
      case "palette":
        this.#decodePalette(width, height, data, pixels);
        break;
      case "rgb":
        this.#decodeRgb(width, height, data, pixels);
        break;
    }
    return new Uint8ClampedArray(pixels.buffer, 0, 4 * width * height);
  }

  #decodePalette(width: number, height: number, data: Bytes, pixels: Uint32Array): void {
    const packed = this.#inflate(data, PALETTE_MAX_BYTES + width * height);
    const colours = (packed[0] ?? 0) + 1;
    const bits = indexBits(colours);
    const stride = Math.ceil((width * bits) / 8);
    const rowsAt = 1 + 3 * colours;
    if (packed.length !== rowsAt + stride * height) {
      throw new BlockError(`palette block has ${packed.length} bytes, not ${rowsAt + stride * height}`);
    }
    // Indices past the colours find 0, whose missing alpha gives them away below.
    this.#palette.fill(0);
    for (let colour = 0, at = 1; colour < colours; colour++, at += 3) {
      this.#palette[colour] = word(packed[at] ?? 0, packed[at + 1] ?? 0, packed[at + 2] ?? 0);
    }
    const rows = packed.subarray(rowsAt);
    const seen =
      bits === 8
        ? expandBytes(rows, this.#palette, pixels, width * height)
        : expandBits(rows, this.#palette, pixels, width, height, bits);
    if (seen >>> 24 !== 0xff) {
      throw new BlockError(`palette block has an index past its ${colours} colours`);
    }
  }

  #decodeRgb(width: number, height: number, data: Bytes, pixels: Uint32Array): void {
    const stride = 1 + 3 * width;
    const packed = this.#inflate(data, stride * height);
    if (packed.length !== stride * height) {
      throw new BlockError(`RGB block has ${packed.length} bytes, not ${stride * height}`);
    }
    for (let row = 0, at = 0, to = 0; row < height; row++, at += stride, to += width) {
      const filter = packed[at];
      switch (filter) {
        case 0:
          break;
        case 1:
          undoLeft(packed, at + 1, at + stride);
          break;
        case 2:
          undoUp(packed, at + 1, at + stride, row === 0 ? 0 : stride);
          break;
        default:
          throw new BlockError(`row filter ${filter ?? "at the end"} is not known`);
      }
      // In bounds: the length was checked against `stride * height` above.
      for (let pixel = to, from = at + 1; pixel < to + width; pixel++, from += 3) {
        pixels[pixel] = word(packed[from] as number, packed[from + 1] as number, packed[from + 2] as number);
      }
    }
  }

  #inflate(data: Bytes, lengthMax: number): Bytes {
    if (this.#packed.length < lengthMax) {
      this.#packed = new Uint8Array(lengthMax);
    }
    return this.#packed.subarray(0, inflate(data, this.#packed.subarray(0, lengthMax)));
  }

  #pixelsFor(count: number): Uint32Array<ArrayBuffer> {
    if (this.#pixels.length < count) {
      this.#pixels = new Uint32Array(count);
    }
    return this.#pixels;
  }
}

/** Inflates a pointer's picture into a buffer of its own. */
export function decodeCursorPixels(width: number, height: number, data: Bytes): Rgba {
  const rgba = new Uint8ClampedArray(4 * width * height);
  const length = inflate(data, new Uint8Array(rgba.buffer));
  if (length !== rgba.length) {
    throw new BlockError(`pointer has ${length} bytes, not ${rgba.length}`);
  }
  return rgba;
}

function indexBits(colours: number): 1 | 2 | 4 | 8 {
  if (colours <= 2) {
    return 1;
  }
  if (colours <= 4) {
    return 2;
  }
  return colours <= 16 ? 4 : 8;
}

function word(red: number, green: number, blue: number): number {
  return (OPAQUE | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Returns all words seen, ANDed. In bounds: the caller has checked the lengths. */
function expandBytes(rows: Uint8Array, palette: Uint32Array, pixels: Uint32Array, count: number): number {
  let seen = 0xffff_ffff;
  for (let at = 0; at < count; at++) {
    const pixel = palette[rows[at] as number] as number;
    seen &= pixel;
    pixels[at] = pixel;
  }
  return seen;
}

/** The same for indices of 1, 2 or 4 bits, each row starting on a new byte. */
function expandBits(
  rows: Uint8Array,
  palette: Uint32Array,
  pixels: Uint32Array,
  width: number,
  height: number,
  bits: 1 | 2 | 4,
): number {
  const mask = (1 << bits) - 1;
  let seen = 0xffff_ffff;
  let at = 0;
  let to = 0;
  for (let row = 0; row < height; row++) {
    const end = to + width;
    while (to < end) {
      const byte = rows[at++] as number;
      const stop = Math.min(end, to + 8 / bits);
      for (let shift = 8 - bits; to < stop; shift -= bits) {
        const pixel = palette[(byte >> shift) & mask] as number;
        seen &= pixel;
        pixels[to++] = pixel;
      }
    }
  }
  return seen;
}

/** Adds to each byte the one three before it; the first pixel stands as it is. */
function undoLeft(packed: Uint8Array, from: number, end: number): void {
  for (let at = from + 3; at < end; at++) {
    packed[at] = (packed[at] as number) + (packed[at - 3] as number);
  }
}

/** Adds to each byte the one `stride` before it; a stride of 0 marks the first row. */
function undoUp(packed: Uint8Array, from: number, end: number, stride: number): void {
  if (stride !== 0) {
    for (let at = from; at < end; at++) {
      packed[at] = (packed[at] as number) + (packed[at - stride] as number);
    }
  }
}
