/** The picture's place in the page: its scale, the view's zoom, and places from one to the other. */

import type { Place } from "../input/pointer.js";
import type { Spot } from "../input/touch.js";
import type { Wish } from "../engine/reports.js";
import { make } from "./dom.js";
import { wishOf } from "./start.js";

/**
 * How the picture meets the window. `remote` asks the remote to take the window's size in device pixels,
 * `fit` scales the picture into the window, `native` shows one remote pixel for each CSS pixel.
 */
export type Scale = "remote" | "fit" | "native";

const ZOOM_MAX = 8;
/** Settled time before a size is asked for after the first, in milliseconds. */
const RESIZE_GAP_MS = 150;

/** Owns the viewport element and the canvas's style. */
export class View {
  readonly viewport = make("div", { class: "viewport", part: "viewport" });
  readonly #wished: (wish: Wish) => void;
  readonly #changed: () => void;
  readonly #observer: ResizeObserver;
  #canvas: HTMLCanvasElement | null = null;
  #scale: Scale;
  #resizable = false;
  #width = 0;
  #height = 0;
  #devicePx: readonly [number, number] | null = null;
  #zoom = 1;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastWish: Wish = { width: 0, height: 0, scalePercent: 0 };

  /** `wished` is told when the remote should change its size, `changed` when the layout is new. */
  constructor(scale: Scale, wished: (wish: Wish) => void, changed: () => void) {
    this.#scale = scale;
    this.#wished = wished;
    this.#changed = changed;
    this.#observer = new ResizeObserver((entries) => {
      this.#measure(entries);
    });
    try {
      this.#observer.observe(this.viewport, { box: "device-pixel-content-box" });
    } catch {
      // Not every browser knows that box; CSS pixels times the ratio then have to do.
      this.#observer.observe(this.viewport);
    }
  }

  /** Shows the canvas of an engine, a new one or `canvas`, in place of an earlier one. */
  newCanvas(canvas: HTMLCanvasElement = make("canvas")): HTMLCanvasElement {
    canvas.setAttribute("part", "canvas");
    this.#canvas?.remove();
    this.#canvas = canvas;
    this.viewport.append(canvas);
    this.layout();
    return canvas;
  }

  get scale(): Scale {
    return this.#scale;
  }

  set scale(scale: Scale) {
    this.#scale = scale;
    this.#zoom = 1;
    this.layout();
    this.#askSize();
  }

  /** Whether the remote can change its size. */
  set resizable(resizable: boolean) {
    this.#resizable = resizable;
    this.layout();
  }

  get zoomed(): boolean {
    return this.#zoom > 1;
  }

  /** CSS pixels for one remote pixel. */
  get factor(): number {
    return this.#baseFactor() * this.#zoom;
  }

  /** The picture's size in its own pixels; zeros before the first Size record. */
  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#width, height: this.#height };
  }

  /** The remote's picture has a new size. */
  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    this.layout();
  }

  /** The size to ask the remote for. */
  wish(): Wish {
    const ratio = window.devicePixelRatio;
    const box = this.viewport.getBoundingClientRect();
    const [width, height] = this.#devicePx ?? [box.width * ratio, box.height * ratio];
    return wishOf(this.#scale, width, height);
  }

  /** Notes the wish that went out with Hello. */
  wishSent(wish: Wish): void {
    this.#lastWish = wish;
  }

  /** Lays the picture out anew. */
  layout(): void {
    const canvas = this.#canvas;
    if (canvas === null || this.#width === 0) {
      return;
    }
    const factor = this.factor;
    canvas.style.width = `${this.#width * factor}px`;
    canvas.style.height = `${this.#height * factor}px`;
    // Whole multiples stay sharp; other factors would drop or double rows without smoothing.
    const device = factor * window.devicePixelRatio;
    const whole = Math.abs(device - Math.round(device)) < 0.001 && device > 0.5;
    canvas.style.imageRendering = whole ? "pixelated" : "auto";
    this.viewport.dataset["scroll"] = this.#scale === "native" && !this.zoomed ? "auto" : "hidden";
    this.#changed();
  }

  /** The remote pixel under a place in the page, moved to the picture's edge if outside. */
  placeOf(spot: Spot): Place {
    const box = this.#canvas?.getBoundingClientRect();
    if (box === undefined || box.width === 0 || box.height === 0) {
      return { x: 0, y: 0 };
    }
    const within = (part: number, side: number): number => Math.min(side - 1, Math.max(0, Math.floor(part * side)));
    return {
      x: within((spot.x - box.left) / box.width, this.#width),
      y: within((spot.y - box.top) / box.height, this.#height),
    };
  }

  /** Zooms by `factor` and keeps what is under `at` there. */
  zoomBy(factor: number, at: Spot): void {
    const before = this.#canvas?.getBoundingClientRect();
    const zoom = Math.min(ZOOM_MAX, Math.max(1, this.#zoom * factor));
    if (before === undefined || zoom === this.#zoom) {
      return;
    }
    const grown = zoom / this.#zoom;
    this.#zoom = zoom;
    this.layout();
    const after = this.#canvas?.getBoundingClientRect() ?? before;
    this.panBy(at.x - (at.x - before.left) * grown - after.left, at.y - (at.y - before.top) * grown - after.top);
  }

  /** Moves the view by CSS pixels, as far as there is picture. */
  panBy(dx: number, dy: number): void {
    this.viewport.scrollBy({ left: -dx, top: -dy, behavior: "instant" });
  }

  /** Lets go of the element. */
  close(): void {
    this.#observer.disconnect();
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #baseFactor(): number {
    const ratio = window.devicePixelRatio;
    const fit = Math.min(this.viewport.clientWidth / this.#width, this.viewport.clientHeight / this.#height);
    switch (this.#scale) {
      case "native":
        return 1;
      case "fit":
        return this.#fitFactor(fit);
      case "remote":
        // One remote pixel for each device pixel, except where the remote did not take the size.
        return this.#resizable && fit > (1 / ratio) * 0.999 ? 1 / ratio : this.#fitFactor(fit);
    }
  }

  #fitFactor(fit: number): number {
    return Number.isFinite(fit) && fit > 0 ? fit : 1;
  }

  #measure(entries: readonly ResizeObserverEntry[]): void {
    // Safari has no such box.
    const [box] = entries.at(-1)?.devicePixelContentBoxSize ?? [];
    this.#devicePx = box === undefined ? null : [box.inlineSize, box.blockSize];
    this.layout();
    this.#askSize();
  }

  /** The first change goes out at once; those that follow wait until the window rests. */
  #askSize(): void {
    const ask = (): void => {
      const wish = this.wish();
      const last = this.#lastWish;
      if (wish.width !== 0 && (wish.width !== last.width || wish.height !== last.height || wish.scalePercent !== last.scalePercent)) {
        this.#lastWish = wish;
        this.#wished(wish);
      }
    };
    if (this.#timer === null) {
      ask();
    } else {
      clearTimeout(this.#timer);
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      ask();
    }, RESIZE_GAP_MS);
  }
}
