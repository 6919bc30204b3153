/**
 * A text remote's terminal: xterm.js, and what belongs around it. Loaded when the first text remote is opened.
 *
 * The gateway's records become text in the terminal, in order; a frame counts once the terminal has taken all of it,
 * and that is the flow control. The terminal has the size that the gateway says; what there is room for, the gateway
 * is told.
 */

import { Terminal } from "@xterm/xterm";
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import xtermCss from "@xterm/xterm/css/xterm.css";
import { copyText, type ClipboardSync } from "../app/clipboard.js";
import { make, pathIcon } from "../app/dom.js";
import type { TerminalReport } from "../app/terminal.js";
import type { Toolbar } from "../app/toolbar.js";
import { CLIPBOARD_MAX_BYTES } from "../wire/clipboard.js";
import type { FileRecord } from "../wire/message.js";
import { decodeTerminalNews, encodeTyped, type Cells, type TerminalLook, type TerminalNews } from "../wire/terminal.js";
import { askLink, askPaste } from "./dialog.js";
import { KeyBar } from "./keybar.js";
import { keyText } from "./keys.js";
import { makePanel } from "./panel.js";
import { hasLines, tidy } from "./paste.js";
import { answerNothing, onTyped } from "./queries.js";
import { Room } from "./room.js";
import { SearchBar } from "./search.js";
import { FONT_MAX_PX, FONT_MIN_PX, loadSettings, storeSettings } from "./settings.js";
import { shortcutOf } from "./shortcuts.js";
import { terminalStringsFor, type TerminalStrings } from "./strings.js";
import css from "./terminal.css";
import { CONTRAST, themeOf } from "./theme.js";
import { scrollByTouch } from "./touch.js";

const FONTS = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
const PX_PER_PT = 4 / 3;
/** Most rows that are kept above the screen, whatever the gateway allows. */
const SCROLLBACK_MAX = 50_000;
const BELL_MS = 150;
const ICON = "M3 5h18v14H3zM7 9l3 3-3 3M12 15h5";

/** What a terminal needs of its screen. */
export interface TerminalContext {
  readonly root: ShadowRoot;
  readonly language: string;
  readonly clipboard: ClipboardSync;
  readonly toolbar: Toolbar | null;
  /** Whether what is typed goes anywhere. */
  mayType(): boolean;
  send(record: FileRecord): void;
  /** The terminal has taken all of a frame, so many milliseconds after it came. */
  written(frame: number, turn: number, ms: number): void;
  /** A record broke the specification. */
  broken(reason: string): void;
  /** The terminal has a size, perhaps a new one. */
  sized(cells: Cells): void;
  toast(text: string): void;
}

