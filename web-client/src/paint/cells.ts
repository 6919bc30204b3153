/**
 * Stop 9 of the pixel path: pieces of the picture that the gateway may ask for again.
 *
 * Cells lie in sheets, 64 to a row, so that consecutive ones are one wide picture: a whole row of a rectangle is
 * kept and brought back by one draw. A sheet is made when the first of its cells is used.
 */

import { MessageError } from "../wire/reader.js";
import type { Rect } from "../wire/message.js";
import type { Context, Source } from "./painter.js";

/** Side of a cell, in pixels. */
export const CELL_SIDE_PX = 64;
/** Cells of a browser that can spare the memory: 64 MiB of pixels. */
export const CELLS_MAX = 4096;
/** Cells of a phone or a small machine: 16 MiB. */
const CELLS_MAX_SMALL = 1024;
/** Machines with at most this much memory, in GiB, count as small. */
const MEMORY_SMALL_GIB = 4;
const SHEET_COLUMNS = 64;
const SHEET_ROWS = 8;
const SHEET_CELLS = SHEET_COLUMNS * SHEET_ROWS;

/** How many cells to keep. `memoryGib` is what the browser says, if it does; `coarse`: fingers are the main pointer. */
export function cellsFor(memoryGib: number | undefined, coarse: boolean): number {
  return coarse || (memoryGib !== undefined && memoryGib <= MEMORY_SMALL_GIB) ? CELLS_MAX_SMALL : CELLS_MAX;
}

/** Draws `width * height` pixels of `source`, from `sourceX`, `sourceY`, at a place of the picture. */
export type Draw = (source: Source, sourceX: number, sourceY: number, rect: Rect) => void;

interface Sheet {
  readonly canvas: OffscreenCanvas;
  readonly context: Context;
}

/** A picture's row of whole squares that lie side by side in one row of a sheet. */
interface Run {
  readonly cell: number;
  readonly count: number;
  readonly rect: Rect;
}

/** All cells of one screen. */
export class Cells {
  /** How many there are. */
  readonly count: number;
  /** Width and height of each cell's picture, as `sizeKey` packs them; 0 for one that holds none. */
  readonly #sizes: Uint16Array;
  readonly #sheets = new Map<number, Sheet>();
  #used = 0;

  constructor(count: number) {
    this.count = count;
    this.#sizes = new Uint16Array(count);
  }

  /** How many hold a picture. */
  get used(): number {
    return this.#used;
  }

  /** @throws {MessageError} if `rect` needs cells past the last. */
  check(first: number, rect: Rect): void {
    const end = first + Math.ceil(rect.width / CELL_SIDE_PX) * Math.ceil(rect.height / CELL_SIDE_PX);
    if (end > this.count) {
      throw new MessageError(`cells end at ${end}, there are ${this.count}`);
    }
  }

  /** Keeps `rect` of `picture`. Squares that `isSpoiled` are not kept, and what was in their cells is gone too. */
  store(first: number, rect: Rect, picture: Source, isSpoiled: (square: Rect) => boolean): void {
    for (const run of runsOf(first, rect)) {
      const sheet = this.#sheet(run.cell);
      if (sheet !== null) {
        const { x, y, width, height } = run.rect;
        const [toX, toY] = placeOf(run.cell);
        sheet.context.drawImage(picture, x, y, width, height, toX, toY, width, height);
      }
      for (const { cell, rect: square } of squaresOf(run)) {
        this.#setSize(cell, sheet === null || isSpoiled(square) ? 0 : sizeKey(square));
      }
    }
  }

  /** Brings `rect` back through `draw`, and tells `missing` of each square that cannot be. */
  recall(first: number, rect: Rect, draw: Draw, missing: (square: Rect) => void): void {
    for (const run of runsOf(first, rect)) {
      if (this.#holds(run)) {
        this.#draw(run, draw);
        continue;
      }
      for (const square of squaresOf(run)) {
        if (this.#holds(square)) {
          this.#draw(square, draw);
        } else {
          missing(square.rect);
        }
      }
    }
  }

