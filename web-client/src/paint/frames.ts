/**
 * Stop 9 of the pixel path: frames, decoded side by side and shown one by one.
 *
 * Records are collected until their frame ends. JPEGs and video start to decode when they arrive; a frame is
 * painted in one go, without yielding, when all of its own are done and every frame before it has
 * been painted. So the browser never shows half a frame, and a slow image delays, but never stops,
 * what follows: one that fails or takes too long is left out and asked for again. Until its place has been
 * painted over, that place is spoiled, and so is what is copied from it.
 */

import { MessageError } from "../wire/reader.js";
import type { Drawing, Message, Rect, VideoMessage } from "../wire/message.js";
import { BlockDecoder } from "./blocks.js";
import type { Cells } from "./cells.js";
import { JpegTables, decodeJpeg, type Picture } from "./jpeg.js";
import type { Painter } from "./painter.js";
import { PictureStep } from "./pictures.js";
import { Region } from "./region.js";
import { VideoStreams } from "./video.js";

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
  /** A frame is on the canvas: `decodeMs` milliseconds after it arrived it could be painted, and that took `drawMs`. */
  painted(frame: number, decodeMs: number, drawMs: number): void;
  /** The canvas has a new size, in pixels. */
  resized(width: number, height: number): void;
  /** A part of the picture is not what it should be. */
  spoiled(rect: Rect): void;
}

/** A record that a frame is made of, or one that its images need. */
export type FrameRecord = Drawing | Extract<Message, { kind: "tables" }>;

type Image = Extract<Drawing, { kind: "image" }>;
type Block = Image & { readonly codec: "palette" | "rgb" };
type Step = Exclude<Drawing, Image | VideoMessage> | Block | PictureStep;

interface Frame {
  readonly number: number;
  readonly steps: readonly Step[];
  readonly bytes: number;
  readonly arrivedMs: number;
}

/** A size in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

const NO_SIZE: Size = { width: 0, height: 0 };

/** Paints frames in order. One queue owns one painter and its cells. */
export class FrameQueue {
  readonly #painter: Painter;
  readonly #cells: Cells;
  readonly #listener: FrameListener;
  readonly #blocks = new BlockDecoder();
  readonly #tables = new JpegTables();
  readonly #video = new VideoStreams();
  readonly #spoiled = new Region();
  #steps: Step[] = [];
  #stepBytes = 0;
  #frames: Frame[] = [];
  #pendingBytes = 0;
  /** The size that the records so far will have given the picture. */
  #size = NO_SIZE;
  #paintedSize = NO_SIZE;
  /** The last frame of this connection on the canvas, or null before the first. */
  #painted: number | null = null;
  #isLost = false;
  #age = 0;

  constructor(painter: Painter, cells: Cells, listener: FrameListener) {
    this.#painter = painter;
    this.#cells = cells;
    this.#listener = listener;
  }

  /** The frame that canvas and cells are exactly as the gateway believes them to be after, or null if there is none. */
  get kept(): number | null {
    return this.#isLost || !this.#spoiled.isEmpty ? null : this.#painted;
  }

  /** Changes whenever canvas or cells do. */
  get age(): number {
    return this.#age;
  }

  /** Whether video comes as it should. */
  get isVideoUsable(): boolean {
    return this.#video.isUsable;
  }

  /**
   * Takes the next record.
   *
   * @throws {MessageError} if it reaches outside the picture or passes a limit.
   */
  push(record: FrameRecord): void {
    if (record.kind === "tables") {
      // At once: scans decode when they arrive, with the tables that came before them.
      this.#tables.define(record.number, record.data);
      return;
    }
    this.#check(record);
    switch (record.kind) {
      case "size":
        this.#size = record;
        this.#steps.push(record);
        break;
      case "image":
        this.#count(record.data.length);
        this.#steps.push(isBlock(record) ? record : this.#startJpeg(record));
        break;
      case "video":
        this.#count(record.data.length);
        this.#steps.push(this.#startVideo(record));
        break;
      case "fill":
      case "copy":
      case "store":
      case "recall":
        this.#steps.push(record);
        break;
    }
  }

  /** Ends the frame that the records since the last end belong to. */
  end(number: number, arrivedMs: number): void {
    this.#frames.push({ number, steps: this.#steps, bytes: this.#stepBytes, arrivedMs });
    this.#steps = [];
    this.#stepBytes = 0;
    this.#drain();
  }

