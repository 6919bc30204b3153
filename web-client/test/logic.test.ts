/** Reconnecting, the heartbeat, addresses and words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { endingOf } from "../src/app/cover.js";
import { fromHex, toHex } from "../src/app/hex.js";
import { stringsFor } from "../src/app/strings.js";
import { retryDelayMs } from "../src/engine/backoff.js";
import { Heartbeat } from "../src/engine/heartbeat.js";
import { readAddress } from "../src/page/address.js";

test("delays double up to five seconds, less a share", () => {
  assert.deepEqual([0, 1, 2, 4, 5, 100].map((attempt) => retryDelayMs(attempt, 0)), [250, 500, 1_000, 4_000, 5_000, 5_000]);
  assert.equal(retryDelayMs(0, 1), 125);
});

/** Ticks once a second from `from` to `to` and returns what was asked for, with the second. */
function run(beat: Heartbeat, from: number, to: number): string[] {
  const seen: string[] = [];
  for (let second = from; second <= to; second++) {
    const act = beat.tick(second * 1_000);
    if (act === "ping") {
      beat.pinged(second * 1_000);
    }
    if (act !== "nothing") {
      seen.push(`${act} ${second}`);
    }
  }
  return seen;
}

test("a silent link is lost ten seconds after the first unanswered ping", () => {
  const beat = new Heartbeat(0);
  beat.pinged(0);
  beat.heard(50);
  assert.deepEqual(run(beat, 1, 16), ["ping 5", "ping 10", "lost 15", "lost 16"]);
});

test("input in flight is asked after sooner, and answers keep the link", () => {
  const beat = new Heartbeat(0);
  beat.pinged(0);
  beat.heard(50);
  beat.input(100);
  assert.deepEqual(run(beat, 1, 4), ["ping 2", "ping 4"]);
  beat.heard(4_100);
  assert.deepEqual(run(beat, 5, 9), ["ping 9"]);
});

test("sleep is not silence, and a hint shortens the wait", () => {
  const beat = new Heartbeat(0);
  beat.pinged(0);
  assert.deepEqual(run(beat, 60, 63), ["ping 60"]);
  beat.heard(63_500);
  beat.probe();
  beat.pinged(64_000);
  assert.deepEqual(run(beat, 65, 67), ["lost 67"]);
});

test("only the last ping's pong is a measurement", () => {
  const beat = new Heartbeat(0);
  const first = beat.pinged(10);
  const second = beat.pinged(20);
  assert.equal(beat.ponged(first, 30), null);
  assert.equal(beat.ponged(second, 45), 25);
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
