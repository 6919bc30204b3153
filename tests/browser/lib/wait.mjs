/** Waiting for conditions. Nothing here proves anything by the time that has passed. */

/** Longest wait for anything, in milliseconds: generous, because test machines are busy. */
export const WAIT_MAX_MS = 60_000;
/** Longest time for one test, in milliseconds. */
export const TEST_MAX_MS = 180_000;
const GAP_MS = 50;

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((done) => {
    setTimeout(done, ms);
  });
}

/**
 * Asks again and again until `probe` answers with something else than `undefined`, `null` or `false`.
 *
 * @template T
 * @param {string} what named in the error
 * @param {() => T | Promise<T>} probe
 * @param {() => unknown} [describe] more for the error: what was there instead
 * @returns {Promise<Exclude<T, undefined | null | false>>}
 */
export async function until(what, probe, describe = () => "") {
  const deadline = performance.now() + WAIT_MAX_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) {
      return /** @type {any} */ (found);
    }
    if (performance.now() > deadline) {
      const more = await describe();
      throw new Error(`no ${what} after ${WAIT_MAX_MS} ms${more === "" ? "" : `: ${String(more)}`}`);
    }
    await sleep(GAP_MS);
  }
}
