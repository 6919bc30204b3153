/**
 * How much of an upload may be on its way, so that keys do not wait behind it.
 *
 * Like LEDBAT (RFC 6817): the window grows while what is sent does not queue and shrinks as soon as it does. The
 * Rust twin for downloads is `crates/pure/session/src/files/window.rs`.
 */

import { FILE_DATA_MAX_BYTES } from "../wire/files.js";

/** How long an upload may make others wait, in milliseconds. */
const TARGET_MS = 20;
const START_BYTES = 32 << 10;
const MIN_BYTES = 8 << 10;
const MAX_BYTES = 4 << 20;
/** Growth in a round trip once the path has been full. */
const STEP_BYTES = 16 << 10;
const PIECE_MIN_BYTES = 4 << 10;
const PIECES = 8;
/** For how long the shortest trip counts, once and twice. */
const BASE_AGE_MS = 30_000;

export class UploadWindow {
  #bytes = START_BYTES;
  /** Pieces that are not credited: the count of bytes at the end of each, and when it left. */
  #underWay: { readonly end: number; readonly atMs: number }[] = [];
  #sent = 0;
  #credited = 0;
  #starting = true;
  #newestMs = Infinity;
  #beforeMs = Infinity;
  #sinceMs = -Infinity;

  get pieceBytes(): number {
    return Math.min(FILE_DATA_MAX_BYTES, Math.max(PIECE_MIN_BYTES, Math.floor(this.#bytes / PIECES)));
  }

  get isOpen(): boolean {
    return this.#sent - this.#credited < this.#bytes;
  }

  sent(nowMs: number, bytes: number): void {
    this.#sent += bytes;
    this.#underWay.push({ end: this.#sent, atMs: nowMs });
  }

  credited(nowMs: number, bytes: number): void {
    const wasUsed = (this.#sent - this.#credited) * 2 >= this.#bytes;
    const fresh = Math.min(bytes, this.#sent - this.#credited);
    this.#credited += fresh;
    const arrived = this.#underWay.filter(({ end }) => end <= this.#credited);
    this.#underWay = this.#underWay.slice(arrived.length);
    const last = arrived.at(-1);
    if (last !== undefined) {
      const tripMs = nowMs - last.atMs;
      this.#adapt(tripMs - this.#base(nowMs, tripMs), fresh, wasUsed);
    }
  }

  #adapt(queuedMs: number, fresh: number, wasUsed: boolean): void {
    const off = 1 - queuedMs / TARGET_MS;
    if (off < 0.5) {
      this.#starting = false;
    }
    if (off < 0) {
      this.#bytes += (Math.max(off, -1) / 2) * fresh;
    } else if (wasUsed) {
      this.#bytes += this.#starting ? fresh : Math.min(fresh, (off * fresh * STEP_BYTES) / this.#bytes);
    }
    this.#bytes = Math.min(MAX_BYTES, Math.max(MIN_BYTES, this.#bytes));
  }

  #base(nowMs: number, tripMs: number): number {
    if (nowMs - this.#sinceMs > BASE_AGE_MS) {
      this.#beforeMs = this.#newestMs;
      this.#newestMs = tripMs;
      this.#sinceMs = nowMs;
    }
    this.#newestMs = Math.min(this.#newestMs, tripMs);
    return Math.min(this.#newestMs, this.#beforeMs);
  }
}
