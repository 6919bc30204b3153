/** What the engine keeps: cells, tables, video streams, and the picture from one socket to the next. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { packRgb } from "../packing.js";
import { Gateway, cells, copy, fill, image, record, size, tables, video, welcome, type Peer, type Rectangle } from "./gateway.js";
import { hex, launch, openOnPage, openScreen, pixels, shows, state } from "./page.js";

/** Feature bit 8 of Welcome. */
const KEPT = 0x100;

/**
 * H.264, constrained baseline, 64x48, four pictures: red; green and blue halves; light grey; black and yellow halves. The first is a
 * key picture, the others depend on the one before.
 */
const VIDEO = [
  "000000016742c00ad9047a6a020202800000030080000019478913240000000168cb81b2c80000016588843f118a00023eb1c00040e6380008b749c9c9d75d75d75d75e0",
  "000001419a39f1b8a00020471c000422e38000855e27cd87ffe08a28000824f8e00023491c000424313e7f3f9df3f9fcfe77cfe0",
  "000001419a547c4e280008ac627c4f89f3f9fcfe7f3f9fcfe7f0",
  "000001419a63e6ffff87a2800082efc4e2b9b0fffc11450001096f1c00043e6380016c4f9f15cfe77cfe7f3f9df3f8",
].map((unit) => Buffer.from(unit, "hex"));
const VIDEO_RECT = { x: 0, y: 0, width: 64, height: 48 };

let browser: Browser;
let gateway: Gateway;

before(async () => {
  browser = await launch();
  gateway = await Gateway.start();
});

after(async () => {
  await browser.close();
  gateway.stop();
});

/** Bytes that look random and are the same each time. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

const rgbImage = (rect: Rectangle, rgb: Uint8Array): Buffer => image(rect, 3, packRgb(rect.width, rect.height, rgb, () => 0));

/** A part of RGB bytes that are `stride` pixels wide, as colours. */
function cut(rgb: Uint8Array, stride: number, { x, y, width, height }: Rectangle): readonly string[] {
  return Array.from({ length: width * height }, (_, at) => {
    const from = 3 * ((y + Math.floor(at / width)) * stride + x + (at % width));
    return hex([...rgb.subarray(from, from + 3)]);
  });
}

async function hello(peer: Peer): Promise<{ features: number; flags: number; painted: number; cells: number }> {
  const body = await peer.until((all) => all.find(({ kind }) => kind === 0x01)?.body);
  const flags = body.readUInt8(12);
  const at = 13 + ((flags & 1) === 0 ? 0 : 48);
  const painted = (flags & 4) === 0 ? -1 : body.readUInt32LE(at);
  return { features: body.readUInt32LE(2), flags, painted, cells: body.readUInt16LE(painted === -1 ? at : at + 4) };
}

/** Waits for a request to repaint `want` among whatever else is asked for. */
async function repainted(peer: Peer, want: string): Promise<void> {
  await peer.until((all) => all.find(({ kind, body }) => kind === 0x86 && [0, 2, 4, 6].map((at) => body.readUInt16LE(at)).join() === want));
}

const CANVASES = [
  ["software", ["--disable-gpu"]],
  ["graphics processor", ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]],
] as const;