  /** Empties all cells and gives their memory back. */
  clear(): void {
    this.#sizes.fill(0);
    this.#used = 0;
    for (const { canvas } of this.#sheets.values()) {
      // Some browsers free a canvas's memory long after the canvas itself.
      canvas.width = canvas.height = 0;
    }
    this.#sheets.clear();
  }

  #holds(run: Run): boolean {
    for (const { cell, rect } of squaresOf(run)) {
      if (this.#sizes[cell] !== sizeKey(rect)) {
        return false;
      }
    }
    return true;
  }

  #draw(run: Run, draw: Draw): void {
    const sheet = this.#sheets.get(Math.floor(run.cell / SHEET_CELLS));
    if (sheet !== undefined) {
      const [x, y] = placeOf(run.cell);
      draw(sheet.canvas, x, y, run.rect);
    }
  }

  #setSize(cell: number, key: number): void {
    const before = this.#sizes[cell];
    this.#used += (key === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    this.#sizes[cell] = key;
  }

  /** The cell's sheet, made if need be; null where the browser has no memory for it. */
  #sheet(cell: number): Sheet | null {
    const number = Math.floor(cell / SHEET_CELLS);
    const held = this.#sheets.get(number);
    if (held !== undefined) {
      return held;
    }
    const rows = Math.min(SHEET_ROWS, Math.ceil(this.count / SHEET_COLUMNS) - number * SHEET_ROWS);
    const canvas = new OffscreenCanvas(SHEET_COLUMNS * CELL_SIDE_PX, rows * CELL_SIDE_PX);
    const context = canvas.getContext("2d", { alpha: false, colorSpace: "srgb" });
    if (context === null) {
      return null;
    }
    context.imageSmoothingEnabled = false;
    canvas.addEventListener("contextlost", () => {
      this.#forgetSheet(number);
    });
    const sheet = { canvas, context };
    this.#sheets.set(number, sheet);
    return sheet;
  }

  /** The browser took the sheet's memory away. */
  #forgetSheet(number: number): void {
    this.#sheets.delete(number);
    for (let cell = number * SHEET_CELLS; cell < Math.min(this.count, (number + 1) * SHEET_CELLS); cell++) {
      this.#setSize(cell, 0);
    }
  }
}

/** Cuts `rect` into runs, from its top left. */
function* runsOf(first: number, rect: Rect): Generator<Run> {
  const right = rect.x + rect.width;
  const bottom = rect.y + rect.height;
  let cell = first;
  for (let y = rect.y; y < bottom; y += CELL_SIDE_PX) {
    const height = Math.min(CELL_SIDE_PX, bottom - y);
    for (let x = rect.x; x < right; ) {
      const count = Math.min(Math.ceil((right - x) / CELL_SIDE_PX), SHEET_COLUMNS - (cell % SHEET_COLUMNS));
      const width = Math.min(right - x, count * CELL_SIDE_PX);
      yield { cell, count, rect: { x, y, width, height } };
      cell += count;
      x += width;
    }
  }
}

/** Cuts a run into its squares. */
function* squaresOf({ cell, count, rect }: Run): Generator<Run> {
  for (let at = 0; at < count; at++) {
    const left = at * CELL_SIDE_PX;
    const width = Math.min(CELL_SIDE_PX, rect.width - left);
    yield { cell: cell + at, count: 1, rect: { x: rect.x + left, y: rect.y, width, height: rect.height } };
  }
}

/** Where a cell lies in its sheet, in pixels. */
function placeOf(cell: number): readonly [number, number] {
  const within = cell % SHEET_CELLS;
  return [(within % SHEET_COLUMNS) * CELL_SIDE_PX, Math.floor(within / SHEET_COLUMNS) * CELL_SIDE_PX];
}

function sizeKey({ width, height }: Rect): number {
  return (width << 8) | height;
}
