/** Reconnecting, the heartbeat, addresses and words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { endingOf } from "../src/app/cover.js";
import { fromHex, toHex } from "../src/app/hex.js";
import { stringsFor } from "../src/app/strings.js";
import { connectMaxMs, retryDelayMs } from "../src/engine/backoff.js";
import { Heartbeat, Network } from "../src/engine/heartbeat.js";
import { Meter } from "../src/engine/meter.js";
import { readSaid } from "../src/engine/news.js";
import type { Report } from "../src/engine/reports.js";
import { readAddress } from "../src/page/address.js";

test("delays double up to five seconds, less a share", () => {
  assert.deepEqual([0, 1, 2, 4, 5, 100].map((attempt) => retryDelayMs(attempt, 0)), [250, 500, 1_000, 4_000, 5_000, 5_000]);
  assert.equal(retryDelayMs(0, 1), 125);
});

test("attempts to connect make room for fresh ones, and take their time once that has not helped", () => {
  assert.deepEqual([0, 13, 14, 15, 16, 30].map((attempt) => connectMaxMs(attempt, 40)), [300, 300, 300, 600, 1_200, 5_000]);
  assert.equal(connectMaxMs(0, 200), 800);
});

/** A network with a known round trip, or without. */
function network(roundTripMs?: number): Network {
  const made = new Network();
  if (roundTripMs !== undefined) {
    made.measured(roundTripMs, 0);
  }
  return made;
}

/** Ticks when the heartbeat wants to be called, from `from` to `to`, and returns what was asked for, with the time. */
function run(beat: Heartbeat, from: number, to: number): string[] {
  const seen: string[] = [];
  for (let now = from; now <= to; now += beat.nextMs(now)) {
    const act = beat.tick(now);
    if (act === "ping") {
      beat.pinged(now);
    }
    if (act !== "nothing" && !(act === "silent" && seen.at(-1)?.startsWith(act) === true)) {
      seen.push(`${act} ${now}`);
    }
    if (act === "lost") {
      break;
    }
  }
  return seen;
}

test("a quiet link is asked now and then, is soon silent, and is lost ten seconds after the first unanswered ping", () => {
  const beat = new Heartbeat(network(40), 0);
  beat.pinged(0);
  beat.heard(40);
  assert.deepEqual(run(beat, 100, 20_000), ["ping 2500", "silent 3000", "ping 5000", "silent 5050", "ping 7500", "silent 7550", "ping 10000", "silent 10050", "lost 12500"]);
});

test("where frames come, their absence is noticed within a second", () => {
  const beat = new Heartbeat(network(40), 0);
  beat.pinged(0);
  beat.heard(1_000);
  beat.expect(1_000);
  assert.deepEqual(run(beat, 1_010, 2_100), ["ping 1500", "ping 2000", "silent 2050"]);
  assert.ok(beat.isSilent(2_100));
  beat.heard(2_100);
  assert.ok(!beat.isSilent(2_200));
});

test("slow networks, unknown ones and those that cried wolf are given time", () => {
  const slow = new Heartbeat(network(500), 0);
  slow.pinged(0);
  assert.deepEqual([slow.isSilent(1_999), slow.isSilent(2_000)], [false, true]);
  const unknown = new Heartbeat(network(), 0);
  unknown.pinged(0);
  assert.ok(!unknown.isSilent(9_999));
  const doubted = network(40);
  const beat = new Heartbeat(doubted, 0);
  beat.pinged(0);
  assert.ok(beat.isSilent(1_000));
  for (let time = 0; time < 5; time++) {
    doubted.criedWolf(1_000);
  }
  assert.deepEqual([beat.isSilent(7_999), beat.isSilent(8_000)], [false, true]);
  doubted.measured(40, 32_000);
  assert.ok(beat.isSilent(4_000));
});

test("hidden pages are asked less often", () => {
  const hidden = network(40);
  hidden.hidden = true;
  const beat = new Heartbeat(hidden, 0);
  beat.pinged(0);
  beat.heard(40);
  assert.deepEqual(run(beat, 100, 5_100), ["ping 5000"]);
});

