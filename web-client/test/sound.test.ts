/** The jitter buffer, with a clock that is counted in samples. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ring } from "../src/sound/ring.js";

const RATE_HZ = 48_000;
const FRAME = 960;
/** What an audio thread asks for at a time. */
const QUANTUM = 128;

/** Samples that count, so that any that is lost or played twice shows. */
function counting(from: number, length = FRAME): readonly Float32Array[] {
  const samples = Float32Array.from({ length }, (_, at) => from + at);
  return [samples, samples.map((sample) => -sample)];
}

/** Pulls for `ms`, calling `tick` for each of them; returns what was heard on the left. */
function play(ring: Ring, ms: number, tick: (atMs: number) => void = () => undefined): number[] {
  const heard: number[] = [];
  let told = 0;
  for (let at = 0; at < (ms * RATE_HZ) / 1000; at += QUANTUM) {
    for (; told <= (at * 1000) / RATE_HZ; told++) {
      tick(told);
    }
    const out = [new Float32Array(QUANTUM), new Float32Array(QUANTUM)];
    ring.pull(out);
    heard.push(...(out[0] ?? []));
    assert.deepEqual([...(out[1] ?? [])], [...(out[0] ?? [])].map((sample) => (sample === 0 ? 0 : -sample)));
  }
  return heard;
}

const loud = (heard: readonly number[]): readonly number[] => heard.filter((sample) => sample !== 0);

test("what comes in time is heard exactly once, after a short wait", () => {
  const ring = new Ring(RATE_HZ);
  let sent = 1;
  const heard = play(ring, 1000, (atMs) => {
    if (atMs % 20 === 0) {
      ring.push(counting(sent), sent > 1);
      sent += FRAME;
    }
  });
  const first = heard.findIndex((sample) => sample !== 0);
  assert.ok(first <= RATE_HZ * 0.045, `${first}`);
  assert.deepEqual(heard.slice(first), heard.slice(first).map((_, at) => at + 1));
});

test("a short sound is heard although it is less than what is waited for", () => {
  const ring = new Ring(RATE_HZ);
  ring.push(counting(1), false);
  const heard = loud(play(ring, 200));
  // The last sample has none after it to come between.
  assert.ok(heard.length >= FRAME - 2, `${heard.length}`);
});

test("after a stall nothing is heard late", () => {
  const ring = new Ring(RATE_HZ);
  let sent = 1;
  const push = (): void => {
    ring.push(counting(sent), true);
    sent += FRAME;
  };
  play(ring, 400, (atMs) => {
    if (atMs % 20 === 0) {
      push();
    }
  });
  play(ring, 300);
  // A second of sound at once.
  for (let frame = 0; frame < 50; frame++) {
    push();
    assert.ok(ring.heldMs <= 110, `${ring.heldMs}`);
  }
  const heard = loud(play(ring, 20));
  assert.ok((heard[0] ?? 0) > sent - 0.11 * RATE_HZ, `${heard[0]} of ${sent}`);
});

test("running dry makes it wait for more, a while without makes it wait for less, silence does neither", () => {
  const ring = new Ring(RATE_HZ);
  ring.push(counting(1), false);
  play(ring, 100);
  ring.push(counting(1), true);
  assert.equal(ring.targetMs, 60);
  play(ring, 100);
  ring.push(counting(1), false);
  assert.equal(ring.targetMs, 60);
  play(ring, 1000);
  ring.push(counting(1), true);
  assert.equal(ring.targetMs, 60);
  play(ring, 12_000, (atMs) => {
    if (atMs % 20 === 0) {
      ring.push(counting(1), true);
    }
  });
  assert.equal(ring.targetMs, 40);
});

test("clocks that differ neither run it dry nor make it late", () => {
  for (const periodMs of [19.95, 20.05]) {
    const ring = new Ring(RATE_HZ);
    let next = 0;
    let first = true;
    let gaps = 0;
    let started = false;
    play(ring, 60_000, (atMs) => {
      while (next <= atMs) {
        ring.push([new Float32Array(FRAME).fill(1), new Float32Array(FRAME).fill(-1)], !first);
        first = false;
        next += periodMs;
      }
      started ||= atMs > 1000;
      if (started && ring.heldMs < 1) {
        gaps += 1;
      }
      assert.ok(ring.heldMs <= 111, `${ring.heldMs}`);
    }).slice(RATE_HZ).forEach((sample) => {
      gaps += sample === 0 ? 1 : 0;
    });
    assert.equal(gaps, 0, `${periodMs}`);
  }
});
