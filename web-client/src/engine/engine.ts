/**
 * The engine: one link, one canvas, and the decoding between them. It runs in a worker where the browser
 * lets it, else on the page's thread, and talks to the page through `Order` and `Said` alone.
 */

import { decodeCursorPixels } from "../paint/blocks.js";
import { Cells } from "../paint/cells.js";
import { FrameQueue } from "../paint/frames.js";
import { Painter, type PaintCanvas } from "../paint/painter.js";
import { union } from "../paint/region.js";
import { probeVideo } from "../paint/video.js";
import { FEATURE, type CursorMessage, type Message, type Rect, type WelcomeMessage } from "../wire/message.js";
import { Link } from "./link.js";
import { Meter } from "./meter.js";
import type { Order, Said, Start } from "./reports.js";
import type { Offer } from "./socket.js";

/** Sends a report; buffers in `transfer` change hands. */
export type Reporter = (said: Said, transfer: readonly ArrayBuffer[]) => void;

/** Shortest time between two requests to repaint, in milliseconds: a broken decoder must not flood. */
const REPAINT_GAP_MS = 500;

/** Runs one connection. */
export class Engine {
  readonly #report: Reporter;
  readonly #link: Link;
  readonly #cells: Cells;
  readonly #frames: FrameQueue;
  readonly #meter = new Meter(performance.now());
  readonly #features: number;
  #hasVideo = false;
  /** Counts the sockets that have carried the session. */
  #turn = 0;
  /** Whether the page draws: the remote is text, and frames count once the page's terminal has taken them. */
  #isText = false;
  #spoiled: Rect | null = null;
  #repaintTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts to connect. The engine owns `canvas` from here on.
   *
   * @throws if the canvas cannot be painted on.
   */
  constructor(start: Start, canvas: PaintCanvas & CanvasImageSource, report: Reporter) {
    this.#report = report;
    this.#features = start.features;
    this.#cells = new Cells(start.cells);
    this.#frames = this.#makeQueue(canvas);
    this.#link = this.#makeLink(start);
    // The browser may take the canvas's memory away, for example when its graphics process restarts.
    const restorable: PaintCanvas = canvas;
    restorable.addEventListener("contextlost", () => {
      this.#frames.lose();
    });
    restorable.addEventListener("contextrestored", () => {
      this.#frames.lose();
      this.#link.renew();
    });
    this.#link.start();
  }

  handle(order: Exclude<Order, { kind: "start" }>): void {
    switch (order.kind) {
      case "send":
        this.#link.send(order.command);
        break;
      case "written":
        // Another socket counts its frames from 1 again.
        if (order.turn === this.#turn) {
          this.#painted(order.frame, order.ms, 0);
        }
        break;
      case "visible":
        this.#link.setVisible(order.visible);
        break;
      case "wake":
        this.#link.wake();
        break;
      case "stop":
        this.#link.stop();
        break;
      case "fail":
        this.#link.fail(order.reason);
        break;
      case "stats":
        this.#report({ kind: "stats", stats: this.#meter.take(performance.now(), this.#cells.used) }, []);
        break;
    }
  }

  #makeQueue(canvas: PaintCanvas & CanvasImageSource): FrameQueue {
    return new FrameQueue(new Painter(canvas), this.#cells, {
      painted: (frame, decodeMs, drawMs) => {
        this.#painted(frame, decodeMs, drawMs);
      },
      resized: (width, height) => {
        this.#report({ kind: "size", width, height }, []);
      },
      spoiled: (rect) => {
        this.#askRepaint(rect);
      },
    });
  }

  #painted(frame: number, decodeMs: number, drawMs: number): void {
    this.#meter.painted(decodeMs, drawMs);
    this.#link.send({ kind: "ack", frame, decodeUs: (decodeMs + drawMs) * 1000 });
    this.#link.painted();
  }

  #makeLink(start: Start): Link {
    const probe = async (): Promise<void> => {
      this.#hasVideo = await probeVideo();
    };
    return new Link(start, {
      ready: probe(),
      state: (state, failure) => {
        if (state === "closed" || state === "failed") {
          // What is on the canvas stays; what served to go on from there does not.
          clearTimeout(this.#repaintTimer);
          this.#frames.begin(false);
        }
        this.#report({ kind: "state", state, failure }, []);
      },
      offer: () => this.#offer(),
      welcomed: (welcome, offer) => {
        this.#welcomed(welcome, offer);
      },
      received: (bytes) => {
        this.#meter.received(bytes);
      },
      record: (message, arrivedMs) => {
        this.#handle(message, arrivedMs);
      },
      latency: (latencyMs) => {
        this.#report({ kind: "latency", latencyMs }, []);
      },
    });
  }

  #offer(): Offer {
    const video = this.#hasVideo && this.#frames.isVideoUsable ? FEATURE.video : 0;
    return {
      features: FEATURE.cells | FEATURE.tables | video | this.#features,
      painted: this.#frames.kept,
      cells: this.#cells.count,
      age: this.#frames.age,
    };
  }

  #welcomed({ features, permissions, session, secret }: WelcomeMessage, offer: Offer): void {
    const goesOn = (features & FEATURE.kept) !== 0;
    // An old socket that spoke up once more may have changed the picture since it was offered.
    const kept = goesOn && offer.age === this.#frames.age;
    this.#frames.begin(kept);
    this.#spoiled = null;
    this.#turn += 1;
    this.#isText = (features & FEATURE.terminal) !== 0;
    this.#report({ kind: "session", features, permissions, resume: { session: session.slice(), secret: secret.slice() }, kept }, []);
    if (goesOn && !kept) {
      this.#link.renew();
    }
  }

  #handle(message: Message, arrivedMs: number): void {
    switch (message.kind) {
      case "size":
      case "fill":
      case "copy":
      case "image":
      case "store":
      case "recall":
      case "tables":
      case "video":
        this.#frames.push(message);
        break;
      case "frameEnd":
        if (this.#isText) {
          this.#report({ ...message, turn: this.#turn }, []);
        } else {
          this.#frames.end(message.frame, arrivedMs);
        }
        break;
      case "cursor":
        this.#reportCursor(message);
        break;
      case "news":
      case "file": {
        // A copy: the view would keep, or take along, the whole message.
        const body = message.body.slice();
        this.#report({ ...message, body }, [body.buffer]);
        break;
      }
      case "welcome":
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
