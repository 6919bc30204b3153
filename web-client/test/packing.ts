/** The gateway's side of the lossless codecs, for tests. */

import { deflateRawSync } from "node:zlib";

type Bytes = Uint8Array<ArrayBuffer>;

/** Packs indices, row-major, as the Palette codec. */
export function packPalette(
  width: number,
  height: number,
  palette: readonly (readonly number[])[],
  indices: readonly number[],
): Bytes {
  const bits = palette.length <= 2 ? 1 : palette.length <= 4 ? 2 : palette.length <= 16 ? 4 : 8;
  const raw: number[] = [palette.length - 1, ...palette.flat()];
  for (let row = 0; row < height; row++) {
    const bytes = new Array<number>(Math.ceil((width * bits) / 8)).fill(0);
    for (let column = 0; column < width; column++) {
      const bit = column * bits;
      const byte = bit >> 3;
      bytes[byte] = (bytes[byte] ?? 0) | ((indices[row * width + column] ?? 0) << (8 - bits - (bit & 7)));
    }
    raw.push(...bytes);
  }
  return new Uint8Array(deflateRawSync(Uint8Array.from(raw)));
}

/** Packs R, G, B bytes as the RGB codec; `filterOf` chooses each row's filter. */
export function packRgb(width: number, height: number, rgb: Uint8Array, filterOf: (row: number) => number): Bytes {
  const stride = 3 * width;
  const raw = new Uint8Array((stride + 1) * height);
  for (let row = 0; row < height; row++) {
    const filter = filterOf(row);
    raw[row * (stride + 1)] = filter;
    for (let at = 0; at < stride; at++) {
      const value = rgb[row * stride + at] ?? 0;
      const left = at < 3 ? 0 : (rgb[row * stride + at - 3] ?? 0);
      const above = row === 0 ? 0 : (rgb[(row - 1) * stride + at] ?? 0);
      raw[row * (stride + 1) + 1 + at] = value - (filter === 1 ? left : filter === 2 ? above : 0);
    }
  }
  return new Uint8Array(deflateRawSync(raw));
}
