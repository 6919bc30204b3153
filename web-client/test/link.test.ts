/** The link's sockets: which of them carries the session, and when there are others. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Link } from "../src/engine/link.js";
import type { Offer } from "../src/engine/socket.js";

/** A browser's WebSocket whose gateway is the test. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  binaryType = "";
  bufferedAmount = 0;
  readonly sent: Buffer[] = [];
  /** Whether its request said Hello. */
  readonly saidEarly: boolean;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(_url: string, protocols: readonly string[]) {
    const early = protocols.find((name) => name.startsWith("porthole.hello."))?.slice("porthole.hello.".length);
    this.saidEarly = early !== undefined;
    if (early !== undefined) {
      this.sent.push(Buffer.from(early, "base64url"));
    }
    FakeSocket.all.push(this);
  }

  send(data: Uint8Array): void {
    this.sent.push(Buffer.from(data));
  }

  close(): void {
    this.readyState = 3;
  }

  /** The connection is there; resolves once Hello was said. */
  async open(): Promise<void> {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
    await settled();
  }

  says(...records: readonly Buffer[]): void {
    this.onmessage?.({ data: new Uint8Array(Buffer.concat(records)).buffer });
  }

  breaks(): void {
    this.readyState = 3;
    this.onclose?.();
  }

  /** The secret and `painted` of its Hello: the byte that each secret here is made of, and null without the flag. */
  get hello(): { readonly secret: number | null; readonly painted: number | null } {
    const body = this.sent.find((bytes) => bytes[0] === 1)?.subarray(4) ?? assert.fail("no hello");
    const flags = body.readUInt8(12);
    return {
      secret: (flags & 1) === 0 ? null : body.readUInt8(29),
      painted: (flags & 4) === 0 ? null : body.readUInt32LE(61),
    };
  }

  get isDropped(): boolean {
    return this.readyState === 3;
  }
}

let now = 0;
let events: string[] = [];
let offer: Offer;
let ready: Promise<void>;
let link: Link;

const settled = async (): Promise<void> => new Promise((done) => setImmediate(done));
/** Sockets that are neither closed nor dropped. */
const alive = (): readonly FakeSocket[] => FakeSocket.all.filter((socket) => !socket.isDropped);
const last = (): FakeSocket => FakeSocket.all.at(-1) ?? assert.fail("no socket");

/** Lets time pass. */
function pass(ms: number): void {
  for (let end = now + ms; now < end; ) {
    const step = Math.min(10, end - now);
    now += step;
    mock.timers.tick(step);
  }
}

function record(kind: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([kind, body.length, 0, 0]), body]);
}

function welcome(secret: number, features = 0): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(1, 0);
  head.writeUInt32LE(features, 2);
  head.writeUInt32LE(60_000, 8);
  return record(0x01, Buffer.concat([head, Buffer.alloc(16, 1), Buffer.alloc(32, secret)]));
}

const frameEnd = (): Buffer => record(0x06, Buffer.from([1, 0, 0, 0]));
const failure = (category: number, retry: number, cause: string): Buffer =>
  record(0x07, Buffer.concat([Buffer.from([category, retry, cause.length]), Buffer.from(cause)]));

/** Answers the last ping. */
function pong(socket: FakeSocket): Buffer {
  const ping = socket.sent.filter((bytes) => bytes[0] === 0x83).at(-1) ?? assert.fail("no ping");
  return record(0x89, ping.subarray(4));
}

/** The link's first socket. */
async function started(): Promise<FakeSocket> {
  link.start();
  await settled();
  return last();
}

/** A connection with a round trip of 40 ms and one frame on the canvas. */
async function connected(): Promise<FakeSocket> {
  const socket = await started();
  await socket.open();
  socket.says(welcome(1));
  pass(40);
  socket.says(pong(socket), frameEnd());
  offer = { ...offer, painted: 1, age: 1 };
  link.painted();
  events = [];
  return socket;
}

beforeEach(() => {
  const takesList = process.versions.node.startsWith("18.");
  const apis = ["setTimeout"] as const;
  (mock.timers.enable.bind(mock.timers) as (options: unknown) => void)(takesList ? apis : { apis });
  mock.method(performance, "now", () => now);
  mock.method(Math, "random", () => 0);
  Object.assign(globalThis, { WebSocket: FakeSocket });
  FakeSocket.all = [];
  now = 0;
  events = [];
  offer = { features: 0, painted: null, cells: 0, age: 0 };
  ready = Promise.resolve();
  const wish = { width: 0, height: 0, scalePercent: 100 };
  link = new Link({ url: "ws://gateway/link", token: "t", wish, viewOnly: false, resume: null, visible: true, quality: 0, cells: 0, features: 0 }, {
    get ready() {
      return ready;
    },
    state: (state, why) => {
      events.push(why === null ? state : `${state} ${why.cause}`);
    },
    offer: () => offer,
    welcomed: (message) => {
      events.push(`welcomed ${message.secret[0] ?? 0}${message.features === 0 ? "" : " kept"}`);
      offer = { ...offer, painted: null, age: offer.age + 1 };
    },
    received: () => undefined,
    record: () => undefined,
    latency: () => undefined,
  });
});

