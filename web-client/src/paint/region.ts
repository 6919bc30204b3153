/** Parts of the picture that are not as they should be. Pure. */

import type { Rect } from "../wire/message.js";

/** Most rectangles that are told apart; beyond, one around all of them stands for all. */
const RECTS_MAX = 64;

/** A set of pixels, as rectangles that may overlap. It may claim more than was added, never less. */
export class Region {
  #rects: Rect[] = [];

  get isEmpty(): boolean {
    return this.#rects.length === 0;
  }

  add(rect: Rect): void {
    this.#replace([...this.#rects, rect]);
  }

  /** Takes out what `rect` covers. */
  remove(rect: Rect): void {
    // Nearly always: nothing is spoiled, and painting should not pay for it.
    if (this.#rects.length !== 0) {
      this.#replace(this.#rects.flatMap((held) => outside(held, rect)));
    }
  }

  clear(): void {
    this.#rects = [];
  }

  /** The parts of `rect` that belong to the region. */
  within(rect: Rect): readonly Rect[] {
    return this.#rects.flatMap((held) => shared(held, rect) ?? []);
  }

  #replace(rects: Rect[]): void {
    this.#rects = rects.length > RECTS_MAX ? [rects.reduce(union)] : rects;
  }
}

/** The smallest rectangle that holds both. */
export function union(first: Rect, second: Rect): Rect {
  const x = Math.min(first.x, second.x);
  const y = Math.min(first.y, second.y);
  const right = Math.max(first.x + first.width, second.x + second.width);
  const bottom = Math.max(first.y + first.height, second.y + second.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** What both cover, or null. */
function shared(first: Rect, second: Rect): Rect | null {
  const x = Math.max(first.x, second.x);
  const y = Math.max(first.y, second.y);
  const right = Math.min(first.x + first.width, second.x + second.width);
  const bottom = Math.min(first.y + first.height, second.y + second.height);
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null;
}

/** What of `rect` lies outside `hole`: up to four strips, above, below, left and right of it. */
function outside(rect: Rect, hole: Rect): readonly Rect[] {
  const cut = shared(rect, hole);
  if (cut === null) {
    return [rect];
  }
  const right = cut.x + cut.width;
  const bottom = cut.y + cut.height;
  return [
    { x: rect.x, y: rect.y, width: rect.width, height: cut.y - rect.y },
    { x: rect.x, y: bottom, width: rect.width, height: rect.y + rect.height - bottom },
    { x: rect.x, y: cut.y, width: cut.x - rect.x, height: cut.height },
    { x: right, y: cut.y, width: rect.x + rect.width - right, height: cut.height },
  ].filter(({ width, height }) => width > 0 && height > 0);
}
