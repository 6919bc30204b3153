/**
 * Key events to Key records.
 *
 * What a key-up releases is what its key-down pressed, whatever the layout or the modifiers say by then.
 * Modifiers are compared with the browser's own flags at every event, because browsers lose key-ups
 * whenever the system takes the focus away.
 *
 * Dead keys are not sent: the browser composes them, and the composed character follows as a key or as
 * text. Sending both would make the remote compose a second time.
 */

import type { Command } from "../wire/command.js";
import { KEYSYM, keysymOf } from "./keysyms.js";
import { scancodeOf } from "./scancodes.js";

/** The parts of a `KeyboardEvent` that matter here. */
export interface KeyStroke {
  readonly code: string;
  readonly key: string;
  readonly location: number;
  readonly repeat: boolean;
  readonly isComposing: boolean;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  getModifierState(key: string): boolean;
}

/** Systems whose keyboards need care of their own. */
export type Platform = "windows" | "mac" | "other";

/** What macOS's Command key is to the remote. */
export type CommandKey = "control" | "super";

/**
 * What became of an event. `handled`: the browser must not act on it. `ignored`: it must, since the key
 * belongs to an input method. `paste`: it must, since it will paste; keys wait for `resume`.
 */
export type Verdict = "handled" | "ignored" | "paste";

interface Key {
  readonly keysym: number;
  readonly scancode: number;
}

type Flag = "ctrlKey" | "shiftKey" | "altKey" | "metaKey";

/** Each modifier flag with the places that set it and the key to press when the flag comes without one. */
const FAMILIES: readonly { readonly flag: Flag; readonly codes: readonly [string, string]; readonly keysym: number }[] = [
  { flag: "ctrlKey", codes: ["ControlLeft", "ControlRight"], keysym: KEYSYM.control },
  { flag: "shiftKey", codes: ["ShiftLeft", "ShiftRight"], keysym: KEYSYM.shift },
  { flag: "altKey", codes: ["AltLeft", "AltRight"], keysym: KEYSYM.alt },
  { flag: "metaKey", codes: ["MetaLeft", "MetaRight"], keysym: KEYSYM.meta },
];
const MODIFIER_KEYS: ReadonlySet<string> = new Set([
  "Shift", "Control", "Alt", "Meta", "OS", "Super", "AltGraph", "CapsLock", "NumLock", "ScrollLock",
]);
/** Keys whose key-up Windows does not report. */
const TAPPED_ON_WINDOWS: ReadonlySet<string> = new Set(["Lang1", "Lang2", "KanaMode", "Zenkaku", "Hankaku"]);
/** Windows sends a Control before each AltGr; we wait this long for the AltGr, in milliseconds. */
const ALT_GRAPH_WAIT_MS = 100;

/** Bits of the Leds record. */
const LED_NUM = 2;
const LED_CAPS = 4;

/** One keyboard. The caller owns the listeners and passes events on. */
export class Keyboard {
  readonly #platform: Platform;
  readonly #commandKey: CommandKey;
  readonly #send: (command: Command) => void;
  readonly #pressed = new Map<string, Key>();
  #leds: number | null = null;
  /** Whether this browser ever tells that AltGr is down: only then does its silence mean something. */
  #reportsAltGraph = false;
  #heldControl: ReturnType<typeof setTimeout> | null = null;
  #waiting: (() => void)[] | null = null;

  constructor(platform: Platform, commandKey: CommandKey, send: (command: Command) => void) {
    this.#platform = platform;
    this.#commandKey = commandKey;
    this.#send = send;
  }

