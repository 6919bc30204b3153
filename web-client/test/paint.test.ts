/** Inflate and the lossless blocks, against Node's zlib. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { BlockDecoder, BlockError, decodeCursorPixels } from "../src/paint/blocks.js";
import { InflateError, inflate } from "../src/paint/inflate.js";
import { packPalette, packRgb } from "./packing.js";

/** A small generator with a fixed seed, so that failures repeat. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

const bytes = (data: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(data);

function samples(): readonly Uint8Array[] {
  const next = random(7);
  const fill = (length: number, value: (at: number) => number): Uint8Array => Uint8Array.from({ length }, (_, at) => value(at));
  return [
    fill(0, () => 0),
    fill(1, () => 9),
    fill(100_000, () => 0),
    fill(70_000, () => next() * 256),
    fill(200_000, (at) => (at % 251) ^ (next() < 0.02 ? 255 : 0)),
    fill(50_000, () => Math.floor(next() * next() * 40)),
    fill(300_000, (at) => (at >> 5) & 255),
  ];
}

test("inflate agrees with zlib at every level and strategy", () => {
  for (const sample of samples()) {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE]) {
        const out = new Uint8Array(sample.length);
        assert.equal(inflate(deflateRawSync(sample, { level, strategy }), out), sample.length);
        assert.ok(Buffer.from(out).equals(sample));
      }
    }
  }
});

test("inflate never writes more than its output holds", () => {
  for (const sample of samples().slice(1)) {
    const packed = deflateRawSync(sample);
    assert.throws(() => inflate(packed, new Uint8Array(sample.length - 1)), InflateError);
  }
});

test("inflate refuses every cut and survives garbage", () => {
  const sample = samples()[5] ?? new Uint8Array();
  const packed = deflateRawSync(sample.subarray(0, 3_000));
  const out = new Uint8Array(3_000);
  for (let cut = 0; cut < packed.length; cut++) {
    assert.throws(() => inflate(packed.subarray(0, cut), out), InflateError, `cut at ${cut}`);
  }
  const next = random(3);
  for (let round = 0; round < 3_000; round++) {
    const garbled = Uint8Array.from(packed);
    garbled[Math.floor(next() * garbled.length)] = next() * 256;
    try {
      inflate(garbled, out);
    } catch (error) {
      assert.ok(error instanceof InflateError);
    }
  }
});

for (const colours of [1, 2, 3, 4, 5, 16, 17, 256]) {
  test(`palette of ${colours}`, () => {
    const next = random(colours);
    const [width, height] = [37, 11];
    const palette = Array.from({ length: colours }, () => [0, 0, 0].map(() => Math.floor(next() * 256)));
    const indices = Array.from({ length: width * height }, () => Math.floor(next() * colours));
    const rgba = new BlockDecoder().decode("palette", width, height, packPalette(width, height, palette, indices));
    assert.deepEqual([...rgba], indices.flatMap((index) => [...(palette[index] ?? []), 255]));
  });
}

for (const filter of [0, 1, 2]) {
  test(`RGB with filter ${filter}`, () => {
    const next = random(filter + 20);
    const [width, height] = [19, 7];
    const rgb = Uint8Array.from({ length: 3 * width * height }, () => next() * 256);
    const rgba = new BlockDecoder().decode("rgb", width, height, packRgb(width, height, rgb, () => filter));
    const want = Array.from({ length: width * height }, (_, at) => [...rgb.subarray(3 * at, 3 * at + 3), 255]).flat();
    assert.deepEqual([...rgba], want);
  });
}

test("blocks of the wrong length, index or filter are refused", () => {
  const decoder = new BlockDecoder();
  const pack = (data: readonly number[]): Uint8Array<ArrayBuffer> => bytes(deflateRawSync(Uint8Array.from(data)));
  const cases: readonly (readonly ["palette" | "rgb", readonly number[]])[] = [
    ["palette", []],
    ["palette", [0, 1, 2, 3]],
    ["palette", [0, 1, 2, 3, 0, 0]],
    ["palette", [2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0b1100_0000]],
    ["rgb", [0, 1, 2, 3, 4, 5]],
    ["rgb", [3, 1, 2, 3, 4, 5, 6]],
  ];
  for (const [codec, data] of cases) {
    assert.throws(() => decoder.decode(codec, 2, 1, pack(data)), BlockError, `${codec} ${data.join()}`);
  }
  assert.throws(() => decoder.decode("rgb", 2, 1, pack([0, 1, 2, 3, 4, 5, 6, 7])), InflateError);
});

test("a pointer's picture must be whole", () => {
  const rgba = Uint8Array.from({ length: 16 }, (_, at) => at);
  assert.deepEqual([...decodeCursorPixels(2, 2, bytes(deflateRawSync(rgba)))], [...rgba]);
  assert.throws(() => decodeCursorPixels(2, 2, bytes(deflateRawSync(rgba.subarray(1)))), BlockError);
});