for (const [name, flags] of CANVASES) {
  test(`what goes through cells is the same to the bit: ${name}`, async () => {
    const own = await launch(flags);
    const { page, peer } = await openScreen(own, gateway, "bare&scale=native", 300, 200);
    const { features, cells: count } = await hello(peer);
    assert.equal(features & 5, 5);
    assert.ok(count === 4096 || count === 1024);
    const rgb = noise(3 * 300 * 200, 5);
    const whole = { x: 0, y: 0, width: 300, height: 200 };
    await peer.shown(rgbImage(whole, rgb));
    // Odd places and sizes; rows and sheets of 64 and 512 cells end in the middle.
    const part = { x: 7, y: 11, width: 270, height: 140 };
    for (const cell of [0, 60, 505, count - 15]) {
      const moved = { ...part, x: 23, y: 41 };
      await peer.shown(cells("store", cell, part), fill(whole, [9, 9, 9]), cells("recall", cell, moved));
      await shows(page, moved, cut(rgb, 300, part));
      await peer.shown(rgbImage(whole, rgb));
    }
    // One square of the same cells, as large as it was stored.
    await peer.shown(fill(whole, [1, 2, 3]), cells("recall", 1, { x: 100, y: 100, width: 64, height: 64 }));
    await shows(page, { x: 100, y: 100, width: 64, height: 64 }, cut(rgb, 300, { x: 7 + 64, y: 11, width: 64, height: 64 }));
    assert.equal(peer.received.filter(({ kind }) => kind === 0x86).length, 0);
    await own.close();
  });
}

test("cells that do not hold what is recalled are asked for, and the rest is painted", async () => {
  const { page, context, peer } = await openScreen(browser, gateway, "bare&scale=native", 300, 200);
  const rgb = noise(3 * 300 * 200, 6);
  const row = { x: 0, y: 0, width: 256, height: 64 };
  await peer.shown(rgbImage({ x: 0, y: 0, width: 300, height: 200 }, rgb), cells("store", 100, row));
  // Cell 101 now holds a smaller square, and 104 never held any.
  await peer.shown(cells("store", 101, { x: 0, y: 0, width: 10, height: 64 }), fill(row, [7, 7, 7]), cells("recall", 100, row));
  await repainted(peer, "64,0,64,64");
  await shows(page, { ...row, width: 64 }, cut(rgb, 300, { ...row, width: 64 }));
  await shows(page, { x: 128, y: 0, width: 128, height: 64 }, cut(rgb, 300, { x: 128, y: 0, width: 128, height: 64 }));
  await shows(page, { x: 64, y: 0, width: 1, height: 1 }, ["070707"]);
  // What is copied or stored from the spoiled square is spoiled too.
  peer.takeInput();
  await peer.shown(copy(60, 0, { x: 60, y: 100, width: 80, height: 64 }), cells("store", 200, { x: 64, y: 100, width: 64, height: 64 }));
  await repainted(peer, "64,100,64,64");
  peer.takeInput();
  await peer.shown(fill({ x: 64, y: 100, width: 64, height: 64 }, [1, 1, 1]), cells("recall", 200, { x: 0, y: 136, width: 64, height: 64 }));
  await repainted(peer, "0,136,64,64");
  await context.close();
});

test("cells past the last end the link", async () => {
  const { page, context, peer } = await openScreen(browser, gateway, "bare&scale=native", 300, 200);
  const { cells: count } = await hello(peer);
  peer.send(cells("store", count - 1, { x: 0, y: 0, width: 65, height: 64 }));
  await state(page, "failed");
  assert.equal(await page.getAttribute("#screen", "data-cause"), "protocol");
  await context.close();
});

/** Takes the quantisation and Huffman tables out of a JPEG file. */
function splitJpeg(file: Buffer): { readonly tables: Buffer; readonly rest: Buffer } {
  const [taken, left] = [[] as Buffer[], [file.subarray(0, 2)]];
  let at = 2;
  while (file[at + 1] !== 0xda) {
    const end = at + 2 + file.readUInt16BE(at + 2);
    (file[at + 1] === 0xdb || file[at + 1] === 0xc4 ? taken : left).push(file.subarray(at, end));
    at = end;
  }
  return { tables: Buffer.concat(taken), rest: Buffer.concat([...left, file.subarray(at)]) };
}

async function makeJpeg(page: Page): Promise<Buffer> {
  return Buffer.from(
    await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(40, 24);
      const pen = canvas.getContext("2d");
      for (let at = 0; at < 10; at++) {
        if (pen !== null) {
          pen.fillStyle = `hsl(${at * 36} 80% 50%)`;
          pen.fillRect(at * 4, at, 9, 20);
        }
      }
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
      return [...new Uint8Array(await blob.arrayBuffer())];
    }),
  );
}

