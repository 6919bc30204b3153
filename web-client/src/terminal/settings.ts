/** What the user has chosen for terminals. It is kept in this browser, where it may be. */

import { THEMES, type ThemeName } from "./theme.js";

const STORAGE_KEY = "porthole.terminal";

/** Sizes of text, in CSS pixels. */
export const FONT_MIN_PX = 6;
export const FONT_MAX_PX = 64;

export interface Settings {
  /** Null: as the connection's settings say. */
  fontPx: number | null;
  theme: ThemeName;
  /** Whether the terminal is made readable for screen readers. */
  reader: boolean;
  /** Whether what is selected is copied at once. */
  copies: boolean;
}

/** What was kept, or the usual. */
export function loadSettings(): Settings {
  let kept: Partial<Record<keyof Settings, unknown>> = {};
  try {
    kept = (JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}") ?? {}) as typeof kept;
  } catch {
    // Embedded pages may have no storage, and anybody of this origin may have written there.
  }
  const { fontPx, theme } = kept;
  return {
    fontPx: typeof fontPx === "number" && fontPx >= FONT_MIN_PX && fontPx <= FONT_MAX_PX ? fontPx : null,
    theme: THEMES.find((name) => name === theme) ?? "remote",
    reader: kept.reader === true,
    copies: kept.copies === true,
  };
}

export function storeSettings(settings: Settings): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(settings));
  } catch {
    // As above: then the choice ends with the page.
  }
}