  /** A connection begins: forgets what is not on the canvas, and, unless `kept`, what the gateway knows to be there. */
  begin(kept: boolean): void {
    const steps = [...this.#frames.flatMap((frame) => frame.steps), ...this.#steps];
    this.#frames = [];
    this.#steps = [];
    this.#stepBytes = 0;
    this.#pendingBytes = 0;
    for (const step of steps) {
      if (step.kind === "picture") {
        step.discard();
      }
    }
    this.#tables.clear();
    this.#video.close();
    this.#painted = null;
    this.#age += 1;
    if (!kept) {
      this.#cells.clear();
      this.#spoiled.clear();
      this.#isLost = false;
      this.#paintedSize = NO_SIZE;
    }
    this.#size = this.#paintedSize;
  }

  /** The browser took the canvas's memory away. */
  lose(): void {
    this.#isLost = true;
    this.#age += 1;
  }

  #startJpeg({ rect, codec, data }: Image): PictureStep {
    const step = new PictureStep(rect, []);
    const finish = (result: Picture | "failed"): void => {
      clearTimeout(timer);
      step.settle(result);
      this.#drain();
    };
    const timer = setTimeout(finish, DECODE_MAX_MS, "failed");
    const decode = async (): Promise<Picture> =>
      decodeJpeg(codec === "jpegScan" ? this.#tables.complete(data) : data, rect.width, rect.height);
    decode().then(finish, () => {
      finish("failed");
    });
    return step;
  }

  #startVideo(record: VideoMessage): PictureStep {
    const { rect, parts } = record;
    const step = new PictureStep(rect, parts);
    this.#video.decode(record, (outcome) => {
      if (outcome !== "failed" && (outcome.displayWidth < rect.width || outcome.displayHeight < rect.height)) {
        outcome.close();
        step.settle("failed");
      } else {
        step.settle(outcome);
      }
      this.#drain();
    });
    return step;
  }

  #drain(): void {
    for (;;) {
      const frame = this.#frames[0];
      if (frame === undefined || frame.steps.some((step) => step.kind === "picture" && step.isWaiting)) {
        return;
      }
      const startedMs = performance.now();
      this.#frames.shift();
      this.#pendingBytes -= frame.bytes;
      for (const step of frame.steps) {
        this.#paint(step);
      }
      this.#painted = frame.number;
      this.#age += 1;
      this.#listener.painted(frame.number, Math.max(0, startedMs - frame.arrivedMs), performance.now() - startedMs);
    }
  }

  #paint(step: Step): void {
    switch (step.kind) {
      case "size":
        this.#painter.resize(step.width, step.height);
        this.#paintedSize = step;
        this.#spoiled.clear();
        this.#listener.resized(step.width, step.height);
        break;
      case "fill":
        this.#painter.fill(step.rect, step.red, step.green, step.blue);
        this.#spoiled.remove(step.rect);
        break;
      case "copy":
        this.#paintCopy(step.sourceX, step.sourceY, step.rect);
        break;
      case "store":
        this.#cells.store(step.cell, step.rect, this.#painter.source, (square) => this.#spoiled.within(square).length > 0);
        break;
      case "recall":
        this.#paintCells(step.cell, step.rect);
        break;
      case "image":
        this.#paintBlock(step);
        break;
      case "picture":
        this.#paintPicture(step);
        break;
    }
  }

  /** What is copied from a spoiled place is spoiled too: the gateway believes it to be right. */
  #paintCopy(sourceX: number, sourceY: number, rect: Rect): void {
    const [dx, dy] = [rect.x - sourceX, rect.y - sourceY];
    const spoiled = this.#spoiled.within({ ...rect, x: sourceX, y: sourceY });
    this.#painter.draw(this.#painter.source, sourceX, sourceY, rect);
    this.#spoiled.remove(rect);
    for (const part of spoiled) {
      this.#spoil({ ...part, x: part.x + dx, y: part.y + dy });
    }
  }

  #paintCells(cell: number, rect: Rect): void {
    const draw: Parameters<Cells["recall"]>[2] = (source, sourceX, sourceY, target) => {
      this.#painter.draw(source, sourceX, sourceY, target);
      this.#spoiled.remove(target);
    };
    this.#cells.recall(cell, rect, draw, (square) => {
      this.#spoil(square);
    });
  }

  #paintBlock({ codec, rect, data }: Block): void {
    try {
      this.#painter.pixels(rect, this.#blocks.decode(codec, rect.width, rect.height, data));
      this.#spoiled.remove(rect);
    } catch {
      this.#spoil(rect);
    }
  }

  #paintPicture(step: PictureStep): void {
    const picture = step.take();
    const { rect, targets } = step;
    if (picture === null) {
      for (const target of targets) {
        this.#spoil(target);
      }
      return;
    }
    if (step.parts.length === 0) {
      this.#painter.draw(picture, 0, 0, rect);
    } else {
      this.#painter.drawWithin(picture, rect, targets);
    }
    picture.close();
    for (const target of targets) {
      this.#spoiled.remove(target);
    }
  }

  #spoil(rect: Rect): void {
    this.#spoiled.add(rect);
    this.#listener.spoiled(rect);
  }

  #check(record: Drawing): void {
    switch (record.kind) {
      case "size":
        checkPicture(record);
        break;
      case "copy":
        checkWithin(record.rect, this.#size);
        checkWithin({ ...record.rect, x: record.sourceX, y: record.sourceY }, this.#size);
        break;
      case "store":
      case "recall":
        checkWithin(record.rect, this.#size);
        this.#cells.check(record.cell, record.rect);
        break;
      case "video":
        checkWithin(record.rect, this.#size);
        for (const part of record.parts) {
          checkWithin(part, record.rect);
        }
        break;
      case "fill":
      case "image":
        checkWithin(record.rect, this.#size);
        break;
    }
  }

  /** Counts an image's bytes until its frame is painted. */
  #count(bytes: number): void {
    this.#stepBytes += bytes;
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > PENDING_MAX_BYTES) {
      throw new MessageError(`images wait in ${this.#pendingBytes} bytes, the limit is ${PENDING_MAX_BYTES}`);
    }
  }
}

function isBlock(image: Image): image is Block {
  return image.codec === "palette" || image.codec === "rgb";
}

function checkPicture({ width, height }: Size): void {
  const side = Math.max(width, height);
  if (side > PICTURE_SIDE_MAX_PX || width * height > PICTURE_MAX_PX || width * height === 0) {
    throw new MessageError(`picture is ${width}x${height}, the limits are ${PICTURE_SIDE_MAX_PX} a side and ${PICTURE_MAX_PX}`);
  }
}

function checkWithin(rect: Rect, { width, height }: Size): void {
  const right = rect.x + rect.width;
  const bottom = rect.y + rect.height;
  if (rect.width === 0 || rect.height === 0 || right > width || bottom > height) {
    throw new MessageError(`rectangle ends at ${right}, ${bottom}, the picture at ${width}, ${height}`);
  }
}