test("a scan with its tables is the picture that the whole file is", async () => {
  const { page, context, peer } = await openScreen(browser, gateway, "bare&scale=native", 200, 100);
  const file = await makeJpeg(page);
  const split = splitJpeg(file);
  assert.ok(split.tables.length > 100 && split.rest.length + split.tables.length === file.length);
  const rect = { x: 0, y: 0, width: 40, height: 24 };
  const scan = (number: number): Buffer => Buffer.concat([Buffer.from([number]), split.rest]);
  await peer.shown(image(rect, 1, file), tables(15, split.tables), image({ ...rect, y: 30 }, 4, scan(15)));
  // The first pixel of the first bar, once the canvas in the worker has reached the page.
  await about(page, [[0, 10, [225, 23, 42]]]);
  await shows(page, { ...rect, y: 30 }, await pixels(page, rect));
  // Tables stay from frame to frame, and what was never defined does not decode.
  await peer.shown(image({ ...rect, x: 50 }, 4, scan(15)), image({ ...rect, x: 100 }, 4, scan(2)));
  await shows(page, { ...rect, x: 50 }, await pixels(page, rect));
  await repainted(peer, "100,0,40,24");
  await context.close();
});

/** Waits until the colours at some places are about these. */
async function about(page: Page, want: readonly (readonly [x: number, y: number, colour: readonly number[]])[]): Promise<void> {
  let got = "";
  for (let attempt = 0; attempt < 40; attempt++) {
    const seen = await Promise.all(want.map(async ([x, y]) => (await pixels(page, { x, y, width: 1, height: 1 }))[0] ?? ""));
    got = seen.join();
    const near = (text: string, colour: readonly number[]): boolean =>
      colour.every((value, at) => Math.abs(value - Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)) <= 12);
    if (seen.every((text, at) => near(text, want[at]?.[2] ?? []))) {
      return;
    }
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  assert.fail(`colours are ${got}`);
}

const unit = (at: number): Buffer => VIDEO[at] ?? assert.fail();

test("video is painted with its frames, whole or in parts, and begins anew after a fault", async () => {
  const { page, context, peer } = await openScreen(browser, gateway, "bare&scale=native", 200, 100);
  assert.notEqual((await hello(peer)).features & 2, 0, "the browser decodes H.264, as Debian's does");
  const first = peer.frame(video(VIDEO_RECT, true, unit(0)), fill({ x: 0, y: 0, width: 4, height: 4 }, [0, 0, 0]));
  const second = peer.frame(fill({ x: 100, y: 0, width: 8, height: 8 }, [1, 2, 3]));
  await peer.acked(second);
  const acks = peer.received.filter(({ kind }) => kind === 0x02).map(({ body }) => body.readUInt32LE(0));
  assert.deepEqual(acks.slice(-2), [first, second]);
  await about(page, [[1, 1, [0, 0, 0]], [10, 10, [200, 0, 0]], [60, 40, [200, 0, 0]], [64, 10, [0, 0, 0]]]);
  await peer.shown(video({ x: 100, y: 40, width: 64, height: 48 }, false, unit(1), { parts: [{ x: 0, y: 0, width: 16, height: 16 }, { x: 40, y: 8, width: 16, height: 8 }] }));
  await about(page, [[105, 45, [0, 160, 0]], [145, 50, [0, 0, 200]], [120, 50, [0, 0, 0]], [10, 10, [200, 0, 0]]]);
  // Two streams do not know of each other.
  await peer.shown(video({ ...VIDEO_RECT, x: 100 }, true, unit(0), { stream: 3 }), video(VIDEO_RECT, false, unit(2)));
  await about(page, [[110, 10, [200, 0, 0]], [10, 10, [220, 220, 220]]]);
  // Garbage, a piece that depends on it, and a key picture.
  peer.takeInput();
  await peer.shown(video(VIDEO_RECT, true, Buffer.from("000001674200ff00000165ffff", "hex")));
  await peer.shown(video(VIDEO_RECT, false, unit(3)));
  await repainted(peer, "0,0,64,48");
  await peer.shown(video(VIDEO_RECT, true, unit(0)));
  await about(page, [[10, 10, [200, 0, 0]]]);
  await peer.shown(video(VIDEO_RECT, false, unit(1)));
  await about(page, [[10, 10, [0, 160, 0]], [50, 10, [0, 0, 200]]]);
  await context.close();
});

