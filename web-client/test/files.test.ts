/** The file client against a gateway in memory: whole files, cuts, cancelling and what goes wrong. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { FileClient, FileError, type Sink } from "../src/files/client.js";
import { sizeText } from "../src/files/queue.js";
import { UploadWindow } from "../src/files/window.js";
import type { FileRecord } from "../src/wire/message.js";
import { Reader, type Bytes } from "../src/wire/reader.js";

const LARGE = 50 << 20;
const CREDIT = 2 << 20;

/** Bytes that do not repeat soon. */
function noise(length: number): Bytes {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = 1;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[at] = state ^ (state >>> 15);
  }
  return new Uint8Array(words.buffer, 0, length);
}

const hash = (bytes: Bytes): string => createHash("sha256").update(bytes).digest("hex");

function body(request: number, ...parts: readonly Bytes[]): Bytes {
  return new Uint8Array(Buffer.concat([u32(request), ...parts]));
}
const u32 = (value: number): Bytes => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number): Bytes => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
const name = (text: string): Bytes => new Uint8Array(Buffer.concat([Uint8Array.of(Buffer.byteLength(text)), Buffer.from(text)]));

/** One file, and a line that can be cut after so many bytes. */
class Remote {
  readonly client: FileClient;
  readonly offers: string[] = [];
  file: Bytes = new Uint8Array(0);
  modifiedMs = 5;
  readonly #parts: Bytes[] = [];
  length = 0;
  /** Bytes that pass before the line is cut, again and again. */
  cutEvery = Infinity;
  passed = 0;
  cuts = 0;
  busy = 0;
  cancelled: boolean[] = [];
  #line = 0;
  #download: { request: number; offset: number; credit: number } | null = null;
  #size = 0;

  constructor() {
    this.client = new FileClient({
      send: (record) => {
        const line = this.#line;
        setImmediate(() => {
          if (line === this.#line) {
            this.#take(record);
          }
        });
      },
      offered: (path) => {
        this.offers.push(path);
      },
    });
  }

