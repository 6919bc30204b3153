/** Counts what an engine does, for whoever asks. It takes the same memory however long it runs. */

import type { Spread, Stats } from "./reports.js";

/** How many of the latest frames the percentiles speak of. */
const SAMPLES_MAX = 1024;

/** One engine's counters. All times are in milliseconds of one clock. */
export class Meter {
  #sinceMs: number;
  #frames = 0;
  #bytes = 0;
  readonly #decodeMs = new Float32Array(SAMPLES_MAX);
  readonly #drawMs = new Float32Array(SAMPLES_MAX);

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  painted(decodeMs: number, drawMs: number): void {
    this.#decodeMs[this.#frames % SAMPLES_MAX] = decodeMs;
    this.#drawMs[this.#frames % SAMPLES_MAX] = drawMs;
    this.#frames += 1;
  }

  /** The counters since the last call. `cells` is passed on. */
  take(nowMs: number, cells: number): Stats {
    const count = Math.min(this.#frames, SAMPLES_MAX);
    const stats = {
      seconds: (nowMs - this.#sinceMs) / 1000,
      frames: this.#frames,
      bytes: this.#bytes,
      decodeMs: spread(this.#decodeMs.slice(0, count)),
      drawMs: spread(this.#drawMs.slice(0, count)),
      cells,
    };
    this.#sinceMs = nowMs;
    this.#frames = this.#bytes = 0;
    return stats;
  }
}

function spread(samples: Float32Array): Spread {
  samples.sort();
  const at = (part: number): number => samples[Math.min(samples.length - 1, Math.floor(part * samples.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}
