/** The public options, states and events of a connection. */

import type { CommandKey } from "../input/keyboard.js";
import type { ClipboardContent } from "../wire/clipboard.js";
import type { RemoteScreen } from "../wire/message.js";
import type { Cells } from "../wire/terminal.js";
import type { Failure, LinkState, Spread, Stats } from "../engine/reports.js";
import type { MicrophoneState } from "./sound.js";
import type { Quality } from "./toolbar.js";
import type { Scale } from "./view.js";

export type { Cells, ClipboardContent, CommandKey, Failure, LinkState, MicrophoneState, Quality, RemoteScreen, Scale, Spread, Stats };

/** What lets a viewer come back to its session after a reload, as hexadecimal text. Keep it secret. */
export interface SavedSession {
  readonly session: string;
  readonly secret: string;
}

/** How to connect. */
export interface ConnectOptions {
  /** The signed token that names the session. */
  readonly token: string;
  /** The link's address, `http(s):` or `ws(s):`. Default: `link`, relative to the page. */
  readonly url?: string | URL;
  /** Default: `remote`. */
  readonly scale?: Scale;
  /** Watch without input. */
  readonly viewOnly?: boolean;
  /** Show the picture alone, at the element's top left corner, without toolbar or messages. */
  readonly bare?: boolean;
  /** The user interface's language, a BCP 47 tag. Default: the browser's. */
  readonly language?: string;
  /** Where the worker's script is; `false` paints on the page's thread. Default: beside this module. */
  readonly workerUrl?: string | URL | false;
  /** Default: `auto`. */
  readonly quality?: Quality;
  /** What macOS's Command key is to the remote. Default: `control`, so that Command+C copies. */
  readonly commandKey?: CommandKey;
  /** Show a small dot where the remote hides its pointer. */
  readonly dot?: boolean;
  /** Begin without sound. Default: false; browsers let sound be heard once the user has done something in the page. */
  readonly muted?: boolean;
  /**
   * How a remote that is text is shown: `text` as a terminal of the page's own, `picture` as the gateway draws it.
   * Default: `text`.
   */
  readonly terminal?: TerminalMode;
  /** A session to come back to. */
  readonly resume?: SavedSession;
  /** Called as the `state` event is sent. */
  readonly onstate?: (state: LinkState, failure: Failure | null) => void;
}

/** How a remote that is text is shown. */
export type TerminalMode = "text" | "picture";

/** The events of a connection. */
export interface ConnectionEvents {
  readonly state: CustomEvent<{ readonly state: LinkState; readonly failure: Failure | null }>;
  /** Somebody copied something on the remote. Its HTML is the remote's: it must not get into a document. */
  readonly clipboard: CustomEvent<ClipboardContent>;
  /** The desktop's name. */
  readonly title: CustomEvent<{ readonly title: string }>;
  readonly bell: CustomEvent<null>;
  /** The remote's screens, or their layout, changed. */
  readonly screens: CustomEvent<{ readonly screens: readonly RemoteScreen[] }>;
  /** The remote is text, and its terminal has this size, perhaps a new one. Not where it is shown as a picture. */
  readonly terminal: CustomEvent<Cells>;
  /** Whether the remote asks for the viewer's microphone, or gets it, has changed. */
  readonly microphone: CustomEvent<{ readonly state: MicrophoneState }>;
  /** A sentence from the gateway to show in passing. */
  readonly notice: CustomEvent<{ readonly text: string }>;
  /** The connection ended with a failure. */
  readonly error: CustomEvent<Failure>;
  /** A round trip to the gateway, in milliseconds. */
  readonly latency: CustomEvent<{ readonly latencyMs: number }>;
  /** What to keep for a reload; null once the session is over. */
  readonly session: CustomEvent<SavedSession | null>;
}

/** A connection shown in an element. */
export interface Connection extends EventTarget {
  readonly state: LinkState;
  /** Ends the connection. The element shows that it ended. */
  disconnect(): void;
  /** Presses X11 keysyms in order and releases them in reverse. */
  sendKeys(keysyms: readonly number[]): void;
  ctrlAltDel(): void;
  setScale(scale: Scale): void;
  setQuality(quality: Quality): void;
  /** Puts content, or a text, on the remote's clipboard. At most 4 MiB of each format; returns false beyond. */
  sendClipboard(content: string | Partial<ClipboardContent>): boolean;
  /** The remote's screens; empty where it does not tell. */
  readonly screens: readonly RemoteScreen[];
  /** Shows one of the remote's screens alone, or, with null, all of them. False: there is no such screen. */
  showScreen(id: number | null): boolean;
  /** The size of the remote's terminal; null where there is none, or it is shown as a picture. */
  readonly terminal: Cells | null;
  /**
   * Pastes text into the remote's terminal. Several lines are shown to the user first where the program there would
   * take them for typed ones. False: there is no terminal, it may not be pasted, or it is more than 4 MiB.
   */
  paste(text: string): boolean;
  /** Opens the terminal's search with `text`. False: there is no terminal. */
  search(text?: string): boolean;
  /** Whether the remote is not heard. */
  muted: boolean;
  /** From 0 to 1. */
  volume: number;
  /** `wanted`: the remote records, and may be let hear the viewer. */
  readonly microphone: MicrophoneState;
  /** Lets the remote hear the viewer's microphone while it records, or no more. Needs a click or key; the browser asks the user. */
  speak(on: boolean): Promise<void>;
  /** Full screen, with the system's shortcuts where the browser allows. Needs a click or key. */
  requestFullscreen(): Promise<void>;
  /** What was received and painted since the last call; for measurements. Rejects when the connection is taken away. */
  stats(): Promise<Stats>;
  addEventListener<K extends keyof ConnectionEvents>(
    kind: K,
    listener: (event: ConnectionEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    kind: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
