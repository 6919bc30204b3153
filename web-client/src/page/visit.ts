/**
 * What a visit to the page begins with: its address, and what this tab remembers. The token comes in the fragment
 * (`#token=…`), which browsers keep to themselves, or in the query. It is taken out of the address bar at once. What a
 * reload needs lives in this tab's session storage and goes when the session ends.
 */

import type { SavedSession } from "../app/options.js";
import type { Launched } from "../engine/launch.js";
import { readAddress, type Address } from "./address.js";

const STORAGE_KEY = "porthole";

/** What a reload needs. */
interface Stored {
  readonly token: string;
  readonly saved: SavedSession | null;
}

/** A visit. */
export interface Visit {
  readonly options: Address["options"];
  /** Empty without one. */
  readonly token: string;
  /** Whether the token came with the address, not from memory. */
  readonly isLinked: boolean;
  /** The session that this tab had with this token. */
  readonly saved: SavedSession | null;
  /** The worker's script. */
  readonly workerUrl: string;
  /** The engine that is on its way, if one is. */
  readonly launched: Launched | null;
}

declare global {
  interface Window {
    /** The visit, as the page's first script began it. */
    portholeVisit?: Visit;
  }
}

/** Begins a visit, without an engine. Call it once: the address is not the same afterwards. */
export function beginVisit(): Visit {
  const address = readAddress(location.href);
  if (address.cleanHref !== location.href) {
    history.replaceState(null, "", address.cleanHref);
  }
  const stored = load();
  const token = address.token ?? stored?.token ?? "";
  const saved = stored !== null && stored.token === token ? stored.saved : null;
  return { options: address.options, token, isLinked: address.token !== null, saved, workerUrl: workerUrl(), launched: null };
}

/** Remembers what a reload needs, or forgets it. */
export function store(value: Stored | null): void {
  try {
    if (value === null) {
      sessionStorage.removeItem(STORAGE_KEY);
    } else {
      sessionStorage.setItem(STORAGE_KEY, JSON.stringify(value));
    }
  } catch {
    // Embedded pages may have no storage; they then cannot come back after a reload.
  }
}

/** The page carries the worker's script as text, so that no request stands between the two. */
function workerUrl(): string {
  const text = document.getElementById("engine")?.textContent ?? "";
  return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
}

/** What {@link store} has kept. Nobody else writes there. */
function load(): Stored | null {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "null") as Stored | null;
  } catch {
    // As above.
    return null;
  }
}
