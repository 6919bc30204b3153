/**
 * Stop 9 of the pixel path: frames, decoded side by side and shown one by one.
 *
 * Records are collected until their frame ends. JPEGs start to decode when they arrive; a frame is
 * painted in one go, without yielding, when all of its own are done and every frame before it has
 * been painted. So the browser never shows half a frame, and a slow image delays, but never stops,
 * what follows: one that fails or takes too long is left out and asked for again.
 */

import { MessageError } from "../wire/reader.js";
import type { Drawing, Rect } from "../wire/message.js";
import { BlockDecoder } from "./blocks.js";
import { decodeJpeg, type Picture } from "./jpeg.js";
import type { Painter } from "./painter.js";

/** Longest wait for one image, in milliseconds. */
export const DECODE_MAX_MS = 2_000;
/** Largest side of the picture, in pixels: what browsers allow a canvas. */
export const PICTURE_SIDE_MAX_PX = 16_384;
/** Largest picture, in pixels. */
export const PICTURE_MAX_PX = 1 << 26;
/** Most image bytes in frames that are not on the canvas yet. */
export const PENDING_MAX_BYTES = 128 << 20;

/** What a queue tells its owner. */
export interface FrameListener {
  /** A frame is on the canvas, `decodeUs` microseconds after it arrived. */
  painted(frame: number, decodeUs: number): void;
  /** The canvas has a new size, in pixels. */
  resized(width: number, height: number): void;
  /** An image did not decode. */
  spoiled(rect: Rect): void;
}

type Step = Exclude<Drawing, { kind: "image"; codec: "jpeg" }> | JpegStep;

interface JpegStep {
  readonly kind: "jpeg";
  readonly rect: Rect;
  result: Picture | "waiting" | "failed";
}

interface Frame {
  readonly number: number;
  readonly steps: readonly Step[];
  readonly bytes: number;
  readonly arrivedMs: number;
}

/** Paints frames in order. One queue owns one painter. */
export class FrameQueue {
  readonly #painter: Painter;
  readonly #listener: FrameListener;
  readonly #blocks = new BlockDecoder();
  #steps: Step[] = [];
  #stepBytes = 0;
  #frames: Frame[] = [];
  #pendingBytes = 0;
  /** The size that the records so far will have given the picture. */
  #width = 0;
  #height = 0;

  constructor(painter: Painter, listener: FrameListener) {
    this.#painter = painter;
    this.#listener = listener;
  }

  /**
   * Takes the next drawing record.
   *
   * @throws {MessageError} if it reaches outside the picture or passes a limit.
   */
  push(record: Drawing): void {
    switch (record.kind) {
      case "size":
        checkPicture(record.width, record.height);
        this.#width = record.width;
        this.#height = record.height;
        break;
      case "copy":
        this.#checkRect(record.rect);
        this.#checkRect({ ...record.rect, x: record.sourceX, y: record.sourceY });
        break;
      case "fill":
      case "image":
        this.#checkRect(record.rect);
        break;
    }
    if (record.kind === "image") {
      this.#stepBytes += record.data.length;
      this.#pendingBytes += record.data.length;
      if (this.#pendingBytes > PENDING_MAX_BYTES) {
        throw new MessageError(`images wait in ${this.#pendingBytes} bytes, the limit is ${PENDING_MAX_BYTES}`);
      }
    }
    this.#steps.push(record.kind === "image" && record.codec === "jpeg" ? this.#startJpeg(record) : record);
  }

  /** Ends the frame that the records since the last end belong to. */
  end(number: number, arrivedMs: number): void {
    this.#frames.push({ number, steps: this.#steps, bytes: this.#stepBytes, arrivedMs });
    this.#steps = [];
    this.#stepBytes = 0;
    this.#drain();
  }

  /** Forgets everything that is not on the canvas: the link is new. */
  reset(): void {
    const steps = [...this.#frames.flatMap((frame) => frame.steps), ...this.#steps];
    this.#frames = [];
    this.#steps = [];
    this.#stepBytes = 0;
    this.#pendingBytes = 0;
    for (const step of steps) {
      if (step.kind === "jpeg") {
        discard(step);
      }
    }
  }

  #startJpeg(record: Extract<Drawing, { kind: "image" }>): JpegStep {
    const { rect, data } = record;
    const step: JpegStep = { kind: "jpeg", rect, result: "waiting" };
    const finish = (result: Picture | "failed"): void => {
      clearTimeout(timer);
      settle(step, result);
      this.#drain();
    };
    const timer = setTimeout(finish, DECODE_MAX_MS, "failed");
    decodeJpeg(data, rect.width, rect.height).then(finish, () => {
      finish("failed");
    });
    return step;
  }

  #drain(): void {
    for (;;) {
      const frame = this.#frames[0];
      if (frame === undefined || frame.steps.some((step) => step.kind === "jpeg" && step.result === "waiting")) {
        return;
      }
      this.#frames.shift();
      this.#pendingBytes -= frame.bytes;
      for (const step of frame.steps) {
        this.#paint(step);
      }
      this.#listener.painted(frame.number, Math.max(0, performance.now() - frame.arrivedMs) * 1000);
    }
  }

  #paint(step: Step): void {
    switch (step.kind) {
      case "size":
        this.#painter.resize(step.width, step.height);
        this.#listener.resized(step.width, step.height);
        break;
      case "fill":
        this.#painter.fill(step.rect, step.red, step.green, step.blue);
        break;
      case "copy":
        this.#painter.copy(step.sourceX, step.sourceY, step.rect);
        break;
      case "image":
        this.#paintBlock(step);
        break;
      case "jpeg":
        this.#paintPicture(step);
        break;
    }
  }

  #paintBlock(record: Extract<Drawing, { kind: "image" }>): void {
    const { codec, rect, data } = record;
    if (codec === "jpeg") {
      return;
    }
    try {
      this.#painter.pixels(rect, this.#blocks.decode(codec, rect.width, rect.height, data));
    } catch {
      this.#listener.spoiled(rect);
    }
  }

  #paintPicture(step: JpegStep): void {
    const { result } = step;
    if (typeof result === "string") {
      this.#listener.spoiled(step.rect);
      return;
    }
    this.#painter.picture(step.rect, result);
    result.close();
  }

  #checkRect(rect: Rect): void {
    const right = rect.x + rect.width;
    const bottom = rect.y + rect.height;
    if (rect.width === 0 || rect.height === 0 || right > this.#width || bottom > this.#height) {
      throw new MessageError(`rectangle ends at ${right}, ${bottom}, the picture at ${this.#width}, ${this.#height}`);
    }
  }
}

/** Keeps the first result; a picture that comes too late is closed. */
function settle(step: JpegStep, result: Picture | "failed"): void {
  if (step.result === "waiting") {
    step.result = result;
  } else if (typeof result !== "string") {
    result.close();
  }
}

/** Gives up on an image, whether it has come or not. */
function discard(step: JpegStep): void {
  if (typeof step.result !== "string") {
    step.result.close();
  }
  step.result = "failed";
}

function checkPicture(width: number, height: number): void {
  const side = Math.max(width, height);
  if (side > PICTURE_SIDE_MAX_PX || width * height > PICTURE_MAX_PX || width * height === 0) {
    throw new MessageError(`picture is ${width}x${height}, the limits are ${PICTURE_SIDE_MAX_PX} a side and ${PICTURE_MAX_PX}`);
  }
}
