/**
 * Fingers: a state machine from touches to what they mean. Free of the DOM; the caller converts places.
 *
 * One finger: tap clicks, holding still clicks right, moving drags (or pans while the view is zoomed).
 * Two fingers: moving together scrolls, moving apart zooms. Three fingers: a tap opens the toolbar.
 */

/** A place in the page, in CSS pixels. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** What fingers mean. */
export type Gesture =
  | { readonly kind: "tap"; readonly at: Spot }
  | { readonly kind: "hold"; readonly at: Spot }
  | { readonly kind: "drag"; readonly phase: "start" | "move" | "end"; readonly at: Spot }
  | { readonly kind: "pan"; readonly dx: number; readonly dy: number }
  | { readonly kind: "scroll"; readonly at: Spot; readonly dx: number; readonly dy: number }
  /** `factor` is against the last report; `at` is the middle between the fingers. */
  | { readonly kind: "zoom"; readonly at: Spot; readonly factor: number; readonly dx: number; readonly dy: number }
  | { readonly kind: "menu" };

/** Movement below this is a finger's own width, in CSS pixels. */
const STILL_MAX_PX = 10;
/** A change of distance above this zooms, in CSS pixels. */
const SPREAD_MIN_PX = 24;
const HOLD_MIN_MS = 500;
const TAP_MAX_MS = 400;
/** A second tap this soon and near is meant for the same place. */
const DOUBLE_TAP_MAX_MS = 450;
const DOUBLE_TAP_MAX_PX = 30;

type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "one"; readonly start: Spot; readonly timer: ReturnType<typeof setTimeout> }
  | { readonly kind: "drag" }
  | { readonly kind: "pan" }
  | { readonly kind: "two"; readonly middle: Spot; readonly spread: number }
  | { readonly kind: "scroll" }
  | { readonly kind: "zoom" }
  | { readonly kind: "three" }
  /** The gesture is over; wait for all fingers to lift. */
  | { readonly kind: "done" };

/** Follows the fingers on one surface. */
export class TouchTracker {
  readonly #act: (gesture: Gesture) => void;
  readonly #now: () => number;
  readonly #fingers = new Map<number, Spot>();
  #phase: Phase = { kind: "idle" };
  #startMs = 0;
  #middle: Spot = { x: 0, y: 0 };
  #spread = 0;
  #lastTap: { readonly at: Spot; readonly ms: number } | null = null;
  /** Whether one finger pans instead of dragging. */
  zoomed = false;

  /** `now` gives milliseconds. */
  constructor(act: (gesture: Gesture) => void, now: () => number) {
    this.#act = act;
    this.#now = now;
  }

  down(id: number, at: Spot): void {
    this.#fingers.set(id, at);
    this.#measure();
    switch (this.#fingers.size) {
      case 1:
        this.#startMs = this.#now();
        this.#enter({ kind: "one", start: at, timer: setTimeout(() => {
          this.#hold(at);
        }, HOLD_MIN_MS) });
        break;
      case 2:
        if (this.#phase.kind === "one") {
          this.#enter({ kind: "two", middle: this.#middle, spread: this.#spread });
        }
        break;
      case 3:
        if (this.#phase.kind === "two") {
          this.#enter({ kind: "three" });
        }
        break;
      default:
        this.#finish();
    }
  }

  move(id: number, at: Spot): void {
    if (!this.#fingers.has(id)) {
      return;
    }
    const [middle, spread] = [this.#middle, this.#spread];
    this.#fingers.set(id, at);
    this.#measure();
    const dx = this.#middle.x - middle.x;
    const dy = this.#middle.y - middle.y;
    switch (this.#phase.kind) {
      case "one":
        this.#leaveStill(this.#phase.start, at);
        break;
      case "drag":
        this.#act({ kind: "drag", phase: "move", at });
        break;
      case "pan":
        this.#act({ kind: "pan", dx, dy });
        break;
      case "two":
        this.#decideTwo(this.#phase.middle, this.#phase.spread);
        break;
      case "scroll":
        this.#act({ kind: "scroll", at: this.#middle, dx, dy });
        break;
      case "zoom":
        this.#act({ kind: "zoom", at: this.#middle, factor: spread > 0 ? this.#spread / spread : 1, dx, dy });
        break;
      case "three":
      case "idle":
      case "done":
        break;
    }
  }

  up(id: number): void {
    const at = this.#fingers.get(id);
    if (at === undefined) {
      return;
    }
    const quick = this.#now() - this.#startMs <= TAP_MAX_MS;
    switch (this.#phase.kind) {
      case "one":
        this.#tap(at);
        break;
      case "drag":
        this.#act({ kind: "drag", phase: "end", at });
        break;
      case "three":
        if (quick) {
          this.#act({ kind: "menu" });
        }
        break;
      case "idle":
      case "pan":
      case "two":
      case "scroll":
      case "zoom":
      case "done":
        break;
    }
    this.#fingers.delete(id);
    this.#measure();
    this.#enter({ kind: this.#fingers.size === 0 ? "idle" : "done" });
  }

  /** The system took the fingers away. */
  cancel(): void {
    this.#finish();
    this.#fingers.clear();
    this.#enter({ kind: "idle" });
  }

  #tap(at: Spot): void {
    const ms = this.#now();
    const last = this.#lastTap;
    const again = last !== null && ms - last.ms <= DOUBLE_TAP_MAX_MS && distance(last.at, at) <= DOUBLE_TAP_MAX_PX;
    const where = again ? last.at : at;
    this.#lastTap = { at: where, ms };
    this.#act({ kind: "tap", at: where });
  }

  #hold(at: Spot): void {
    this.#enter({ kind: "done" });
    this.#act({ kind: "hold", at });
  }

  #leaveStill(start: Spot, at: Spot): void {
    if (distance(start, at) <= STILL_MAX_PX) {
      return;
    }
    if (this.zoomed) {
      this.#enter({ kind: "pan" });
    } else {
      this.#enter({ kind: "drag" });
      this.#act({ kind: "drag", phase: "start", at: start });
      this.#act({ kind: "drag", phase: "move", at });
    }
  }

  #decideTwo(middle: Spot, spread: number): void {
    if (Math.abs(this.#spread - spread) > SPREAD_MIN_PX) {
      this.#enter({ kind: "zoom" });
    } else if (distance(middle, this.#middle) > STILL_MAX_PX) {
      this.#enter({ kind: "scroll" });
    }
  }

  /** Ends what is going on; fingers that stay down mean nothing more. */
  #finish(): void {
    if (this.#phase.kind === "drag") {
      this.#act({ kind: "drag", phase: "end", at: this.#middle });
    }
    this.#enter({ kind: "done" });
  }

  #enter(phase: Phase): void {
    if (this.#phase.kind === "one") {
      clearTimeout(this.#phase.timer);
    }
    this.#phase = phase;
  }

  #measure(): void {
    const [first, second] = [...this.#fingers.values()];
    if (first !== undefined) {
      const other = second ?? first;
      this.#middle = { x: (first.x + other.x) / 2, y: (first.y + other.y) / 2 };
      this.#spread = distance(first, other);
    }
  }
}

function distance(from: Spot, to: Spot): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}