test("a decoder that keeps its pictures holds nothing else up, and is given up", async () => {
  const { page, context, peer } = await openOnPage(browser, gateway, () => {
    if ("VideoDecoder" in globalThis) {
      VideoDecoder.prototype.decode = () => undefined;
    }
  });
  assert.notEqual((await hello(peer)).features & 2, 0, "the browser decodes H.264, as Debian's does");
  for (let time = 0; time < 2; time++) {
    peer.takeInput();
    await peer.shown(video(VIDEO_RECT, true, unit(0)), fill({ x: 0, y: 0, width: 4, height: 4 }, [0, 0, 9]));
    await repainted(peer, "0,0,64,48");
    await shows(page, { x: 0, y: 0, width: 1, height: 1 }, ["000009"]);
  }
  const again = gateway.greeted();
  peer.socket.terminate();
  assert.equal((await hello(await again)).features & 7, 5);
  await context.close();
});

test("the picture, the cells and nothing else go on over a new socket", async () => {
  const { page, context, peer } = await openScreen(browser, gateway, "bare&scale=native", 200, 100);
  const rgb = noise(3 * 200 * 100, 8);
  const whole = { x: 0, y: 0, width: 200, height: 100 };
  await peer.shown(rgbImage(whole, rgb), cells("store", 5, { x: 100, y: 20, width: 64, height: 64 }));
  await page.mouse.move(30, 40);
  await peer.until((all) => all.find(({ kind }) => kind === 0x05));
  // A frame without its end never counts.
  peer.send(fill(whole, [1, 1, 1]));
  const comes = gateway.greeted();
  peer.socket.terminate();
  const second = await comes;
  assert.deepEqual(await hello(second).then(({ flags, painted }) => [flags, painted]), [5, 2]);
  second.received.splice(0);
  second.send(welcome(60_000, 7, 3, KEPT));
  // The remote is told where the pointer is, though it has not moved.
  await second.until((all) => all.find(({ kind, body }) => kind === 0x05 && body.readUInt16LE(0) === 30 && body.readUInt16LE(2) === 40));
  await second.shown();
  await state(page, "connected");
  await shows(page, whole, cut(rgb, 200, whole));
  await second.shown(cells("recall", 5, { x: 0, y: 0, width: 64, height: 64 }));
  await shows(page, { x: 0, y: 0, width: 64, height: 64 }, cut(rgb, 200, { x: 100, y: 20, width: 64, height: 64 }));

  // Tables are gone, so this image is missing, and the picture is not offered again until it is there.
  await second.shown(image({ x: 0, y: 0, width: 40, height: 24 }, 4, Buffer.from([0, 0xff, 0xd8])));
  await repainted(second, "0,0,40,24");
  const comesThird = gateway.greeted();
  second.socket.terminate();
  const third = await comesThird;
  assert.deepEqual(await hello(third).then(({ flags, painted }) => [flags, painted]), [1, -1]);
  third.send(welcome(60_000, 7, 4));
  await third.shown(size(200, 100));
  await shows(page, { x: 0, y: 0, width: 2, height: 1 }, ["000000", "000000"]);
  await third.shown(cells("recall", 5, { x: 0, y: 0, width: 64, height: 64 }));
  await repainted(third, "0,0,64,64");
  await third.shown(fill({ x: 0, y: 0, width: 64, height: 64 }, [1, 1, 1]));
  const comesFourth = gateway.greeted();
  third.socket.terminate();
  assert.deepEqual(await hello(await comesFourth).then(({ flags, painted }) => [flags, painted]), [5, 3]);
  await context.close();
});

