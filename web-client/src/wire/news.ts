/**
 * Records that concern the page and not the picture. The engine passes them on as they are, and the page reads them:
 * what connects and paints has to be small, because it is there before the rest. The layout is in `docs/link.md`.
 */

import { decodePart, type ClipboardPart } from "./clipboard.js";
import { decodeRect, type NewsRecord, type RemoteScreen } from "./message.js";
import { decodeQuestions, type Questions } from "./questions.js";
import { MessageError, Reader } from "./reader.js";

/** Most screens that the gateway tells of. */
export const SCREENS_MAX = 16;

/** One such record, read. Every `data` is a view. */
export type News =
  | ({ readonly kind: "clipboard" } & ClipboardPart)
  | { readonly kind: "title"; readonly text: string }
  | { readonly kind: "bell" }
  | { readonly kind: "leds"; readonly bits: number }
  | { readonly kind: "state"; readonly phase: number; readonly text: string }
  | { readonly kind: "notice"; readonly text: string }
  | { readonly kind: "abilities"; readonly bits: number }
  /** What the remote wants to know: bits, see `docs/link.md`; 0 for nothing any more. */
  | { readonly kind: "prompt"; readonly fields: number; readonly reason: string }
  | ({ readonly kind: "questions" } & Questions)
  | { readonly kind: "screens"; readonly screens: readonly RemoteScreen[] };

/**
 * Decodes a record; null is one that this version does not know.
 *
 * @throws {MessageError} if it breaks the specification.
 */
export function decodeNews({ code, body }: NewsRecord): News | null {
  const reader = (field: string): Reader => new Reader(body, field);
  switch (code) {
    case 0x82:
      return { kind: "clipboard", ...decodePart(reader("clipboard")) };
    case 0x83:
      return { kind: "title", text: reader("title").text() };
    case 0x84:
      return { kind: "bell" };
    case 0x85:
      return { kind: "leds", bits: reader("leds").u8() };
    case 0x86: {
      const from = reader("state");
      return { kind: "state", phase: from.u8(), text: from.text() };
    }
    case 0x87:
      return { kind: "notice", text: reader("notice").text() };
    case 0x88:
      return { kind: "abilities", bits: reader("abilities").u32() };
    case 0x8a:
      return decodeScreens(reader("screens"));
    case 0x8b: {
      const from = reader("prompt");
      return { kind: "prompt", fields: from.u8(), reason: from.text() };
    }
    case 0x8c:
      return { kind: "questions", ...decodeQuestions(reader("questions")) };
    default:
      return null;
  }
}

function decodeScreens(from: Reader): News {
  const count = from.u8();
  if (count > SCREENS_MAX) {
    throw new MessageError(`there are ${count} screens, the limit is ${SCREENS_MAX}`);
  }
  return { kind: "screens", screens: Array.from({ length: count }, () => ({ id: from.u32(), ...decodeRect(from) })) };
}
