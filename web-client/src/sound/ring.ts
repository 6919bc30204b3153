/**
 * The jitter buffer: what has come and is not heard yet, in samples.
 *
 * It begins to play once there is enough to bridge what arrives late, plays a little faster or slower so that there
 * stays as much although the clocks of the remote and of this machine differ, and drops what would be heard too late.
 */

/** How much is waited for at first, and at most after it has run dry again and again, in milliseconds. */
const TARGET_MIN_MS = 40;
const TARGET_MAX_MS = 80;
/** By how much more is waited for after each time. */
const TARGET_STEP_MS = 20;
/** After so long without running dry, less is waited for again. */
const CALM_MS = 10_000;
/** More than this is never held. */
const HELD_MAX_MS = 110;
/** How much faster or slower it may play: less than anybody hears. */
const STRETCH_MAX = 0.005;
/** How far from the target it may be before that. */
const SLACK_MS = 10;
/** How long the average of what is held remembers. */
const AVERAGE_MS = 300;
/** What follows within this after it ran dry was late; after that, the remote was silent. */
const LATE_MS = 200;

const CHANNELS = 2;

/** Two channels of samples. */
export class Ring {
  readonly #samples: readonly Float32Array[];
  readonly #capacity: number;
  readonly #perMs: number;
  /** Counts of all that was pushed and pulled. */
  #pushed = 0;
  #pulled = 0;
  #target = TARGET_MIN_MS;
  #average = 0;
  #isPlaying = false;
  /** Samples pulled since it began to wait, or since it ran dry. */
  #waited = 0;
  #calm = 0;

  constructor(rateHz: number) {
    this.#perMs = rateHz / 1000;
    this.#capacity = Math.ceil(2 * HELD_MAX_MS * this.#perMs);
    this.#samples = Array.from({ length: CHANNELS }, () => new Float32Array(this.#capacity));
  }

  /** What is held, in milliseconds. */
  get heldMs(): number {
    return (this.#pushed - this.#pulled) / this.#perMs;
  }

  get targetMs(): number {
    return this.#target;
  }

  /** Takes samples of one or two channels, as many of each. `follows`: nothing was left out before them. */
  push(channels: readonly Float32Array[], follows: boolean): void {
    const length = Math.min(channels[0]?.length ?? 0, this.#capacity);
    if (!this.#isPlaying && this.heldMs < 1) {
      if (follows && this.#waited > 0 && this.#waited < LATE_MS * this.#perMs) {
        this.#target = Math.min(this.#target + TARGET_STEP_MS, TARGET_MAX_MS);
        this.#calm = 0;
      }
      this.#pulled = this.#pushed;
      this.#waited = 0;
    }
    this.#samples.forEach((samples, at) => {
      const from = channels[Math.min(at, channels.length - 1)];
      for (let place = 0; place < length; place++) {
        samples[(this.#pushed + place) % this.#capacity] = from?.[place] ?? 0;
      }
    });
    this.#pushed += length;
    if (this.heldMs > HELD_MAX_MS) {
      this.#pulled = this.#pushed - this.#target * this.#perMs;
      this.#average = this.#target;
    }
  }

  /** Fills `out`, channels of the same length, with what is to be heard now: silence if there is nothing. */
  pull(out: readonly Float32Array[]): void {
    const length = out[0]?.length ?? 0;
    const isEnough = this.heldMs >= this.#target || this.#waited >= this.#target * this.#perMs;
    if (!this.#isPlaying && this.heldMs >= 1 && isEnough) {
      this.#isPlaying = true;
      this.#average = this.heldMs;
    }
    let done = 0;
    if (this.#isPlaying) {
      const step = this.#step(length);
      while (done < length && this.#pushed - this.#pulled >= 2) {
        this.#take(out, done);
        this.#pulled += step;
        done += 1;
      }
      if (done < length) {
        this.#isPlaying = false;
        this.#waited = 0;
        this.#pulled = this.#pushed;
      }
    }
    this.#waited += length - done;
    out.forEach((channel) => channel.fill(0, done));
  }

  #take(out: readonly Float32Array[], place: number): void {
    const whole = Math.floor(this.#pulled);
    const part = this.#pulled - whole;
    out.forEach((channel, at) => {
      const samples = this.#samples[Math.min(at, CHANNELS - 1)];
      const before = samples?.[whole % this.#capacity] ?? 0;
      const after = samples?.[(whole + 1) % this.#capacity] ?? 0;
      channel[place] = part === 0 ? before : before + (after - before) * part;
    });
  }

  /** How many of the samples that are held make one that is heard. */
  #step(length: number): number {
    this.#average += (this.heldMs - this.#average) * Math.min(1, length / (AVERAGE_MS * this.#perMs));
    this.#calm += length;
    if (this.#calm > CALM_MS * this.#perMs && this.#target > TARGET_MIN_MS) {
      this.#target -= TARGET_STEP_MS;
      this.#calm = 0;
    }
    const off = this.#average - this.#target;
    if (Math.abs(off) <= SLACK_MS) {
      // From a whole sample on, nothing is interpolated.
      this.#pulled = Math.round(this.#pulled);
      return 1;
    }
    return 1 + STRETCH_MAX * Math.max(-1, Math.min(1, off / this.#target));
  }
}