afterEach(() => {
  link.stop();
  assert.deepEqual(alive(), []);
  mock.timers.reset();
  mock.restoreAll();
});

test("a network that is back after five seconds is used at once, with the picture that is there", async () => {
  const first = await connected();
  first.says(frameEnd());
  pass(1_600);
  assert.deepEqual(events.splice(0), ["reconnecting"]);
  pass(3_400);
  // One at a time connects, a fresh one every 300 ms.
  assert.equal(alive().length, 2);
  assert.ok(FakeSocket.all.length > 12 && FakeSocket.all.length < 17, String(FakeSocket.all.length));
  pass(300);
  await last().open();
  assert.deepEqual(last().hello, { secret: 1, painted: 1 });
  last().says(welcome(2, 0x100));
  assert.deepEqual(events.splice(0), ["welcomed 2 kept"]);
  assert.ok(first.isDropped);
  link.painted();
  assert.deepEqual(events, ["connected"]);
  pass(500);
  assert.equal(alive().length, 1);
});

test("a socket that speaks again goes on, and the attempts are dropped", async () => {
  const first = await connected();
  pass(3_500);
  assert.equal(alive().length, 2);
  first.says(pong(first));
  assert.deepEqual(events, ["reconnecting", "connected"]);
  assert.deepEqual(alive(), [first]);
  // It was wrong once, so it is more patient now.
  pass(3_500);
  assert.deepEqual(alive(), [first]);
});

test("an attempt whose Welcome was lost, and then the socket that it replaced", async () => {
  const first = await connected();
  pass(3_100);
  await last().open();
  assert.deepEqual(last().hello, { secret: 1, painted: 1 });
  // The gateway takes it, but a frame from before comes first and is painted.
  first.says(frameEnd());
  offer = { ...offer, painted: 2, age: 7 };
  link.painted();
  first.says(failure(7, 0, "replaced"));
  assert.equal(events.at(-1), "reconnecting");
  pass(260);
  await last().open();
  // The gateway may go on from what the lost attempt offered, which is no longer there.
  assert.deepEqual(last().hello, { secret: 1, painted: null });
  last().says(welcome(3));
  assert.equal(events.at(-1), "welcomed 3");
});

test("when two attempts get through, the last Welcome counts, and a refusal of the other is no end", async () => {
  await connected();
  pass(3_100);
  const one = last();
  await one.open();
  pass(1_100);
  const other = last();
  assert.notEqual(one, other);
  await other.open();
  assert.equal(other.hello.secret, 1);
  one.says(welcome(2));
  assert.ok(!other.isDropped);
  other.says(welcome(3));
  assert.ok(one.isDropped);
  assert.deepEqual(events.slice(1), ["welcomed 2", "welcomed 3"]);
  pass(40);
  other.says(pong(other));
  link.painted();
  pass(2_700);
  other.says(pong(other));
  pass(4_500);
  assert.equal(events.at(-1), "reconnecting");
});

test("an attempt that is refused because another got through", async () => {
  await connected();
  pass(3_100);
  const one = last();
  await one.open();
  pass(1_100);
  const other = last();
  await other.open();
  one.says(welcome(2));
  other.says(failure(7, 0, "session_ended"));
  assert.ok(other.isDropped);
  assert.deepEqual(alive(), [one]);
  pass(40);
  one.says(pong(one));
  link.painted();
  assert.equal(events.at(-1), "connected");
  pass(2_000);
  assert.deepEqual(alive(), [one]);
});

test("an attempt that learns that the session is over ends the link", async () => {
  const first = await connected();
  pass(3_100);
  await last().open();
  last().says(failure(7, 0, "session_ended"));
  assert.equal(events.at(-1), "closed session_ended");
  assert.ok(first.isDropped);
  pass(20_000);
  assert.deepEqual(alive(), []);
});

test("a session opened elsewhere is not fought for", async () => {
  const first = await connected();
  first.says(failure(7, 0, "replaced"));
  assert.deepEqual(events, ["closed replaced"]);
});

