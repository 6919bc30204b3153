/** From the options of a connection to what its engine needs to begin. */

import type { Start, Wish } from "../engine/reports.js";
import { cellsFor } from "../paint/cells.js";
import type { Resume } from "../wire/command.js";
import { FEATURE } from "../wire/message.js";
import { fromHex } from "./hex.js";
import type { ConnectOptions, Quality, SavedSession, Scale } from "./options.js";

/** The quality modes, in the order of the link's numbers. */
export const QUALITIES: readonly Quality[] = ["auto", "exact", "sparing"];

/** Sides that a remote is asked for, in pixels. */
const SIDE_MIN_PX = 64;
const SIDE_MAX_PX = 16_384;

/** What an engine begins with. `saved` is the session to come back to. */
export function startOf(options: ConnectOptions, wish: Wish, saved: SavedSession | null): Start {
  return {
    url: linkUrl(options.url),
    token: options.token,
    wish,
    viewOnly: options.viewOnly ?? false,
    resume: resumeOf(saved),
    visible: !document.hidden,
    quality: QUALITIES.indexOf(options.quality ?? "auto"),
    features: options.terminal === "picture" ? 0 : FEATURE.terminal,
    cells: cellsFor(memoryOf(navigator), matchMedia("(pointer: coarse)").matches),
  };
}

/** The size to ask a remote for that is shown in `width` by `height` device pixels. */
export function wishOf(scale: Scale, width: number, height: number): Wish {
  const scalePercent = Math.round(window.devicePixelRatio * 100);
  const side = (px: number): number => Math.min(SIDE_MAX_PX, Math.max(SIDE_MIN_PX, Math.floor(px + 0.001)));
  // A window without a size, one that is hidden for example, has no wish.
  return scale !== "remote" || width < 1 || height < 1
    ? { width: 0, height: 0, scalePercent }
    : { width: side(width), height: side(height), scalePercent };
}

function linkUrl(url: string | URL | undefined): string {
  const link = new URL(url ?? "link", document.baseURI);
  link.protocol = link.protocol.replace(/^http/, "ws");
  // A WebSocket address has no fragment, and the page's one may hold the token.
  link.hash = "";
  return link.href;
}

function resumeOf(saved: SavedSession | null): Resume | null {
  const session = fromHex(saved?.session ?? "", 16);
  const secret = fromHex(saved?.secret ?? "", 32);
  return session === null || secret === null ? null : { session, secret };
}

/** The machine's memory in GiB, where the browser tells it; the DOM library does not name it. */
function memoryOf(holder: Navigator & { readonly deviceMemory?: number }): number | undefined {
  return holder.deviceMemory;
}
