/** The picture's place in the page: its scale, the view's zoom, and places from one to the other. */

import type { Place } from "../input/pointer.js";
import type { Spot } from "../input/touch.js";
import type { Wish } from "../engine/reports.js";
import type { Rect } from "../wire/message.js";
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
  /** What of the canvas is shown. */
  readonly #frame = make("div", { class: "frame" });
  #canvas: HTMLCanvasElement | null = null;
  /** The part of the picture that is shown; null for all of it. */
  #part: Rect | null = null;
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
    this.viewport.append(this.#frame);
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
    this.#frame.append(canvas);
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

  /** Shows a part of the picture alone, one screen of several for example; null for all of it. */
  set part(part: Rect | null) {
    const before = this.#part;
    this.#part = part;
    if (part?.x !== before?.x || part?.y !== before?.y || part?.width !== before?.width || part?.height !== before?.height) {
      this.#zoom = 1;
      this.layout();
      this.#askSize();
    }
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
    // The window's size is not that of all screens together.
    if (this.#part !== null) {
      return { width: 0, height: 0, scalePercent: Math.round(ratio * 100) };
    }
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
    const shown = this.#shown();
    this.#frame.style.width = `${shown.width * factor}px`;
    this.#frame.style.height = `${shown.height * factor}px`;
    canvas.style.marginLeft = `${-shown.x * factor}px`;
    canvas.style.marginTop = `${-shown.y * factor}px`;
    canvas.style.width = `${this.#width * factor}px`;
    canvas.style.height = `${this.#height * factor}px`;
    // Whole multiples stay sharp; other factors would drop or double rows without smoothing.
    const device = factor * window.devicePixelRatio;
    const whole = Math.abs(device - Math.round(device)) < 0.001 && device > 0.5;
    canvas.style.imageRendering = whole ? "pixelated" : "auto";
    this.viewport.dataset["scroll"] = this.#scale === "native" && !this.zoomed ? "auto" : "hidden";
    this.#changed();
  }

  /** The remote pixel under a place in the page, moved to the edge of what is shown if outside. */
  placeOf(spot: Spot): Place {
    const box = this.#canvas?.getBoundingClientRect();
    if (box === undefined || box.width === 0 || box.height === 0) {
      return { x: 0, y: 0 };
    }
    const shown = this.#shown();
    const within = (at: number, start: number, length: number): number => Math.min(start + length - 1, Math.max(start, Math.floor(at)));
    return {
      x: within(((spot.x - box.left) / box.width) * this.#width, shown.x, shown.width),
      y: within(((spot.y - box.top) / box.height) * this.#height, shown.y, shown.height),
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

  /** What is shown of the picture: a part that is not on it, because its size just changed, does not count. */
  #shown(): Rect {
    const [x, y] = [this.#part?.x ?? 0, this.#part?.y ?? 0];
    const width = Math.min(this.#part?.width ?? this.#width, this.#width - x);
    const height = Math.min(this.#part?.height ?? this.#height, this.#height - y);
    return width > 0 && height > 0 ? { x, y, width, height } : { x: 0, y: 0, width: this.#width, height: this.#height };
  }

  #baseFactor(): number {
    const ratio = window.devicePixelRatio;
    const shown = this.#shown();
    const fit = Math.min(this.viewport.clientWidth / shown.width, this.viewport.clientHeight / shown.height);
    switch (this.#scale) {
      case "native":
        return 1;
      case "fit":
        return this.#fitFactor(fit);
      case "remote":
        // One remote pixel for each device pixel, except where the remote did not take the size.
        return this.#resizable && this.#part === null && fit > (1 / ratio) * 0.999 ? 1 / ratio : this.#fitFactor(fit);
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
