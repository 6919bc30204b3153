/** Stop 9 of the pixel path: pictures on their way from a decoder to their frame. */

import type { Rect } from "../wire/message.js";
import type { Picture } from "./jpeg.js";

/** A step of a frame whose picture decodes by the side. It is settled once and closes what it does not need. */
export class PictureStep {
  readonly kind = "picture";
  /** Where the picture's top left goes. */
  readonly rect: Rect;
  /** The parts to paint, relative to `rect`; none means all of it. */
  readonly parts: readonly Rect[];
  #result: Picture | "waiting" | "failed" = "waiting";

  constructor(rect: Rect, parts: readonly Rect[]) {
    this.rect = rect;
    this.parts = parts;
  }

  get isWaiting(): boolean {
    return this.#result === "waiting";
  }

  /** The places that the picture covers. */
  get targets(): readonly Rect[] {
    const { x, y } = this.rect;
    return this.parts.length === 0 ? [this.rect] : this.parts.map((part) => ({ ...part, x: x + part.x, y: y + part.y }));
  }

  /** Keeps the first result; a picture that comes too late is closed. */
  settle(result: Picture | "failed"): void {
    if (this.#result === "waiting") {
      this.#result = result;
    } else if (result !== "failed") {
      result.close();
    }
  }

  /** Takes the picture, or null if there is none. The caller closes it. */
  take(): Picture | null {
    const result = this.#result;
    this.#result = "failed";
    return typeof result === "string" ? null : result;
  }

  /** Gives up on the picture, whether it has come or not. */
  discard(): void {
    this.take()?.close();
  }
}