test("a canvas that was lost begins anew", async () => {
  const { page, context, peer } = await openOnPage(browser, gateway, () => undefined);
  await peer.shown(fill({ x: 0, y: 0, width: 64, height: 48 }, [1, 2, 3]));
  const comes = gateway.greeted();
  await page.evaluate(() => {
    const canvas = document.querySelector("#screen > div")?.shadowRoot?.querySelector(".viewport canvas");
    canvas?.dispatchEvent(new Event("contextlost"));
    canvas?.dispatchEvent(new Event("contextrestored"));
  });
  const second = await comes;
  assert.deepEqual(await hello(second).then(({ flags, painted }) => [flags, painted]), [1, -1]);
  second.send(welcome(60_000, 7, 3));
  await second.shown(size(64, 48), fill({ x: 0, y: 0, width: 64, height: 48 }, [4, 5, 6]));
  await state(page, "connected");
  await shows(page, { x: 0, y: 0, width: 1, height: 1 }, ["040506"]);
  await context.close();
});

test("the element tells what its engine did", async () => {
  gateway.pages.set("/stats", `<!doctype html><script type="module" src="/pkg/element.js"></script><porthole-screen id="screen" token="a.b.c" url="/link" scale="fit"></porthole-screen>`);
  const context = await browser.newContext();
  const page = await context.newPage();
  const peerComes = gateway.welcome(64, 48);
  await page.goto(`${gateway.origin}/stats`);
  const peer = await peerComes;
  await state(page, "connected");
  type Counted = { readonly frames: number; readonly bytes: number; readonly cells: number; readonly seconds: number };
  const stats = async (): Promise<Counted> =>
    page.evaluate(() => (document.querySelector("#screen") as unknown as { stats(): Promise<Counted> }).stats());
  await stats();
  await peer.shown(fill({ x: 0, y: 0, width: 64, height: 48 }, [4, 5, 6]));
  await peer.shown(cells("store", 3, { x: 0, y: 0, width: 64, height: 48 }));
  const { frames, bytes, cells: used, seconds } = await stats();
  assert.equal(frames, 2);
  assert.equal(used, 1);
  // A fill, a store and two ends; perhaps a pong.
  assert.ok(bytes === 15 + 14 + 2 * 8 || bytes === 15 + 14 + 2 * 8 + 8, String(bytes));
  assert.ok(seconds > 0);
  assert.equal((await stats()).frames, 0);
  await context.close();
});

/** What the page made, and what of that is gone. */
interface Made {
  pictures: number;
  closed: number;
  /** Image decoders that are open. */
  images: number;
  readonly videos: VideoDecoder[];
  readonly timers: Set<unknown>;
  canvases: number;
}

