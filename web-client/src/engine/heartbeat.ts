/**
 * Watches whether the gateway still answers. Pure: the caller brings the time and does the sending.
 *
 * A socket whose network is gone reports nothing for minutes, so silence is measured against pings
 * that this client has sent. A machine that slept sees a large gap between two ticks; the silence
 * before it says nothing, and counting starts anew.
 */

/** How often `tick` wants to be called, in milliseconds. */
export const TICK_MS = 1_000;
/** Between two pings, in milliseconds. */
export const PING_GAP_MS = 5_000;
/** The same while input waits for an answer. */
export const PING_GAP_BUSY_MS = 2_000;
/** Silence after which a link counts as lost, in milliseconds. */
export const SILENCE_MAX_MS = 10_000;
/** The same after a hint that the network has changed. */
export const PROBE_MAX_MS = 3_000;
const TICK_LATE_MS = 5_000;

/** What the caller must do now. */
export type Beat = "nothing" | "ping" | "lost";

/** One heartbeat belongs to one socket. All times are in milliseconds of one clock. */
export class Heartbeat {
  #heardMs: number;
  #tickMs: number;
  #inputMs = -Infinity;
  #pingMs = -Infinity;
  /** When the first ping since the last byte was sent, or null without one. */
  #askedMs: number | null = null;
  #patienceMs = SILENCE_MAX_MS;
  #token = 0;

  constructor(nowMs: number) {
    this.#heardMs = nowMs;
    this.#tickMs = nowMs;
  }

  /** Bytes came. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#askedMs = null;
    this.#patienceMs = SILENCE_MAX_MS;
  }

  /** Input was sent whose effect the user waits for. */
  input(nowMs: number): void {
    this.#inputMs = nowMs;
  }

  tick(nowMs: number): Beat {
    const late = nowMs - this.#tickMs > TICK_LATE_MS;
    this.#tickMs = nowMs;
    if (late) {
      this.#askedMs = null;
      return "ping";
    }
    if (this.#askedMs !== null && nowMs - this.#askedMs >= this.#patienceMs) {
      return "lost";
    }
    const gapMs = this.#inputMs > this.#heardMs ? PING_GAP_BUSY_MS : PING_GAP_MS;
    return nowMs - this.#pingMs >= gapMs ? "ping" : "nothing";
  }

  /** Something hints that the network changed: ask now, and wait less long for the answer. */
  probe(): void {
    this.#askedMs = null;
    this.#patienceMs = PROBE_MAX_MS;
  }

  /** A ping leaves; returns its token. */
  pinged(nowMs: number): number {
    this.#pingMs = nowMs;
    this.#askedMs ??= nowMs;
    this.#token = (this.#token + 1) % 0x1_0000_0000;
    return this.#token;
  }

  /** The round trip that a pong ends, in milliseconds, or null for the answer to an older ping. */
  ponged(token: number, nowMs: number): number | null {
    return token === this.#token ? nowMs - this.#pingMs : null;
  }
}
