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
