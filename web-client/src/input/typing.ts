/**
 * Text that comes without key events: input methods, phone keyboards, dictation.
 *
 * A hidden text area keeps a few characters in front of the caret, so that a phone keyboard has
 * something to delete. What was typed is the difference between the area's text then and now.
 */

import { splitText, type Command } from "../wire/command.js";
import { KEYSYM, keysymOfCharacter } from "./keysyms.js";

/** What the text area holds between two inputs. */
const REST = "    ";

/** One change of a text: characters taken from its end, then characters put there. */
export interface Change {
  readonly deleted: number;
  readonly inserted: string;
}

/** The change from `before` to `after`, both seen as typed at the end. Counts are characters. */
export function changeBetween(before: string, after: string): Change {
  const [was, is] = [Array.from(before), Array.from(after)];
  let same = 0;
  while (same < was.length && same < is.length && was[same] === is[same]) {
    same++;
  }
  return { deleted: was.length - same, inserted: is.slice(same).join("") };
}

/** The records that type a change. */
export function commandsFor(change: Change): readonly Command[] {
  const commands: Command[] = [];
  const tap = (keysym: number): void => {
    commands.push({ kind: "key", down: true, keysym, scancode: 0 }, { kind: "key", down: false, keysym, scancode: 0 });
  };
  for (let count = 0; count < change.deleted; count++) {
    tap(KEYSYM.backspace);
  }
  for (const [at, line] of change.inserted.split(/\r\n|\r|\n/).entries()) {
    if (at > 0) {
      tap(KEYSYM.enter);
    }
    if (/^[\u0020-\u007e]$/.test(line)) {
      // A single plain character is a key, so that a held modifier applies to it.
      tap(keysymOfCharacter(line));
    } else {
      commands.push(...splitText(line).map((text) => ({ kind: "text", text }) as const));
    }
  }
  return commands;
}

/** Languages whose input methods compose from Latin letters that must not be sent by themselves. */
const COMPOSED_LANGUAGES = /^(zh|ja|ko|vi)\b/i;

/** Owns the text area's listeners for composition and input. */
export class Typing {
  readonly #area: HTMLTextAreaElement;
  readonly #send: (command: Command) => void;
  readonly #liveLatin: boolean;
  #before = REST;
  #composing = false;

  constructor(area: HTMLTextAreaElement, send: (command: Command) => void, signal: AbortSignal) {
    this.#area = area;
    this.#send = send;
    // Phone keyboards compose every Latin word to correct it; people want to see their letters at once.
    this.#liveLatin =
      matchMedia("(pointer: coarse)").matches && !navigator.languages.some((tag) => COMPOSED_LANGUAGES.test(tag));
    this.rest();
    area.addEventListener("compositionstart", () => {
      this.#composing = true;
      area.classList.add("composing");
    }, { signal });
    area.addEventListener("compositionend", () => {
      this.#composing = false;
      area.classList.remove("composing");
      this.#flush();
    }, { signal });
    area.addEventListener("input", () => {
      if (!this.#composing || (this.#liveLatin && /^[\p{Script=Latin}\p{N}\p{P}\s]*$/u.test(area.value))) {
        this.#flush();
      }
    }, { signal });
  }

  /** Puts the area back to rest: the focus came or went. */
  rest(): void {
    this.#composing = false;
    this.#area.classList.remove("composing");
    this.#area.value = REST;
    this.#before = REST;
    this.#area.setSelectionRange(REST.length, REST.length);
  }

  #flush(): void {
    commandsFor(changeBetween(this.#before, this.#area.value)).forEach(this.#send);
    this.#before = this.#area.value;
    if (!this.#composing) {
      this.rest();
    }
  }
}
