/** Stop 9 of the pixel path: drawing records onto the canvas, exactly. */

import type { Rect } from "../wire/message.js";
import type { Rgba } from "./blocks.js";

/** The part of both 2D contexts, the document's and the worker's, that painting needs. */
export type Context = CanvasDrawImage &
  CanvasDrawPath &
  Pick<CanvasPath, "rect"> &
  Pick<CanvasState, "save" | "restore"> &
  CanvasImageData &
  CanvasRect &
  Pick<CanvasFillStrokeStyles, "fillStyle"> &
  Pick<CanvasImageSmoothing, "imageSmoothingEnabled">;

/** What can be drawn from. */
export type Source = CanvasImageSource;

/** A canvas that may live on either thread: the two types share these members but no name. */
export interface PaintCanvas {
  width: number;
  height: number;
  getContext(kind: "2d", settings: { readonly alpha: boolean; readonly colorSpace: "srgb" }): Context | null;
  addEventListener(kind: "contextlost" | "contextrestored", listener: () => void): void;
}

/** Draws on one canvas. It owns the canvas's size and pixels; nothing else touches them. */
export class Painter {
  readonly #canvas: PaintCanvas;
  /** The picture, for others to read. */
  readonly source: Source;
  readonly #context: Context;

  /** @throws if the canvas already has another kind of context. */
  constructor(canvas: PaintCanvas & Source) {
    // `desynchronized` would save a frame of delay but tears, and frames must be shown whole.
    const context = (canvas as PaintCanvas).getContext("2d", { alpha: false, colorSpace: "srgb" });
    if (context === null) {
      throw new Error("the canvas has no 2D context");
    }
    this.#canvas = canvas;
    this.source = canvas;
    this.#context = context;
  }

  /** Gives the canvas a new size and makes it black. */
  resize(width: number, height: number): void {
    this.#canvas.width = width;
    this.#canvas.height = height;
    // Setting a size resets the context.
    this.#context.imageSmoothingEnabled = false;
    this.fill({ x: 0, y: 0, width, height }, 0, 0, 0);
  }

  fill(rect: Rect, red: number, green: number, blue: number): void {
    this.#context.fillStyle = `rgb(${red} ${green} ${blue})`;
    this.#context.fillRect(rect.x, rect.y, rect.width, rect.height);
  }

  /** Draws what `source` has from `sourceX`, `sourceY` on, pixel by pixel. A canvas drawn onto itself is read as it was before. */
  draw(source: Source, sourceX: number, sourceY: number, { x, y, width, height }: Rect): void {
    this.#context.drawImage(source, sourceX, sourceY, width, height, x, y, width, height);
  }

  /**
   * Draws `source` at `rect`, within `parts` of the canvas alone. In one go, however many there are: a film's picture is
   * converted from its own colours each time it is drawn.
   */
  drawWithin(source: Source, rect: Rect, parts: readonly Rect[]): void {
    this.#context.save();
    this.#context.beginPath();
    for (const { x, y, width, height } of parts) {
      this.#context.rect(x, y, width, height);
    }
    this.#context.clip();
    this.draw(source, 0, 0, rect);
    this.#context.restore();
  }

  pixels(rect: Rect, rgba: Rgba): void {
    this.#context.putImageData(new ImageData(rgba, rect.width, rect.height), rect.x, rect.y);
  }
}
