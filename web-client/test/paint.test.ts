/** What painting needs and no browser: inflate and the lossless blocks, against Node's zlib; regions, cells, tables, codecs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { BlockDecoder, BlockError, decodeCursorPixels } from "../src/paint/blocks.js";
import { cellsFor } from "../src/paint/cells.js";
import { JpegTables } from "../src/paint/jpeg.js";
import { Region } from "../src/paint/region.js";
import { codecOf, findSps } from "../src/paint/video.js";
import type { Rect } from "../src/wire/message.js";
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

test("a region knows what is left of it", () => {
  const region = new Region();
  region.add({ x: 10, y: 10, width: 30, height: 20 });
  region.remove({ x: 0, y: 0, width: 100, height: 5 });
  region.remove({ x: 20, y: 15, width: 10, height: 5 });
  const pixels = (): number => region.within({ x: 0, y: 0, width: 100, height: 100 }).reduce((sum, { width, height }) => sum + width * height, 0);
  assert.equal(pixels(), 30 * 20 - 10 * 5);
  assert.deepEqual(region.within({ x: 20, y: 15, width: 10, height: 5 }), []);
  assert.deepEqual(region.within({ x: 5, y: 5, width: 6, height: 6 }), [{ x: 10, y: 10, width: 1, height: 1 }]);
  region.remove({ x: 10, y: 10, width: 30, height: 20 });
  assert.ok(region.isEmpty);
  // Against a plain map of pixels.
  const next = random(9);
  const map = new Uint8Array(40 * 40);
  const part = (): Rect => ({ x: Math.floor(next() * 30), y: Math.floor(next() * 30), width: 1 + Math.floor(next() * 10), height: 1 + Math.floor(next() * 10) });
  for (let round = 0; round < 300; round++) {
    const [rect, adds] = [part(), next() < 0.3];
    if (adds) {
      region.add(rect);
    } else {
      region.remove(rect);
    }
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      map.fill(adds ? 1 : 0, 40 * y + rect.x, 40 * y + rect.x + rect.width);
    }
    const wrong = map.findIndex((value, at) => value === 1 && region.within({ x: at % 40, y: Math.floor(at / 40), width: 1, height: 1 }).length === 0);
    assert.equal(wrong, -1);
  }
});

test("a region of many parts stays small, and claims too much rather than too little", () => {
  const region = new Region();
  for (let at = 0; at < 65; at++) {
    region.add({ x: 4 * at, y: at, width: 1, height: 1 });
  }
  assert.deepEqual(region.within({ x: 0, y: 0, width: 1_000, height: 1_000 }), [{ x: 0, y: 0, width: 257, height: 65 }]);
});

test("small machines and phones keep fewer cells", () => {
  assert.deepEqual([cellsFor(undefined, false), cellsFor(8, false), cellsFor(4, false), cellsFor(undefined, true)], [4096, 4096, 1024, 1024]);
});

test("a scan and its tables make a file", () => {
  const tables = new JpegTables();
  const scan = Uint8Array.of(3, 0xff, 0xd8, 7, 8, 9);
  assert.throws(() => tables.complete(scan));
  assert.throws(() => tables.complete(new Uint8Array(0)));
  const defined = Uint8Array.of(1, 2);
  tables.define(3, defined);
  defined.fill(0);
  assert.deepEqual([...tables.complete(scan)], [0xff, 0xd8, 1, 2, 7, 8, 9]);
  tables.define(3, Uint8Array.of(4));
  assert.deepEqual([...tables.complete(scan)], [0xff, 0xd8, 4, 7, 8, 9]);
  tables.clear();
  assert.throws(() => tables.complete(scan));
});

test("a video's parameter set names its codec", () => {
  const sps = [0x67, 0x42, 0xe0, 0x1f, 0x01, 0x02];
  const unit = Uint8Array.of(0, 0, 0, 1, 9, 0x10, 0, 0, 1, ...sps, 0, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0x67, 0x42);
  assert.deepEqual([...(findSps(unit) ?? [])], sps);
  assert.equal(codecOf(Uint8Array.from(sps)), "avc1.42E01F");
  assert.deepEqual([...(findSps(Uint8Array.of(0, 0, 1, ...sps)) ?? [])], sps);
  for (const none of [[], [0, 0, 1], [0, 0, 1, 0x65, 0x67, 1, 2, 3], [0, 0, 1, 0x67, 1, 2], [1, 0x67, 1, 2, 3]]) {
    assert.equal(findSps(Uint8Array.from(none)), null, none.join());
  }
});
