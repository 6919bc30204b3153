/** Mice and pens: moves are paced, buttons never wait and never merge. All of it is free of the DOM. */

import type { Command } from "../wire/command.js";

import type { Spot } from "./touch.js";

/** A place on the remote's picture, in its pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Shortest time between two moves, in milliseconds. */
export const MOVE_GAP_MS = 8;
/** CSS pixels that count as one notch of a wheel, and the link's units in a notch. */
const NOTCH_PX = 100;
const NOTCH_UNITS = 120;
/** Lines of `WheelEvent.DOM_DELTA_LINE` in a notch. */
const NOTCH_LINES = 3;

/** DOM button bits (left, right, middle, back, forward) to the link's (left, middle, right, back, forward). */
export function buttonsOf(domButtons: number): number {
  return (domButtons & 0b11001) | ((domButtons & 0b00010) << 1) | ((domButtons & 0b00100) >> 1);
}

/** Turns what a pointer does into Pointer records, at most one move every `MOVE_GAP_MS`. */
export class PointerPacer {
  readonly #send: (command: Command) => void;
  readonly #now: () => number;
  #place: Place = { x: 0, y: 0 };
  #buttons = 0;
  #sentMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `now` gives milliseconds. */
  constructor(send: (command: Command) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  /** Buttons that are down, as the link counts them. */
  get buttons(): number {
    return this.#buttons;
  }

  /** The pointer is at `place` with `buttons` (the link's bits) down. */
  update(place: Place, buttons: number): void {
    const moved = place.x !== this.#place.x || place.y !== this.#place.y;
    this.#place = place;
    if (buttons !== this.#buttons) {
      this.#buttons = buttons;
      this.#flush();
    } else if (moved && this.#timer === null) {
      const waitMs = this.#sentMs + MOVE_GAP_MS - this.#now();
      if (waitMs <= 0) {
        this.#flush();
      } else {
        this.#timer = setTimeout(() => {
          this.#flush();
        }, waitMs);
      }
    }
  }

  /** The pointer is at `place` with nothing down, and the remote may not know: it is told even if nothing changed. */
  renew(place: Place): void {
    this.#place = place;
    this.#buttons = 0;
    this.#flush();
  }

  /** Forgets what is down: everything was released by other means. */
  forget(): void {
    this.#buttons = 0;
    this.#stopTimer();
  }

  #flush(): void {
    this.#stopTimer();
    this.#sentMs = this.#now();
    this.#send({ kind: "pointer", ...this.#place, buttons: this.#buttons });
  }

  #stopTimer(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
  }
}

/**
 * Tells a new link where the pointer is. Moves made while there was no link went nowhere, and a remote that believes
 * the pointer to be elsewhere paints one into its picture.
 */
export class PointerReminder {
  readonly #placeOf: (spot: Spot) => Place | null;
  readonly #tell: (place: Place) => void;
  #spot: Spot | null = null;
  #owed = false;

  /** `placeOf` gives null while there is no picture. */
  constructor(placeOf: (spot: Spot) => Place | null, tell: (place: Place) => void) {
    this.#placeOf = placeOf;
    this.#tell = tell;
  }

  /** The pointer is at `spot`: a place in the page, so that it outlives another size of the picture. */
  at(spot: Spot): void {
    this.#spot = spot;
    // A link that knows of no place yet learns this one before what the pointer does there.
    this.settle();
  }

  /** The link is new. `sized`: the picture has its size already; else `settle` follows once it has. */
  renew(sized: boolean): void {
    this.#owed = true;
    if (sized) {
      this.settle();
    }
  }

  /** The picture has its size. */
  settle(): void {
    const place = this.#owed && this.#spot !== null ? this.#placeOf(this.#spot) : null;
    if (place !== null) {
      this.#owed = false;
      this.#tell(place);
    }
  }
}

/** Gathers wheel movement until it makes whole units. */
export class WheelGatherer {
  #dx = 0;
  #dy = 0;

  /** `mode` is `WheelEvent.deltaMode`. Null when nothing whole has come together yet. */
  add(deltaX: number, deltaY: number, mode: number): { readonly dx: number; readonly dy: number } | null {
    const units = unitsPerDelta(mode);
    this.#dx += deltaX * units;
    this.#dy += deltaY * units;
    const [dx, dy] = [Math.trunc(this.#dx), Math.trunc(this.#dy)];
    this.#dx -= dx;
    this.#dy -= dy;
    return dx === 0 && dy === 0 ? null : { dx, dy };
  }
}

function unitsPerDelta(mode: number): number {
  switch (mode) {
    case 1:
      return NOTCH_UNITS / NOTCH_LINES;
    case 2:
      // A page: no device in use sends it, and three notches is what three lines each make of it.
      return NOTCH_UNITS * 3;
    default:
      return NOTCH_UNITS / NOTCH_PX;
  }
}
