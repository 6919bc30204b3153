/**
 * Watches whether the gateway still answers. Pure: the caller brings the time and does the sending.
 *
 * A socket whose network is gone reports nothing for minutes, so silence is measured against pings
 * that this client has sent: soon while frames come or input waits for its effect, now and then otherwise. First
 * the socket counts as silent, and another may be opened beside it; much later it counts as lost.
 * A machine that slept sees a large gap between two ticks; the silence before it says nothing, and counting starts anew.
 */

/** Longest time between two ticks, in milliseconds. */
export const TICK_MAX_MS = 500;
const TICK_MIN_MS = 50;
/** Between two pings, in milliseconds. */
export const PING_GAP_MS = 2_500;
/** The same while the page is hidden. */
export const PING_GAP_HIDDEN_MS = 5_000;
/** Without a byte for so long, a ping follows while something is expected. */
export const PING_GAP_BUSY_MS = 500;
/** How long something is expected after a frame or input, in milliseconds. */
const BUSY_MS = 2_000;
/** Shortest silence that counts, in milliseconds. Slow networks take as many round trips as the next line says. */
export const SILENCE_MIN_MS = 1_000;
const SILENCE_ROUND_TRIPS = 4;
/** Shortest wait for the answer to a ping, in milliseconds. */
const ANSWER_MIN_MS = 500;
/** Silence after which a socket counts as lost, in milliseconds. */
export const LOST_MS = 10_000;
/** The same after a hint that the network has changed. */
export const LOST_HINTED_MS = 3_000;
const TICK_LATE_MS = 5_000;
/** Longest patience, as a multiple of the ordinary one, and how long calm must last until it is halved. */
const DOUBT_MAX = 8;
const CALM_MS = 30_000;

/** What the caller must do now. `silent` comes with every tick until bytes do. */
export type Beat = "nothing" | "ping" | "silent" | "lost";

/** What is known of the network, beyond one socket. All times are in milliseconds of one clock. */
export class Network {
  /** Whether the page is hidden. */
  hidden = false;
  #roundTripMs: number | null = null;
  #doubt = 1;
  #doubtMs = 0;

  /** A mean round trip, or null before the first. */
  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  /** How many times longer than usual to be patient. */
  get doubt(): number {
    return this.#doubt;
  }

  measured(roundTripMs: number, nowMs: number): void {
    this.#roundTripMs = this.#roundTripMs === null ? roundTripMs : (3 * this.#roundTripMs + roundTripMs) / 4;
    if (this.#doubt > 1 && nowMs - this.#doubtMs > CALM_MS) {
      this.#doubt /= 2;
      this.#doubtMs = nowMs;
    }
  }

  /** A silence was none. One large message on a slow network looks like one, and must not be cut short again and again. */
  criedWolf(nowMs: number): void {
    this.#doubt = Math.min(DOUBT_MAX, this.#doubt * 2);
    this.#doubtMs = nowMs;
  }
}

/** One heartbeat belongs to one socket. */
export class Heartbeat {
  readonly #network: Network;
  #heardMs: number;
  #tickMs: number;
  #busyMs = -Infinity;
  #pingMs = -Infinity;
  /** When the first ping since the last byte was sent, or null without one. */
  #askedMs: number | null = null;
  #isHinted = false;
  #token = 0;

  constructor(network: Network, nowMs: number) {
    this.#network = network;
    this.#heardMs = nowMs;
    this.#tickMs = nowMs;
  }

  /** Bytes came. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#askedMs = null;
    this.#isHinted = false;
  }

  /** A frame came, or input was sent whose effect the user waits for: more is to be expected. */
  expect(nowMs: number): void {
    this.#busyMs = nowMs;
  }

  tick(nowMs: number): Beat {
    const late = nowMs - this.#tickMs > TICK_LATE_MS;
    this.#tickMs = nowMs;
    if (late) {
      this.#askedMs = null;
      return "ping";
    }
    if (this.#askedMs !== null && nowMs - this.#askedMs >= (this.#isHinted ? LOST_HINTED_MS : LOST_MS)) {
      return "lost";
    }
    if (nowMs >= this.#pingDueMs(nowMs)) {
      return "ping";
    }
    return nowMs >= this.#silentAtMs() ? "silent" : "nothing";
  }

  /** How long the next tick can wait, in milliseconds. */
  nextMs(nowMs: number): number {
    const due = Math.min(this.#pingDueMs(nowMs), Math.max(nowMs, this.#silentAtMs()));
    return Math.min(TICK_MAX_MS, Math.max(TICK_MIN_MS, due - nowMs));
  }

  /** Whether the socket is silent. */
  isSilent(nowMs: number): boolean {
    return nowMs >= this.#silentAtMs();
  }

  /** Something hints that the network changed: ask now, and wait less long for the answer. */
  probe(): void {
    this.#askedMs = null;
    this.#isHinted = true;
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
    if (token !== this.#token) {
      return null;
    }
    this.#network.measured(nowMs - this.#pingMs, nowMs);
    return nowMs - this.#pingMs;
  }

  #pingDueMs(nowMs: number): number {
    if (nowMs - this.#busyMs < BUSY_MS) {
      return Math.max(this.#pingMs, this.#heardMs) + PING_GAP_BUSY_MS;
    }
    return this.#pingMs + (this.#network.hidden ? PING_GAP_HIDDEN_MS : PING_GAP_MS);
  }

  #silentAtMs(): number {
    const { roundTripMs, doubt } = this.#network;
    if (this.#askedMs === null || roundTripMs === null) {
      return Infinity;
    }
    const trips = SILENCE_ROUND_TRIPS * roundTripMs;
    const answer = this.#askedMs + Math.max(ANSWER_MIN_MS, trips) * doubt;
    return this.#isHinted ? answer : Math.max(answer, this.#heardMs + Math.max(SILENCE_MIN_MS, trips) * doubt);
  }
}
