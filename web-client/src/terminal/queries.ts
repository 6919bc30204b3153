/**
 * What asks a terminal for an answer, and what reaches beyond it, does nothing here. The gateway lets none of it through and
 * answers the remote itself: what came from several browsers would be as many answers, and each a way to type for the user.
 */

import type { IDisposable, Terminal } from "@xterm/xterm";

/** Control sequences: prefix, intermediates, final character. */
const CONTROLS = [
  // Device attributes: primary, secondary, tertiary.
  ["", "", "c"], [">", "", "c"], ["=", "", "c"],
  // Device status, cursor position.
  ["", "", "n"], ["?", "", "n"],
  // Modes, ANSI and private.
  ["", "$", "p"], ["?", "$", "p"],
  // The terminal's name, its parameters, its window.
  [">", "", "q"], ["", "", "x"], ["", "", "t"],
] as const;
/** Titles, icons, the clipboard, notifications. */
const BEYOND = [0, 1, 2, 9, 52, 777];
/** Colours: they may be set, but not asked for. */
const COLORS = [4, 5, 10, 11, 12, 17, 19];
/** Reports of the focus. */
const FOCUS_REPORTS = 1004;

/** Makes `xterm` answer nothing by itself. */
export function answerNothing(xterm: Terminal): void {
  const { parser } = xterm;
  for (const [prefix, intermediates, final] of CONTROLS) {
    parser.registerCsiHandler({ ...(prefix === "" ? {} : { prefix }), ...(intermediates === "" ? {} : { intermediates }), final }, () => true);
  }
  for (const intermediates of ["$", "+"]) {
    parser.registerDcsHandler({ intermediates, final: "q" }, () => true);
  }
  for (const code of BEYOND) {
    parser.registerOscHandler(code, () => true);
  }
  for (const code of COLORS) {
    parser.registerOscHandler(code, (data) => data.includes("?"));
  }
}

/**
 * Hands what the user types to `listener`, without what xterm.js says by itself when a program begins to listen to the focus.
 */
export function onTyped(xterm: Terminal, listener: (data: string) => void): IDisposable {
  let isAnswer = false;
  xterm.parser.registerCsiHandler({ prefix: "?", final: "h" }, (params) => {
    if (params.includes(FOCUS_REPORTS)) {
      // The answer comes while the sequence is carried out, which is right after this.
      isAnswer = true;
      queueMicrotask(() => {
        isAnswer = false;
      });
    }
    return false;
  });
  return xterm.onData((data) => {
    if (!isAnswer || (data !== "\x1b[I" && data !== "\x1b[O")) {
      listener(data);
    }
  });
}
