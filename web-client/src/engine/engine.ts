/**
 * The engine: one link, one canvas, and the decoding between them. It runs in a worker where the browser
 * lets it, else on the page's thread, and talks to the page through `Order` and `Report` alone.
 */

import { decodeCursorPixels } from "../paint/blocks.js";
import { FrameQueue } from "../paint/frames.js";
import { Painter, type PaintCanvas } from "../paint/painter.js";
import type { CursorMessage, Message, Rect } from "../wire/message.js";
import { Link } from "./link.js";
import type { Order, Report, Start } from "./reports.js";

/** Sends a report; buffers in `transfer` change hands. */
export type Reporter = (report: Report, transfer: readonly ArrayBuffer[]) => void;

/** Shortest time between two requests to repaint, in milliseconds: a broken decoder must not flood. */
const REPAINT_GAP_MS = 500;

/** Runs one connection. */
export class Engine {
  readonly #report: Reporter;
  readonly #link: Link;
  readonly #frames: FrameQueue;
  #size = { width: 0, height: 0 };
  #spoiled: Rect | null = null;
  #repaintTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts to connect. The engine owns `canvas` from here on.
   *
   * @throws if the canvas cannot be painted on.
   */
  constructor(start: Start, canvas: PaintCanvas & CanvasImageSource, report: Reporter) {
    this.#report = report;
    this.#frames = new FrameQueue(new Painter(canvas), {
      painted: (frame, decodeUs) => {
        this.#link.send({ kind: "ack", frame, decodeUs });
        this.#link.painted();
      },
      resized: (width, height) => {
        this.#size = { width, height };
        report({ kind: "size", width, height }, []);
      },
      spoiled: (rect) => {
        this.#askRepaint(rect);
      },
    });
    this.#link = new Link(start, {
      state: (state, failure) => {
        report({ kind: "state", state, failure }, []);
      },
      opened: () => {
        this.#frames.reset();
      },
      record: (message, arrivedMs) => {
        this.#handle(message, arrivedMs);
      },
      latency: (latencyMs) => {
        report({ kind: "latency", latencyMs }, []);
      },
    });
    // The browser may take the canvas's memory away, for example when its graphics process restarts.
    const restorable: PaintCanvas = canvas;
    restorable.addEventListener("contextrestored", () => {
      this.#askRepaint({ x: 0, y: 0, ...this.#size });
    });
    this.#link.start();
  }

  handle(order: Exclude<Order, { kind: "start" }>): void {
    switch (order.kind) {
      case "send":
        this.#link.send(order.command);
        break;
      case "visible":
        this.#link.setVisible(order.visible);
        break;
      case "wake":
        this.#link.wake();
        break;
      case "stop":
        clearTimeout(this.#repaintTimer);
        this.#link.stop();
        this.#frames.reset();
        break;
    }
  }

  #handle(message: Message, arrivedMs: number): void {
    switch (message.kind) {
      case "size":
      case "fill":
      case "copy":
      case "image":
        this.#frames.push(message);
        break;
      case "frameEnd":
        this.#frames.end(message.frame, arrivedMs);
        break;
      case "welcome":
        this.#report(
          {
            kind: "session",
            permissions: message.permissions,
            resume: { session: message.session.slice(), secret: message.secret.slice() },
          },
          [],
        );
        break;
      case "cursor":
        this.#reportCursor(message);
        break;
      case "state":
        this.#report({ kind: "phase", phase: message.phase, text: message.text }, []);
        break;
      case "clipboard":
      case "title":
      case "bell":
      case "leds":
      case "notice":
      case "abilities":
        this.#report(message, []);
        break;
      case "error":
      case "pong":
        // The link itself deals with these.
        break;
    }
  }

  #reportCursor(message: CursorMessage): void {
    const { hotspotX, hotspotY, width, height, data } = message;
    if (width === 0 || height === 0) {
      this.#report({ kind: "cursor", cursor: null }, []);
      return;
    }
    try {
      const rgba = decodeCursorPixels(width, height, data);
      this.#report({ kind: "cursor", cursor: { hotspotX, hotspotY, width, height, rgba } }, [rgba.buffer]);
    } catch {
      // A garbled pointer is not worth the session: the last one stays.
    }
  }

  /** Asks at once, or, soon after the last time, later for everything that was spoiled until then. */
  #askRepaint(rect: Rect): void {
    if (this.#repaintTimer !== undefined) {
      this.#spoiled = this.#spoiled === null ? rect : union(this.#spoiled, rect);
      return;
    }
    this.#link.send({ kind: "repaint", rect });
    this.#repaintTimer = setTimeout(() => {
      this.#repaintTimer = undefined;
      const spoiled = this.#spoiled;
      this.#spoiled = null;
      if (spoiled !== null) {
        this.#askRepaint(spoiled);
      }
    }, REPAINT_GAP_MS);
  }
}

function union(first: Rect, second: Rect): Rect {
  const x = Math.min(first.x, second.x);
  const y = Math.min(first.y, second.y);
  const right = Math.max(first.x + first.width, second.x + second.width);
  const bottom = Math.max(first.y + first.height, second.y + second.height);
  return { x, y, width: right - x, height: bottom - y };
}
