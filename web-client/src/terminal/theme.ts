/** The colours of a terminal: the gateway's, or a scheme of ours. Pure. */

import type { ITheme } from "@xterm/xterm";
import { COLORS } from "../wire/terminal.js";

/** `remote`: as the connection's settings say. */
export const THEMES = ["remote", "dark", "light", "contrast"] as const;
export type ThemeName = (typeof THEMES)[number];

/** What each scheme's text must stand out by (WCAG's contrast ratio); 1 leaves colours as they are. */
export const CONTRAST: Readonly<Record<ThemeName, number>> = { remote: 1, dark: 1, light: 4.5, contrast: 7 };

const NAMES = [
  "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
  "brightBlack", "brightRed", "brightGreen", "brightYellow", "brightBlue", "brightMagenta", "brightCyan", "brightWhite",
] as const;

/** Sixteen colours, the foreground and the background. */
const SCHEMES: Readonly<Record<Exclude<ThemeName, "remote">, readonly string[]>> = {
  dark: [
    "#1d2730", "#e0626b", "#5fb573", "#d6a54a", "#5b9fe0", "#b982d9", "#4fb3c4", "#c5d0d9",
    "#5b6b7a", "#f08890", "#86d199", "#edc878", "#86bcf2", "#d1a6ea", "#7fd0de", "#f2f6f9",
    "#d5dee6", "#101820",
  ],
  light: [
    "#24313d", "#b3261e", "#1f7a3a", "#8a5a00", "#1259a8", "#7d3aa8", "#0b6b78", "#5b6b7a",
    "#47586a", "#c73a32", "#2a8f48", "#a06c0a", "#1f6fc4", "#944fc0", "#128292", "#17212b",
    "#17212b", "#fdfdfb",
  ],
  contrast: [
    "#000000", "#ff6b6b", "#5dff7d", "#ffe34d", "#6fb5ff", "#ff8cff", "#5cf5ff", "#ffffff",
    "#a8a8a8", "#ff9a9a", "#9dffb0", "#fff09a", "#a5d0ff", "#ffb8ff", "#a3f9ff", "#ffffff",
    "#ffffff", "#000000",
  ],
};

/** The theme of that name; `colors` as in TerminalLook. */
export function themeOf(name: ThemeName, colors: Uint8Array): ITheme {
  const all = Array.from({ length: COLORS }, (_, at) => hex(colors.subarray(3 * at, 3 * at + 3)));
  const [sixteen, foreground, background] =
    name === "remote"
      ? [all.slice(0, 16), all[256], all[257]]
      : [SCHEMES[name].slice(0, 16), SCHEMES[name][16], SCHEMES[name][17]];
  const [front, back] = [foreground ?? "#d5dee6", background ?? "#101820"];
  return {
    ...Object.fromEntries(NAMES.map((color, at) => [color, sixteen[at] ?? front])),
    extendedAnsi: all.slice(16, 256),
    foreground: front,
    background: back,
    cursor: front,
    cursorAccent: back,
    selectionBackground: `${front}55`,
    selectionInactiveBackground: `${front}33`,
    overviewRulerBorder: "#00000000",
  };
}

function hex(color: Uint8Array): string {
  return `#${[...color].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