test("attempts that break wait longer and longer, and end with the session", async () => {
  const first = await connected();
  first.breaks();
  const times: number[] = [];
  const start = now;
  for (let count = FakeSocket.all.length; now - start < 70_000 && events.at(-1) !== "failed connection_lost"; ) {
    pass(10);
    if (FakeSocket.all.length > count) {
      count = FakeSocket.all.length;
      times.push(now - start);
      last().breaks();
    }
  }
  assert.deepEqual(times.slice(0, 6), [250, 750, 1_750, 3_750, 7_750, 12_750]);
  assert.equal(events.at(-1), "failed connection_lost");
  assert.ok(Math.abs(now - start - 60_000) < 5_010, String(now - start));
});

test("attempts into the void are few, and end with the session", async () => {
  const first = await connected();
  first.breaks();
  pass(10_000);
  assert.ok(FakeSocket.all.length <= 22, String(FakeSocket.all.length));
  pass(60_000);
  assert.equal(events.at(-1), "failed connection_lost");
  assert.ok(FakeSocket.all.length <= 36, String(FakeSocket.all.length));
});

test("a first connection is never tried twice at a time", async () => {
  await started();
  pass(9_970);
  assert.equal(FakeSocket.all.length, 1);
  await last().open();
  assert.deepEqual(last().hello, { secret: null, painted: null });
  link.wake();
  assert.equal(FakeSocket.all.length, 1);
});

test("a network that comes back is tried at once", async () => {
  const first = await connected();
  first.breaks();
  assert.equal(alive().length, 0);
  link.wake();
  assert.equal(alive().length, 1);
  const stale = last();
  link.wake();
  assert.ok(stale.isDropped);
  assert.equal(alive().length, 1);
});

test("a size wished for between Hello and Welcome is not lost", async () => {
  const socket = await started();
  await socket.open();
  link.send({ kind: "resize", width: 800, height: 600, scalePercent: 100 });
  assert.equal(socket.sent.length, 1);
  socket.says(welcome(1));
  assert.deepEqual(socket.sent.filter((bytes) => bytes[0] === 0x82).map((bytes) => bytes.readUInt16LE(4)), [800]);
});

test("a picture that cannot go on begins anew", async () => {
  const first = await connected();
  offer = { ...offer, painted: null, age: 9 };
  link.renew();
  assert.ok(first.isDropped);
  pass(260);
  await last().open();
  assert.deepEqual(last().hello, { secret: 1, painted: null });
});

test("a large clipboard waits for room, and input for the clipboard, but no acknowledgement waits", async () => {
  const socket = await connected();
  const already = socket.sent.length;
  const kinds = (): readonly number[] => socket.sent.slice(already).map((bytes) => bytes[0] ?? 0).filter((kind) => kind !== 0x83);
  const part = (continues: boolean, more: boolean): void => {
    link.send({ kind: "clipboard", format: "png", continues, more, data: new Uint8Array(9) });
  };
  const key = (): void => {
    link.send({ kind: "key", down: true, keysym: 0x76, scancode: 0x2f });
  };
  part(false, true);
  socket.bufferedAmount = 1 << 20;
  part(true, true);
  key();
  link.send({ kind: "ack", frame: 1, decodeUs: 1 });
  pass(100);
  assert.deepEqual(kinds(), [0x81, 0x02]);
  // Something else is copied: what is left of the first is of no use.
  part(false, true);
  part(true, false);
  socket.bufferedAmount = 0;
  pass(20);
  assert.deepEqual(kinds(), [0x81, 0x02, 0x03, 0x81, 0x81]);
  key();
  assert.deepEqual(kinds().slice(5), [0x03]);
});

test("a session's first request says Hello, once", async () => {
  const first = await started();
  assert.ok(first.saidEarly);
  await first.open();
  assert.equal(first.sent.length, 1);
  assert.deepEqual(first.hello, { secret: null, painted: null });
  first.says(welcome(1), frameEnd());
  first.breaks();
  pass(260);
  // The secret of one that comes back is for the gateway alone.
  assert.ok(!last().saidEarly);
  await last().open();
  assert.equal(last().hello.secret, 1);
});

test("a browser that is slow to say what it can says Hello later", async () => {
  let isReady = (): void => undefined;
  ready = new Promise((done) => {
    isReady = done;
  });
  link.start();
  await settled();
  assert.equal(FakeSocket.all.length, 0);
  pass(30);
  await settled();
  const socket = last();
  await socket.open();
  assert.deepEqual(socket.sent, []);
  isReady();
  await settled();
  assert.ok(!socket.saidEarly);
  assert.equal(socket.hello.secret, null);
});

test("a link that is stopped at once opens nothing", async () => {
  link.start();
  link.stop();
  await settled();
  assert.equal(FakeSocket.all.length, 0);
});