  get stored(): Bytes {
    return new Uint8Array(Buffer.concat(this.#parts));
  }

  say(code: number, bytes: Bytes): void {
    const line = this.#line;
    setImmediate(() => {
      if (line === this.#line) {
        this.client.handle({ kind: "file", code, body: bytes });
      }
    });
  }

  #pass(bytes: number): void {
    this.passed += bytes;
    if (this.passed >= this.cutEvery) {
      this.passed = 0;
      this.cuts += 1;
      this.#line += 1;
      this.#download = null;
      setImmediate(() => {
        this.client.renewed();
      });
    }
  }

  #take({ code, body: bytes }: FileRecord): void {
    const from = new Reader(bytes, "request");
    const request = from.u32();
    const long = (): number => from.u32() + from.u32() * 2 ** 32;
    switch (code) {
      case 0x90:
        this.#list(request, from.text(from.u8()));
        break;
      case 0x91:
        this.#download = { request, offset: long(), credit: from.u32() };
        this.say(0x91, body(request, u64(this.#download.offset), u64(this.file.length), u64(this.modifiedMs), u32(0)));
        this.#pump();
        break;
      case 0x92:
        if (this.busy > 0) {
          this.busy -= 1;
          this.say(0x95, body(request, name("busy"), new Uint8Array(0)));
          break;
        }
        this.#size = long();
        this.say(0x91, body(request, u64(this.length), u64(this.#size), u64(0), u32(CREDIT)));
        break;
      case 0x93: {
        assert.equal(long(), this.length);
        const data = from.rest();
        this.#parts.push(data);
        this.length += data.length;
        this.say(0x93, body(request, u32(data.length)));
        if (this.length === this.#size) {
          this.say(0x94, body(request));
        }
        this.#pass(data.length);
        break;
      }
      case 0x94:
        if (this.#download !== null) {
          this.#download.credit += from.u32();
          this.#pump();
        }
        break;
      case 0x95:
        this.cancelled.push(from.u8() === 1);
        break;
      default:
        this.say(0x94, body(request));
    }
  }

  #pump(): void {
    const download = this.#download;
    while (download !== null && download === this.#download && download.credit > 0 && download.offset < this.file.length) {
      const piece = this.file.slice(download.offset, download.offset + Math.min(256 << 10, download.credit));
      this.say(0x92, body(download.request, u64(download.offset), piece));
      download.offset += piece.length;
      download.credit -= piece.length;
      if (download.offset === this.file.length) {
        this.say(0x94, body(download.request));
      }
      this.#pass(piece.length);
    }
  }

  #list(request: number, after: string): void {
    const names = ["a", "b", "c"].filter((one) => one > after).slice(0, 2);
    const entries = names.map((one) => Buffer.concat([Uint8Array.of(1), u64(7), u64(8), name(one)]));
    this.say(0x90, body(request, u64(99), Uint8Array.of(names.includes("c") ? 0 : 1), ...entries.map((entry) => new Uint8Array(entry))));
  }
}

class Kept implements Sink {
  readonly parts: Bytes[] = [];
  ending = "";
  readonly #fails: boolean;

  constructor(fails = false) {
    this.#fails = fails;
  }

  async write(data: Bytes): Promise<void> {
    if (this.#fails) {
      return Promise.reject(new Error("full"));
    }
    this.parts.push(data.slice());
    return Promise.resolve();
  }
  async close(): Promise<void> {
    this.ending += "closed";
    return Promise.resolve();
  }
  async abort(): Promise<void> {
    this.ending += "aborted";
    return Promise.resolve();
  }
  get bytes(): Bytes {
    return new Uint8Array(Buffer.concat(this.parts));
  }
}

const code = (want: string) => (error: unknown): boolean => error instanceof FileError && error.code === want;

test("a large file goes up whole, over a line that is cut again and again", async () => {
  const remote = new Remote();
  remote.cutEvery = 15 << 20;
  const data = noise(LARGE);
  let last = 0;
  await remote.client.upload("f", new Blob([data]), 5, false, (bytes) => {
    last = bytes;
  }).done;
  assert.equal(hash(remote.stored), hash(data));
  assert.equal(last, LARGE);
  assert.equal(remote.cuts, 3);
});

test("a large file comes down whole, over a line that is cut again and again", async () => {
  const remote = new Remote();
  remote.cutEvery = 15 << 20;
  remote.file = noise(LARGE);
  const sink = new Kept();
  await remote.client.download("f", sink, () => undefined).done;
  assert.equal(hash(sink.bytes), hash(remote.file));
  assert.equal(sink.ending, "closed");
  assert.ok(remote.cuts >= 3);
});

test("an empty file and one that the gateway has whole are done", async () => {
  const remote = new Remote();
  const sink = new Kept();
  const { done } = remote.client.download("f", sink, () => undefined);
  remote.say(0x94, body(1));
  await done;
  assert.equal(sink.ending, "closed");
  const upload = remote.client.upload("g", new Blob([]), 0, false, () => undefined);
  remote.say(0x94, body(2));
  await upload.done;
});

test("a cancelled transfer tells the gateway and drops what it has", async () => {
  const remote = new Remote();
  remote.file = noise(1 << 20);
  const sink = new Kept();
  const transfer = remote.client.download("f", sink, (bytes) => {
    if (bytes > 0) {
      transfer.cancel();
    }
  });
  await assert.rejects(transfer.done, code("cancelled"));
  await new Promise(setImmediate);
  assert.equal(sink.ending, "aborted");
  assert.deepEqual(remote.cancelled, [true]);
});

test("a file that changed between two sockets, or cannot be saved, fails", async () => {
  const remote = new Remote();
  remote.file = noise(20 << 20);
  remote.cutEvery = 6 << 20;
  const changing = remote.client.download("f", new Kept(), (bytes) => {
    remote.modifiedMs = bytes === 0 ? 5 : 6;
  });
  await assert.rejects(changing.done, code("changed"));
  remote.cutEvery = Infinity;
  await assert.rejects(remote.client.download("f", new Kept(true), () => undefined).done, code("unwritable"));
});

test("an upload waits while the file is still being written for the socket before", async () => {
  const remote = new Remote();
  remote.busy = 1;
  await remote.client.upload("f", new Blob([noise(10)]), 5, false, () => undefined).done;
  assert.equal(remote.stored.length, 10);
});

test("listings come in pages, and other requests are not repeated after a cut", async () => {
  const remote = new Remote();
  const { entries, free } = await remote.client.list("d");
  assert.deepEqual([entries.map((entry) => entry.name), free], [["a", "b", "c"], 99]);
  await remote.client.makeDirectory("d");
  const lost = remote.client.remove("d");
  const listed = remote.client.list("d");
  remote.client.renewed();
  await assert.rejects(lost, code("connection_lost"));
  assert.equal((await listed).entries.length, 3);
  remote.say(0x95, body(99, name("io"), new Uint8Array(0)));
  remote.say(0x96, body(0, u64(5), new Uint8Array(Buffer.from("Download/f"))));
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(remote.offers, ["Download/f"]);
});

test("the upload's window grows while nothing queues, and shrinks when something does", () => {
  const window = new UploadWindow();
  let nowMs = 0;
  const round = (tripMs: number): void => {
    let sent = 0;
    while (window.isOpen) {
      window.sent(nowMs, window.pieceBytes);
      sent += window.pieceBytes;
    }
    nowMs += tripMs;
    window.credited(nowMs, sent);
  };
  const first = window.pieceBytes;
  Array.from({ length: 10 }, () => {
    round(10);
  });
  const wide = window.pieceBytes;
  assert.ok(wide > first * 8, `${first} to ${wide}`);
  Array.from({ length: 20 }, () => {
    round(200);
  });
  assert.ok(window.pieceBytes <= first, `${window.pieceBytes}`);
});

test("sizes are short", () => {
  assert.deepEqual([0, 999, 1000, 1_234_567, 123_456_789_000].map(sizeText), ["0 B", "999 B", "1.0 kB", "1.2 MB", "123 GB"]);
});