test("sleep is not silence, and a hint shortens the wait", () => {
  const beat = new Heartbeat(network(40), 0);
  beat.pinged(0);
  assert.deepEqual(run(beat, 60_000, 60_400), ["ping 60000"]);
  beat.heard(63_500);
  beat.probe();
  beat.pinged(64_000);
  assert.deepEqual(run(beat, 64_100, 70_000), ["silent 64500", "ping 66500", "silent 66550", "lost 67000"]);
});

test("only the last ping's pong is a measurement", () => {
  const beat = new Heartbeat(network(), 0);
  const first = beat.pinged(10);
  const second = beat.pinged(20);
  assert.equal(beat.ponged(first, 30), null);
  assert.equal(beat.ponged(second, 45), 25);
});

test("counters start anew each time they are asked for, and percentiles are of the latest frames", () => {
  const meter = new Meter(1_000);
  for (let frame = 0; frame < 3_000; frame++) {
    meter.received(10);
    meter.painted(frame < 1_976 ? 900 : frame - 1_975, 2);
  }
  const stats = meter.take(3_000, 7);
  assert.deepEqual(stats, { seconds: 2, frames: 3_000, bytes: 30_000, decodeMs: { p50: 513, p95: 973 }, drawMs: { p50: 2, p95: 2 }, cells: 7 });
  assert.deepEqual(meter.take(4_000, 0), { seconds: 1, frames: 0, bytes: 0, decodeMs: { p50: 0, p95: 0 }, drawMs: { p50: 0, p95: 0 }, cells: 0 });
});

test("addresses give the token up", () => {
  const fragment = readAddress("https://host/p/s?scale=fit&bare#token=a.b.c");
  assert.equal(fragment.token, "a.b.c");
  assert.equal(fragment.cleanHref, "https://host/p/s?scale=fit&bare=");
  assert.deepEqual(fragment.options, { bare: true, viewOnly: false, dot: false, scale: "fit" });
  const query = readAddress("https://host/s?token=x.y.z&view-only=1&language=de&scale=odd&bare=0");
  assert.equal(query.token, "x.y.z");
  assert.deepEqual(query.options, { bare: false, viewOnly: true, dot: false, language: "de" });
  assert.ok(!query.cleanHref.includes("x.y.z"));
  assert.equal(readAddress("https://host/s").cleanHref, "https://host/s");
});

test("languages fall back to English", () => {
  assert.equal(stringsFor(["pt-BR", "de-AT"]).language, "de");
  assert.equal(stringsFor(["xx"]).language, "en");
});

test("every failure has words", () => {
  const { strings } = stringsFor(["en"]);
  for (let category = 0; category <= 8; category++) {
    const ending = endingOf({ category, cause: "x", message: "" }, strings);
    assert.ok(ending.title.length > 0 && ending.advice.length > 0);
    assert.equal(ending.retry, [0, 4, 5, 6, 8].includes(category), `category ${category}`);
  }
});

test("hexadecimal", () => {
  assert.equal(toHex(Uint8Array.of(0, 10, 255)), "000aff");
  assert.deepEqual(fromHex("000aff", 3), Uint8Array.of(0, 10, 255));
  assert.equal(fromHex("00", 3), null);
  assert.equal(fromHex("zz", 1), null);
});

test("what the engine passes on is read for the page, and a record that breaks the rules is told", () => {
  const reports: Report[] = [];
  const broken: string[] = [];
  const read = readSaid((report) => reports.push(report), (reason) => broken.push(reason));
  const news = (code: number, ...bytes: number[]): void => {
    read({ kind: "news", code, body: Uint8Array.from(bytes) });
  };
  read({ kind: "latency", latencyMs: 7 });
  // Text in two parts, between which another record comes.
  news(0x82, 1 | 1 << 7, 97);
  news(0x86, 1, 98);
  news(0x82, 1 | 1 << 6, 99);
  news(0x8d, 1);
  assert.deepEqual(reports, [
    { kind: "latency", latencyMs: 7 },
    { kind: "phase", phase: 1, text: "b" },
    { kind: "clipboard", content: { text: "ac", html: null, png: null } },
  ]);
  assert.deepEqual(broken, []);
  news(0x8a, 17);
  news(0x83, 0xff);
  assert.deepEqual(broken, ["there are 17 screens, the limit is 16", "title is not UTF-8"]);
  assert.equal(reports.length, 3);
});
