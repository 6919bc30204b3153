/** The remote's pointer, shown as the browser's own so that it moves without delay. */

import type { CursorPicture } from "../engine/reports.js";
import { make } from "./dom.js";

/** Browsers ignore larger pointers, in CSS pixels. */
const NATIVE_SIDE_MAX_PX = 128;

/** Shows one pointer over one element. */
export class CursorView {
  /** A pointer too large for the browser is drawn here; it follows the mouse. */
  readonly overlay = make("canvas", { class: "cursor", "aria-hidden": "true", hidden: "" });
  readonly #target: HTMLElement;
  readonly #dot: boolean;
  #picture: CursorPicture | null | undefined;
  #factor = 1;
  #hotspot: readonly [number, number] = [0, 0];

  /** `dot` shows a small dot where the remote hides its pointer. */
  constructor(target: HTMLElement, dot: boolean) {
    this.#target = target;
    this.#dot = dot;
  }

  /** Shows a picture, or hides the pointer for null. */
  show(picture: CursorPicture | null): void {
    this.#picture = picture;
    this.#draw();
  }

  /** CSS pixels for one remote pixel. */
  set factor(factor: number) {
    // A pointer smaller than its own device pixels could not be found on a scaled-down picture.
    const readable = Math.max(factor, 1 / window.devicePixelRatio);
    if (readable !== this.#factor) {
      this.#factor = readable;
      this.#draw();
    }
  }

  /** The mouse is here, in CSS pixels from the overlay's origin. */
  move(x: number, y: number): void {
    if (!this.overlay.hidden) {
      this.overlay.style.transform = `translate(${x - this.#hotspot[0]}px, ${y - this.#hotspot[1]}px)`;
    }
  }

  #draw(): void {
    this.overlay.hidden = true;
    if (this.#picture === undefined) {
      return;
    }
    if (this.#picture === null) {
      this.#target.style.cursor = this.#dot ? `${dotUrl()} 3 3, crosshair` : "none";
      return;
    }
    const { width, height, hotspotX, hotspotY } = this.#picture;
    const factor = this.#factor;
    const ratio = window.devicePixelRatio;
    const hotspot = [hotspotX * factor, hotspotY * factor] as const;
    if (Math.max(width, height) * factor > NATIVE_SIDE_MAX_PX) {
      this.#drawOverlay(this.#picture, hotspot);
      return;
    }
    const place = `${Math.floor(hotspot[0])} ${Math.floor(hotspot[1])}`;
    const plain = raster(this.#picture, factor).toDataURL();
    this.#target.style.cursor = `url("${plain}") ${place}, default`;
    if (ratio !== 1) {
      // Where the browser does not know image-set here, the assignment changes nothing.
      const sharp = raster(this.#picture, factor * ratio).toDataURL();
      this.#target.style.cursor = `image-set(url("${sharp}") ${ratio}x) ${place}, default`;
    }
  }

  #drawOverlay(picture: CursorPicture, hotspot: readonly [number, number]): void {
    const { overlay } = this;
    const drawn = raster(picture, 1);
    overlay.width = drawn.width;
    overlay.height = drawn.height;
    overlay.style.width = `${drawn.width * this.#factor}px`;
    overlay.style.height = `${drawn.height * this.#factor}px`;
    overlay.getContext("2d")?.drawImage(drawn, 0, 0);
    overlay.hidden = false;
    this.#hotspot = hotspot;
    this.#target.style.cursor = "none";
  }
}

/** The picture at `factor` times its size. */
function raster(picture: CursorPicture, factor: number): HTMLCanvasElement {
  const { width, height, rgba } = picture;
  const exact = make("canvas", { width: `${width}`, height: `${height}` });
  exact.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
  if (factor === 1) {
    return exact;
  }
  const scaled = make("canvas", {
    width: `${Math.max(1, Math.round(width * factor))}`,
    height: `${Math.max(1, Math.round(height * factor))}`,
  });
  const context = scaled.getContext("2d");
  if (context !== null) {
    context.imageSmoothingEnabled = !Number.isInteger(factor);
    context.drawImage(exact, 0, 0, scaled.width, scaled.height);
  }
  return scaled;
}

function dotUrl(): string {
  const canvas = make("canvas", { width: "7", height: "7" });
  const context = canvas.getContext("2d");
  if (context !== null) {
    context.fillStyle = "#fff";
    context.fillRect(1, 1, 5, 5);
    context.fillStyle = "#000";
    context.fillRect(2, 2, 3, 3);
  }
  return `url("${canvas.toDataURL()}")`;
}
