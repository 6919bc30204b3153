/**
 * What the page's thread and the engine say to each other. The same values travel whether the engine
 * runs in a worker or beside the page.
 */

import type { ClipboardContent } from "../wire/clipboard.js";
import type { Command, Resume } from "../wire/command.js";
import type { Rgba } from "../paint/blocks.js";
import type { FileRecord, NewsRecord } from "../wire/message.js";
import type { News } from "../wire/news.js";

/** Where a connection stands. `connected` means that the first frame is on the canvas. */
export type LinkState = "connecting" | "connected" | "reconnecting" | "closed" | "failed";

/** Why a connection ended, or what interrupts it. */
export interface Failure {
  /** The link's error category, 1 to 7, or 0 when the gateway could not be reached. */
  readonly category: number;
  /** A short, stable name for programs. */
  readonly cause: string;
  /** The gateway's sentence; empty when the client itself noticed. */
  readonly message: string;
}

/** The size that the viewer would like, in device pixels; zeros for no wish. */
export interface Wish {
  readonly width: number;
  readonly height: number;
  /** 100 times the device pixel ratio. */
  readonly scalePercent: number;
}

/** What one connection needs to begin. */
export interface Start {
  /** The link's WebSocket address. */
  readonly url: string;
  readonly token: string;
  readonly wish: Wish;
  readonly viewOnly: boolean;
  readonly resume: Resume | null;
  /** Whether the page is on screen. */
  readonly visible: boolean;
  /** The link's quality mode, 0 to 2. */
  readonly quality: number;
  /** How many cells to keep. */
  readonly cells: number;
  /** Bits of `FEATURE` that the page has. */
  readonly features: number;
}

/** From the page to the engine. */
export type Order =
  | { readonly kind: "start"; readonly start: Start; readonly canvas: OffscreenCanvas }
  | { readonly kind: "send"; readonly command: Command }
  /** The page's terminal has taken all of a frame, so many milliseconds after it came. `turn` is the frame's. */
  | { readonly kind: "written"; readonly frame: number; readonly turn: number; readonly ms: number }
  | { readonly kind: "visible"; readonly visible: boolean }
  /** The network or the page came back: do not wait for timers. */
  | { readonly kind: "wake" }
  /** Answered by a `stats` report. */
  | { readonly kind: "stats" }
  | { readonly kind: "stop" }
  /** The gateway broke the protocol, in a record that the page reads. */
  | { readonly kind: "fail"; readonly reason: string };

/** From the engine to the page. */
export type Said =
  /** The worker's script runs. */
  | { readonly kind: "ready" }
  | { readonly kind: "state"; readonly state: LinkState; readonly failure: Failure | null }
  /** A socket carries the session. `features` are Welcome's. `kept`: the picture goes on as it is; else its size follows. */
  | { readonly kind: "session"; readonly features: number; readonly permissions: number; readonly resume: Resume; readonly kept: boolean }
  | { readonly kind: "size"; readonly width: number; readonly height: number }
  | { readonly kind: "cursor"; readonly cursor: CursorPicture | null }
  | NewsRecord
  | FileRecord
  /** A frame of text ends here. It is answered with `written`. */
  | { readonly kind: "frameEnd"; readonly frame: number; readonly turn: number }
  | { readonly kind: "latency"; readonly latencyMs: number }
  | { readonly kind: "stats"; readonly stats: Stats };

/** The same, with its news read. */
export type Report =
  | Exclude<Said, NewsRecord>
  | Exclude<News, { kind: "clipboard" | "state" }>
  | { readonly kind: "clipboard"; readonly content: ClipboardContent }
  | { readonly kind: "phase"; readonly phase: number; readonly text: string };

/** What an engine did since it was last asked, or since it began. */
export interface Stats {
  /** How long that is. */
  readonly seconds: number;
  /** Frames that reached the canvas. */
  readonly frames: number;
  /** Bytes of the messages that came, as the link counts them. */
  readonly bytes: number;
  /** From a frame's arrival until its images are decoded, and the frames before it painted. */
  readonly decodeMs: Spread;
  /** What it then took to paint it. */
  readonly drawMs: Spread;
  /** Cells that hold a picture now. */
  readonly cells: number;
}

/** Two percentiles of the latest frames, in milliseconds; zeros without any. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

/** The pointer's picture: straight-alpha RGBA, row-major. */
export interface CursorPicture {
  readonly hotspotX: number;
  readonly hotspotY: number;
  readonly width: number;
  readonly height: number;
  readonly rgba: Rgba;
}