test("thousands of frames leave nothing behind", async () => {
  const { page, context, peer } = await openOnPage(browser, gateway, () => {
    const made: Made = { pictures: 0, closed: 0, images: 0, videos: [], timers: new Set(), canvases: 0 };
    Object.assign(globalThis, { made });
    const closing = (kind: { prototype: { close(): void } } | undefined, count: () => void): void => {
      if (kind !== undefined) {
        const { prototype } = kind;
        const close: (this: unknown) => void = Reflect.get(prototype, "close");
        prototype.close = function (this: unknown) {
          count();
          close.call(this);
        };
      }
    };
    const { VideoFrame: Frame, ImageBitmap: Bitmap, ImageDecoder: Images, VideoDecoder: Videos } = globalThis;
    closing(Frame, () => (made.closed += 1));
    closing(Bitmap, () => (made.closed += 1));
    closing(Images, () => (made.images -= 1));
    globalThis.ImageDecoder = class extends Images {
      constructor(init: ImageDecoderInit) {
        super(init);
        made.images += 1;
      }
      override async decode(options?: ImageDecodeOptions): Promise<ImageDecodeResult> {
        const result = await super.decode(options);
        made.pictures += 1;
        return result;
      }
    };
    globalThis.VideoDecoder = class extends Videos {
      constructor(init: VideoDecoderInit) {
        super({
          ...init,
          output: (frame) => {
            made.pictures += 1;
            init.output(frame);
          },
        });
        made.videos.push(this);
      }
    };
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    Object.assign(globalThis, {
      setTimeout: (run: (given: unknown) => void, ms: number, given: unknown) => {
        const timer = set(() => {
          made.timers.delete(timer);
          run(given);
        }, ms);
        made.timers.add(timer);
        return timer;
      },
      clearTimeout: (timer: number) => {
        made.timers.delete(timer);
        clear(timer);
      },
    });
    const Canvas = OffscreenCanvas;
    globalThis.OffscreenCanvas = class extends Canvas {
      constructor(width: number, height: number) {
        super(width, height);
        made.canvases += 1;
      }
    };
  }, 200, 100);
  const hasVideo = ((await hello(peer)).features & 2) !== 0;
  const file = await makeJpeg(page);
  const split = splitJpeg(file);
  const rect = { x: 0, y: 0, width: 40, height: 24 };
  const rgb = noise(3 * 40 * 24, 3);
  const kinds: readonly ((at: number) => readonly Buffer[])[] = [
    () => [image({ ...rect, x: 100 }, 1, file), copy(0, 0, { ...rect, x: 60 })],
    () => [tables(1, split.tables), image({ ...rect, y: 50 }, 4, Buffer.concat([Buffer.from([1]), split.rest]))],
    () => [rgbImage(rect, rgb)],
    (at) => [cells("store", (at * 7) % 1000, { x: 0, y: 0, width: 200, height: 100 })],
    (at) => [cells("recall", ((at - 1) * 7) % 1000, { x: 0, y: 0, width: 200, height: 100 })],
    (at) => (hasVideo ? [video(VIDEO_RECT, at % 28 === 5, unit(at % 28 === 5 ? 0 : (at % 3) + 1))] : []),
    // Now and then something breaks.
    (at) => (at % 700 === 6 ? [image(rect, 1, file.subarray(0, 50)), ...(hasVideo ? [video(VIDEO_RECT, false, Buffer.from([1, 2, 3]))] : [])] : []),
  ];
  const settled = async (): Promise<{ open: number; decoders: number; timers: number; canvases: number; pictures: number }> =>
    page.evaluate(async () => {
      await new Promise((done) => requestAnimationFrame(done));
      const { made } = globalThis as unknown as { made: Made };
      const { pictures, closed, images, videos, timers, canvases } = made;
      const decoders = images + videos.filter((decoder) => decoder.state !== "closed").length;
      return { pictures, open: pictures - closed, decoders, timers: timers.size, canvases };
    });
  const frames = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; ) {
      let sent = 0;
      for (let ahead = 0; ahead < 8; ahead++, at++) {
        sent = peer.frame(...(kinds[at % kinds.length]?.(at) ?? []));
      }
      await peer.acked(sent);
      peer.received.splice(0);
    }
  };
  await frames(0, 400);
  const early = await settled();
  await frames(400, 3_200);
  const late = await settled();
  assert.ok(late.pictures > 800, String(late.pictures));
  assert.equal(late.open, 0);
  assert.equal(late.canvases, early.canvases);
  assert.ok(late.decoders <= (hasVideo ? 1 : 0), String(late.decoders));
  // The next tick, the next request to repaint, and what the page itself waits for.
  assert.ok(late.timers <= early.timers + 2 && late.timers < 8, `${early.timers}, then ${late.timers}`);
  peer.send(record(0x07, Buffer.from([7, 0, 4, 0x64, 0x6f, 0x6e, 0x65])));
  await state(page, "closed");
  assert.deepEqual(await settled().then(({ open, decoders }) => ({ open, decoders })), { open: 0, decoders: 0 });
  await context.close();
});
