/** Keys as a terminal's program gets them: for those that no field of xterm.js has seen. Pure. */

/** What is held down. */
export interface Held {
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

/** Keys with a final letter: `CSI letter`, or `SS3 letter` in application mode. */
const LETTERS: Readonly<Record<string, string>> = {
  ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D", Home: "H", End: "F",
};
/** Keys with a number: `CSI number ~`. */
const NUMBERS: Readonly<Record<string, number>> = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6 };
const PLAIN: Readonly<Record<string, string>> = { Enter: "\r", Tab: "\t", Backspace: "\x7f", Escape: "\x1b" };

/**
 * What the key named `key` (as in `KeyboardEvent.key`) sends; nothing for one that sends nothing. `application`: the
 * program asked for application cursor keys.
 */
export function keyText(key: string, held: Held, application: boolean): string {
  const { ctrl, alt, shift } = held;
  const modifier = 1 + (shift ? 1 : 0) + (alt ? 2 : 0) + (ctrl ? 4 : 0);
  const letter = LETTERS[key];
  if (letter !== undefined) {
    return modifier > 1 ? `\x1b[1;${modifier}${letter}` : `${application ? "\x1bO" : "\x1b["}${letter}`;
  }
  const number = NUMBERS[key];
  if (number !== undefined) {
    return modifier > 1 ? `\x1b[${number};${modifier}~` : `\x1b[${number}~`;
  }
  if (key === "Tab" && shift) {
    return "\x1b[Z";
  }
  const text = PLAIN[key] ?? (Array.from(key).length === 1 ? key : "");
  return text === "" ? "" : withHeld(text, held);
}

/** A text with Ctrl and Alt held, as terminals have it. */
export function withHeld(text: string, { ctrl, alt }: Pick<Held, "ctrl" | "alt">): string {
  const code = text.toUpperCase().charCodeAt(0);
  const isControl = ctrl && text.length === 1 && (code === 0x20 || (code >= 0x3f && code < 0x60));
  // Ctrl+? is delete, Ctrl+Space is zero.
  const sent = isControl ? String.fromCharCode(code === 0x3f ? 0x7f : code & 0x1f) : text;
  return alt ? `\x1b${sent}` : sent;
}