/** Owns the terminal's element. */
export class TextTerminal {
  readonly element = make("section", { class: "terminal-screen", part: "terminal" });
  readonly #context: TerminalContext;
  readonly #strings: TerminalStrings;
  readonly #settings = loadSettings();
  readonly #box = make("div", { class: "box" });
  readonly #xterm: Terminal;
  readonly #room: Room;
  readonly #search: SearchBar;
  readonly #keyBar: KeyBar;
  readonly #abort = new AbortController();
  #look: TerminalLook | null = null;
  #asksPaste = true;
  #bellTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: TerminalContext) {
    this.#context = context;
    this.#strings = terminalStringsFor(context.language);
    Terminal.strings.promptLabel = this.#strings.input;
    Terminal.strings.tooMuchOutput = this.#strings.tooMuch;
    this.#xterm = this.#makeXterm();
    this.#search = new SearchBar(this.#xterm, this.#strings, () => {
      this.#xterm.focus();
    });
    this.#keyBar = new KeyBar(this.#strings.keys, {
      type: (text) => {
        this.#type(text);
      },
      application: () => this.#xterm.modes.applicationCursorKeysMode,
    });
    const fit = new FitAddon();
    this.#xterm.loadAddon(fit);
    this.#mount();
    this.#room = new Room(this.#xterm, fit, this.element, this.#box, (record) => {
      context.send(record);
    });
    this.#listen();
    void this.#accelerate();
  }

  get size(): Cells {
    return { columns: this.#xterm.cols, rows: this.#xterm.rows };
  }

  /** A socket carries the session. */
  renewed(): void {
    const mayType = this.#context.mayType();
    this.#xterm.options.disableStdin = !mayType;
    this.#keyBar.element.hidden = !mayType;
    this.#room.renewed(mayType);
  }

  /** The next of what the gateway sends; `atMs` is when it came. */
  handle(report: TerminalReport, atMs: number): void {
    if (report.kind === "frameEnd") {
      this.#xterm.write("", () => {
        this.#context.written(report.frame, report.turn, performance.now() - atMs);
      });
      return;
    }
    try {
      this.#apply(decodeTerminalNews(report));
    } catch (error) {
      this.#context.broken(error instanceof Error ? error.message : "a record could not be used");
    }
  }

  /** Takes the keyboard. `typing` opens a phone's on-screen keyboard, which nothing else but a tap does. */
  focus(typing: boolean): void {
    if (typing || !matchMedia("(pointer: coarse)").matches) {
      this.#xterm.focus();
    }
  }

  /** Keys that were pressed before this terminal was there. */
  typeEarly(events: readonly KeyboardEvent[]): void {
    const text = (event: KeyboardEvent): string => {
      const { key, ctrlKey: ctrl, altKey: alt, shiftKey: shift } = event;
      return event.metaKey || event.isComposing ? "" : keyText(key, { ctrl, alt, shift }, false);
    };
    this.#type(events.map(text).join(""));
  }

  /** As {@link Connection.paste}. */
  paste(pasted: string): boolean {
    if (!this.#context.mayType() || !this.#context.clipboard.maySend) {
      this.#context.toast(this.#strings.noPaste);
      return false;
    }
    const text = tidy(pasted);
    if (new TextEncoder().encode(text).length > CLIPBOARD_MAX_BYTES) {
      this.#context.toast(this.#strings.tooLarge);
      return false;
    }
    if (this.#asksPaste && hasLines(text) && !this.#xterm.modes.bracketedPasteMode) {
      void this.#askPaste(text);
    } else if (text !== "") {
      this.#xterm.paste(text);
    }
    return true;
  }

  search(text: string): void {
    this.#search.open(text === "" ? this.#xterm.getSelection().split("\n", 1)[0] ?? "" : text);
  }

  bell(): void {
    this.element.classList.add("bell");
    clearTimeout(this.#bellTimer);
    this.#bellTimer = setTimeout(() => {
      this.element.classList.remove("bell");
    }, BELL_MS);
  }

  /** Lets go of the page. */
  close(): void {
    this.#abort.abort();
    clearTimeout(this.#bellTimer);
    this.#keyBar.close();
    this.#room.close();
    this.#xterm.dispose();
    this.element.remove();
  }

  #makeXterm(): Terminal {
    const xterm = new Terminal({
      // Widths by Unicode 11, search marks and the parser's hooks count as such.
      allowProposedApi: true,
      fontFamily: FONTS,
      fontSize: 16,
      screenReaderMode: this.#settings.reader,
      macOptionIsMeta: true,
      rescaleOverlappingGlyphs: true,
      overviewRuler: { width: 12 },
      // Until the gateway tells the look.
      theme: { overviewRulerBorder: "#00000000" },
      linkHandler: {
        activate: (_event, text) => {
          void this.#openLink(text);
        },
        hover: (_event, text) => {
          this.#box.title = text;
        },
        leave: () => {
          this.#box.title = "";
        },
        allowNonHttpProtocols: true,
      },
    });
    xterm.loadAddon(new Unicode11Addon());
    xterm.unicode.activeVersion = "11";
    xterm.loadAddon(new WebLinksAddon((_event, text) => {
      void this.#openLink(text);
    }));
    answerNothing(xterm);
    onTyped(xterm, (data) => {
      this.#type(this.#keyBar.apply(data));
    });
    xterm.onBinary((data) => {
      this.#send(Uint8Array.from(data, (letter) => letter.charCodeAt(0)));
    });
    xterm.onResize(({ cols, rows }) => {
      this.#context.sized({ columns: cols, rows });
    });
    xterm.attachCustomKeyEventHandler((event) => this.#key(event));
    return xterm;
  }

  #mount(): void {
    const { root, toolbar } = this.#context;
    const sheets = [xtermCss, css].map((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      return sheet;
    });
    root.adoptedStyleSheets.push(...sheets);
    this.element.setAttribute("aria-label", this.#strings.title);
    this.element.append(this.#box, this.#keyBar.element, this.#search.element);
    // Under the cover and the toolbar.
    root.prepend(this.element);
    this.#xterm.open(this.#box);
    toolbar?.adopt(pathIcon(ICON), this.#strings.title, makePanel(this.#strings, this.#settings, this.#context.mayType(), {
      zoom: (steps) => {
        this.#zoom(steps);
      },
      changed: () => {
        storeSettings(this.#settings);
        this.#dress();
      },
      copy: () => {
        this.#copy();
      },
      paste: () => {
        void this.#pasteClipboard();
      },
      find: () => {
        toolbar.toggle(false);
        this.search("");
      },
    }));
  }

  #listen(): void {
    const { signal } = this.#abort;
    const flush = (): void => {
      void this.#context.clipboard.flush(false);
    };
    this.#box.addEventListener("keydown", flush, { signal, capture: true });
    this.#box.addEventListener("pointerdown", flush, { signal, capture: true });
    for (const kind of ["keydown", "keyup", "keypress"]) {
      this.element.addEventListener(kind, (event) => {
        event.stopPropagation();
      }, { signal });
    }
    this.#box.addEventListener("paste", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.paste(event.clipboardData?.getData("text/plain") ?? "");
    }, { signal, capture: true });
    this.#box.addEventListener("copy", (event) => {
      if (!this.#context.clipboard.mayTake) {
        event.preventDefault();
        event.stopImmediatePropagation();
        this.#context.toast(this.#strings.noCopy);
      }
    }, { signal, capture: true });
    this.#box.addEventListener("pointerup", () => {
      // After xterm.js has seen the end of the selection.
      setTimeout(() => {
        if (this.#settings.copies && this.#xterm.hasSelection()) {
          this.#copy();
        }
      });
    }, { signal });
    this.#box.addEventListener("auxclick", ({ button }) => {
      // Linux pastes what is selected by itself; a program that listens to the mouse has the button.
      if (button === 1 && !navigator.userAgent.includes("Linux") && this.#xterm.modes.mouseTrackingMode === "none") {
        void this.#pasteClipboard();
      }
    }, { signal });
    scrollByTouch(this.#box, signal);
  }

  #apply(news: TerminalNews | null): void {
    switch (news?.kind) {
      case "screen":
        // The text before it is in the terminal's queue still.
        this.#xterm.write("", () => {
          this.#xterm.reset();
          this.#resize(news);
        });
        this.#xterm.write(news.data);
        break;
      case "text":
        this.#xterm.write(news.data);
        break;
      case "size":
        this.#xterm.write("", () => {
          this.#resize(news);
        });
        break;
      case "look":
        this.#look = news;
        this.#dress();
        this.#room.ask();
        break;
      case undefined:
        break;
    }
  }

  #resize({ columns, rows }: Cells): void {
    this.#xterm.resize(columns, rows);
    this.#room.fitFont();
  }

  /** Looks as the connection's settings and the user's say. */
  #dress(): void {
    const { options } = this.#xterm;
    const { theme, fontPx, reader } = this.#settings;
    if (this.#look !== null) {
      const { colors, fontSizePt, fontName, scrollback } = this.#look;
      options.theme = themeOf(theme, colors);
      options.minimumContrastRatio = CONTRAST[theme];
      options.scrollback = Math.min(scrollback, SCROLLBACK_MAX);
      // The name comes from afar and gets into a style sheet.
      const name = fontName.replace(/[^\p{L}\p{N} ._-]/gu, "");
      options.fontFamily = name === "" ? FONTS : `"${name}", ${FONTS}`;
      options.fontSize = fontPx ?? Math.round(fontSizePt * PX_PER_PT);
      this.element.style.background = options.theme.background ?? "";
    }
    options.screenReaderMode = reader;
    this.#room.fitFont();
    this.#room.askSoon();
  }

  #zoom(steps: number): void {
    const size = (this.#xterm.options.fontSize ?? FONT_MIN_PX) + steps;
    this.#settings.fontPx = steps === 0 ? null : Math.min(FONT_MAX_PX, Math.max(FONT_MIN_PX, size));
    storeSettings(this.#settings);
    this.#dress();
  }

  /** False for a key that is not the remote's. */
  #key(event: KeyboardEvent): boolean {
    const shortcut = event.type === "keydown" ? shortcutOf(event) : null;
    switch (shortcut) {
      case null:
        return true;
      case "paste":
        // The browser's own event follows.
        return false;
      case "copy":
        this.#copy();
        break;
      case "find":
        this.search("");
        break;
      case "smaller":
        this.#zoom(-1);
        break;
      case "usual":
        this.#zoom(0);
        break;
      case "larger":
        this.#zoom(1);
        break;
    }
    event.preventDefault();
    return false;
  }

  #type(text: string): void {
    if (text !== "") {
      this.#send(new TextEncoder().encode(text));
    }
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#context.mayType()) {
      for (const record of encodeTyped(bytes)) {
        this.#context.send(record);
      }
    }
  }

  #copy(): void {
    const text = this.#xterm.getSelection();
    if (text === "") {
      return;
    }
    if (this.#context.clipboard.mayTake) {
      void copyText(text);
    } else {
      this.#context.toast(this.#strings.noCopy);
    }
  }

  async #pasteClipboard(): Promise<void> {
    try {
      this.paste(await navigator.clipboard.readText());
    } catch {
      this.#context.toast(this.#strings.noClipboard);
    }
  }

  async #askPaste(text: string): Promise<void> {
    const answer = await askPaste(this.element, this.#strings, text);
    if (answer !== "no") {
      this.#asksPaste = answer !== "always";
      this.#xterm.paste(text);
    }
    this.focus(false);
  }

  async #openLink(text: string): Promise<void> {
    await askLink(this.element, this.#strings, text);
    this.focus(false);
  }

  /** Draws with the graphics processor, where there is one: without, elements are quicker. */
  async #accelerate(): Promise<void> {
    const probe = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
    if (probe === null) {
      return;
    }
    probe.getExtension("WEBGL_lose_context")?.loseContext();
    try {
      const { accelerate } = await import("./accelerate.js");
      if (!this.#abort.signal.aborted) {
        accelerate(this.#xterm);
      }
    } catch {
      // Elements then go on.
    }
  }
}