  /** `pastes` says whether a paste shortcut may wait for the clipboard. */
  down(stroke: KeyStroke, pastes: boolean): Verdict {
    if (belongsToInputMethod(stroke)) {
      return "ignored";
    }
    if (this.#waiting !== null) {
      this.#waiting.push(() => {
        this.#down(stroke);
      });
      return "handled";
    }
    if (pastes && !stroke.repeat && this.#isPaste(stroke)) {
      this.#waiting = [
        (): void => {
          this.#down(stroke);
        },
      ];
      return "paste";
    }
    this.#down(stroke);
    return "handled";
  }

  up(stroke: KeyStroke): Verdict {
    if (this.#waiting !== null) {
      this.#waiting.push(() => {
        this.#up(stroke);
      });
      return "handled";
    }
    return this.#up(stroke);
  }

  /** The clipboard is sent, or will not be: the keys that waited for it go out. */
  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    waiting.forEach((act) => {
      act();
    });
  }

  /** Lifts everything: the focus is gone. */
  release(): void {
    this.forget();
    this.#send({ kind: "releaseAll" });
  }

  /** Forgets what is pressed: the link is new, and the gateway has lifted everything. */
  forget(): void {
    this.#dropHeldControl();
    this.#waiting = null;
    this.#pressed.clear();
  }

  /** The remote's lock lights, from a Leds record. */
  setLeds(bits: number): void {
    this.#leds = bits;
  }

  /** Presses the keysyms in order and releases them in reverse. */
  chord(keysyms: readonly number[]): void {
    keysyms.forEach((keysym) => {
      this.#emit(true, { keysym, scancode: 0 });
    });
    [...keysyms].reverse().forEach((keysym) => {
      this.#emit(false, { keysym, scancode: 0 });
    });
  }

  /** Presses or releases a modifier that the page holds for the user; returns whether it is now down. */
  toggle(keysym: number): boolean {
    const id = `held ${keysym}`;
    if (this.#pressed.has(id)) {
      this.#lift(id);
      return false;
    }
    this.#press(id, { keysym, scancode: 0 });
    return true;
  }

  #down(stroke: KeyStroke): void {
    if (this.#platform === "windows" && this.#isAltGraphPart(stroke)) {
      return;
    }
    this.#flushHeldControl();
    this.#syncModifiers(stroke, true);
    this.#syncLocks(stroke);
    const id = idOf(stroke);
    const held = this.#pressed.get(id);
    const key = stroke.repeat && held !== undefined ? held : this.#keyOf(stroke);
    if (this.#isTap(stroke)) {
      this.#tap(key);
      return;
    }
    if (held !== undefined && held.keysym !== key.keysym) {
      // A key-up was lost, and the key means something else now.
      this.#lift(id);
    }
    this.#press(id, key);
  }

  #up(stroke: KeyStroke): Verdict {
    const id = idOf(stroke);
    if (this.#heldControl !== null && stroke.code === "ControlLeft") {
      this.#flushHeldControl();
    }
    const wasPressed = this.#pressed.has(id);
    if (wasPressed) {
      this.#lift(id);
    } else if (stroke.code === "PrintScreen" || (this.#platform === "mac" && stroke.code === "CapsLock")) {
      // Windows reports only the key-up of the first, macOS only that of the second when it goes off.
      this.#tap(this.#keyOf(stroke));
    }
    if (this.#platform === "mac" && stroke.key === "Meta") {
      // macOS reports no key-up of what was pressed with Command.
      [...this.#pressed.keys()].filter((other) => !isModifierCode(other)).forEach((other) => {
        this.#lift(other);
      });
    }
    this.#syncModifiers(stroke, false);
    return wasPressed ? "handled" : "ignored";
  }

  /** True if the event was the Control or the Alt of a Windows AltGr, and is dealt with. */
  #isAltGraphPart(stroke: KeyStroke): boolean {
    if (stroke.code === "ControlLeft" && !stroke.repeat && !this.#pressed.has("ControlLeft")) {
      const key = this.#keyOf(stroke);
      this.#dropHeldControl();
      this.#heldControl = setTimeout(() => {
        this.#heldControl = null;
        this.#press("ControlLeft", key);
      }, ALT_GRAPH_WAIT_MS);
      return true;
    }
    if (stroke.code === "ControlLeft" && this.#heldControl !== null) {
      return true;
    }
    if (stroke.code === "AltRight" && stroke.key === "AltGraph" && this.#heldControl !== null) {
      this.#dropHeldControl();
    }
    return false;
  }

  #flushHeldControl(): void {
    if (this.#heldControl !== null) {
      this.#dropHeldControl();
      this.#press("ControlLeft", { keysym: KEYSYM.control, scancode: scancodeOf("ControlLeft") });
    }
  }

  #dropHeldControl(): void {
    if (this.#heldControl !== null) {
      clearTimeout(this.#heldControl);
      this.#heldControl = null;
    }
  }

  /** Brings the modifiers that we believe are down into line with the browser's flags. */
  #syncModifiers(stroke: KeyStroke, mayPress: boolean): void {
    const reported = stroke.getModifierState("AltGraph");
    const own = stroke.key === "AltGraph";
    this.#reportsAltGraph ||= reported && !own;
    const altGraph = reported || own;
    const isAltGraph = (code: string): boolean => this.#pressed.get(code)?.keysym === KEYSYM.altGraph;
    if (this.#reportsAltGraph && !altGraph && stroke.code !== "AltRight" && isAltGraph("AltRight")) {
      this.#lift("AltRight");
    }
    for (const { flag, codes, keysym } of FAMILIES) {
      const ownFamily = codes.includes(stroke.code);
      // With AltGr down, Windows also raises the flags of Control and Alt.
      const unclear = altGraph && (flag === "ctrlKey" || flag === "altKey");
      if ((ownFamily && mayPress) || unclear) {
        continue;
      }
      const wanted = stroke[flag] && !(flag === "altKey" && this.#isOptionCharacter(stroke));
      const pressed = codes.filter((code) => this.#pressed.has(code) && !isAltGraph(code));
      if (!wanted) {
        pressed.forEach((code) => {
          this.#lift(code);
        });
      } else if (mayPress && pressed.length === 0) {
        const [code] = codes;
        const commands = flag === "metaKey" && this.#commandActsAsControl();
        this.#press(code, commands ? controlKey() : { keysym, scancode: scancodeOf(code) });
      }
    }
  }

  /** Toggles the remote's locks when their lights differ from this keyboard's. */
  #syncLocks(stroke: KeyStroke): void {
    if (this.#leds === null || MODIFIER_KEYS.has(stroke.key)) {
      return;
    }
    const caps = stroke.getModifierState("CapsLock");
    if (caps !== ((this.#leds & LED_CAPS) !== 0)) {
      this.#tap({ keysym: KEYSYM.capsLock, scancode: scancodeOf("CapsLock") });
    }
    // Macs have no Num Lock, and only keys of the number pad depend on it.
    const num = stroke.getModifierState("NumLock");
    if (this.#platform !== "mac" && stroke.location === 3 && num !== ((this.#leds & LED_NUM) !== 0)) {
      this.#tap({ keysym: KEYSYM.numLock, scancode: scancodeOf("NumLock") });
    }
  }

  #keyOf(stroke: KeyStroke): Key {
    if (stroke.key === "Meta" && this.#commandActsAsControl()) {
      return controlKey();
    }
    const scancode = scancodeOf(stroke.code);
    const shortcut = stroke.ctrlKey || stroke.metaKey || (stroke.altKey && !this.#isOptionCharacter(stroke));
    const place = /^Key([A-Z])$/.exec(stroke.code)?.[1];
    if (shortcut && place !== undefined && !stroke.getModifierState("AltGraph") && /^[^\u0000-\u024f]$/u.test(stroke.key)) {
      // Shortcuts are known by their Latin letters, also to those who write in other scripts.
      return { keysym: keysymOf(stroke.shiftKey ? place : place.toLowerCase(), 0), scancode };
    }
    return { keysym: keysymOf(stroke.key, stroke.location), scancode };
  }

  /** Whether macOS's Option made this character, so that Alt is not meant. */
  #isOptionCharacter(stroke: KeyStroke): boolean {
    const plain = !stroke.ctrlKey && !stroke.metaKey;
    return this.#platform === "mac" && stroke.altKey && plain && stroke.key.length === 1;
  }

  /** Whether this key's key-up will not come. */
  #isTap(stroke: KeyStroke): boolean {
    switch (this.#platform) {
      case "mac":
        return stroke.code === "CapsLock" || (stroke.metaKey && !MODIFIER_KEYS.has(stroke.key));
      case "windows":
        return TAPPED_ON_WINDOWS.has(stroke.code);
      case "other":
        return false;
    }
  }

  #isPaste(stroke: KeyStroke): boolean {
    if (stroke.altKey) {
      return false;
    }
    const command = this.#platform === "mac" ? stroke.metaKey : stroke.ctrlKey;
    return (command && stroke.key.toLowerCase() === "v") || (stroke.shiftKey && stroke.key === "Insert");
  }

  #commandActsAsControl(): boolean {
    return this.#platform === "mac" && this.#commandKey === "control";
  }

  #press(id: string, key: Key): void {
    this.#pressed.set(id, key);
    this.#emit(true, key);
  }

  #lift(id: string): void {
    const key = this.#pressed.get(id);
    if (key !== undefined) {
      this.#pressed.delete(id);
      this.#emit(false, key);
    }
  }

  #tap(key: Key): void {
    this.#emit(true, key);
    this.#emit(false, key);
  }

  #emit(down: boolean, key: Key): void {
    // The light will change, but its record takes a round trip, and keys typed until then must not see the old one.
    if (down && this.#leds !== null && key.keysym === KEYSYM.capsLock) {
      this.#leds ^= LED_CAPS;
    }
    if (down && this.#leds !== null && key.keysym === KEYSYM.numLock) {
      this.#leds ^= LED_NUM;
    }
    if (key.keysym !== 0 || key.scancode !== 0) {
      this.#send({ kind: "key", down, ...key });
    }
  }
}

/** Reads the platform from the browser's own words about itself. */
export function platformOf(userAgent: string): Platform {
  if (userAgent.includes("Windows")) {
    return "windows";
  }
  return /Mac OS|iPhone|iPad/.test(userAgent) ? "mac" : "other";
}

function controlKey(): Key {
  return { keysym: KEYSYM.control, scancode: scancodeOf("ControlLeft") };
}

function belongsToInputMethod(stroke: KeyStroke): boolean {
  const unnamed = stroke.key === "Unidentified" && stroke.code === "";
  return stroke.isComposing || unnamed || stroke.key === "Process" || stroke.key === "Dead" || stroke.key === "";
}

/** Keys on screen keyboards may have no place; their meaning then tells them apart. */
function idOf(stroke: KeyStroke): string {
  return stroke.code === "" ? `key ${stroke.key}` : stroke.code;
}

function isModifierCode(code: string): boolean {
  return code.startsWith("held ") || code === "CapsLock" || FAMILIES.some(({ codes }) => codes.includes(code));
}
