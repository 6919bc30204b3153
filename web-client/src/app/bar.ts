/** What the toolbar's buttons do: mostly what a page can do with a connection, too. */

import { copyText } from "./clipboard.js";
import type { Connection } from "./options.js";
import type { ToolbarListener } from "./toolbar.js";

/** What a page cannot do. */
export interface BarContext {
  /** Puts the bar away. */
  fold(): void;
  focus(typing: boolean): void;
  hold(keysym: number): boolean;
  files(): void;
}

/** Joins the toolbar to its connection. */
export function barListener(connection: Connection, context: BarContext): ToolbarListener {
  return {
    fullScreen: () => {
      void connection.requestFullscreen().catch(() => undefined);
    },
    phoneKeyboard: () => {
      context.fold();
      context.focus(true);
    },
    chord: (keysyms) => {
      connection.sendKeys(keysyms);
    },
    hold: (keysym) => context.hold(keysym),
    scale: (scale) => {
      connection.setScale(scale);
    },
    quality: (quality) => {
      connection.setQuality(quality);
    },
    screen: (id) => {
      connection.showScreen(id);
    },
    copy: (text) => {
      void copyText(text);
    },
    sendClipboard: (text) => {
      // A terminal has no clipboard but what is typed into it.
      if (connection.terminal === null) {
        connection.sendClipboard(text);
      } else {
        connection.paste(text);
      }
    },
    files: () => {
      context.fold();
      context.files();
    },
    mute: () => {
      connection.muted = !connection.muted;
    },
    volume: (volume) => {
      connection.volume = volume;
    },
    speak: () => {
      void connection.speak(connection.microphone !== "on");
    },
    leave: () => {
      connection.disconnect();
    },
    closed: () => {
      context.focus(false);
    },
  };
}
