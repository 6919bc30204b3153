/** What a remote asks in words of its own, and the answers. The Rust twin is `crates/pure/link/src/questions.rs`. */

import type { FileRecord } from "./message.js";
import { MessageError, type Reader } from "./reader.js";

/** Most questions at a time. */
const QUESTIONS_MAX = 16;

/** Questions that belong together. */
export interface Questions {
  /** Whether there is something to answer, or at least to read; not so ends the asking. */
  readonly open: boolean;
  /** `echo`: what is typed may be seen. */
  readonly questions: readonly { readonly echo: boolean; readonly text: string }[];
  /** What they are about, with line breaks; may be empty. */
  readonly instruction: string;
}

/** Reads the body of a Questions record. */
export function decodeQuestions(from: Reader): Questions {
  const open = from.u8() !== 0;
  const count = from.u8();
  if (count > QUESTIONS_MAX) {
    throw new MessageError(`there are ${count} questions, the limit is ${QUESTIONS_MAX}`);
  }
  const questions = Array.from({ length: count }, () => ({ echo: from.u8() !== 0, text: from.text(from.u16()) }));
  return { open, questions, instruction: from.text() };
}

/** The answers, in the questions' order, each of at most 1024 bytes. */
export function encodeReplies(texts: readonly string[]): FileRecord {
  const utf8 = new TextEncoder();
  const bytes = [texts.length, ...texts.flatMap((text) => {
    const reply = utf8.encode(text);
    return [reply.length & 0xff, reply.length >> 8, ...reply];
  })];
  return { kind: "file", code: 0x89, body: Uint8Array.from(bytes) };
}
