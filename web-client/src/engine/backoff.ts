/** When to try again after a lost connection: pure arithmetic, so that it can be tested. */

const DELAY_MIN_MS = 250;
const DELAY_MAX_MS = 5_000;

/**
 * Milliseconds to wait before attempt `attempt`, counted from 0. The delay doubles up to five seconds
 * and loses up to half of itself by `random` (0 to 1), so that the viewers of a restarted gateway
 * do not all return at once.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const delay = Math.min(DELAY_MAX_MS, DELAY_MIN_MS * 2 ** Math.min(attempt, 16));
  return delay * (1 - random / 2);
}

const HURRY_MIN_MS = 300;
const HURRY_ROUND_TRIPS = 4;
/** So many attempts take the same time each; browsers hold back the sockets of pages that go on at that pace. */
const HURRY_ATTEMPTS = 14;

/**
 * Milliseconds that attempt `attempt`, counted from 0, may take to connect before a fresh one takes its place. A network
 * that is back carries new packets at once, and those of an older attempt only when the system repeats them.
 */
export function connectMaxMs(attempt: number, roundTripMs: number): number {
  const patience = 2 ** Math.min(16, Math.max(0, attempt - HURRY_ATTEMPTS));
  return Math.min(DELAY_MAX_MS, Math.max(HURRY_MIN_MS, HURRY_ROUND_TRIPS * roundTripMs) * patience);
}
