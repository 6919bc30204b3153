/** The link's vectors, shared with the Rust implementation. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { CLIPBOARD_MAX_BYTES, ClipboardJoiner, cutClipboard, PART_MAX_BYTES, type ClipboardContent, type ClipboardPart } from "../src/wire/clipboard.js";
import { encodeCommand, helloProtocol, splitText, type Command } from "../src/wire/command.js";
import { decodeFileNews, encodeFileAct, type FileAct } from "../src/wire/files.js";
import { decodeMessages, type Message } from "../src/wire/message.js";
import { decodeNews } from "../src/wire/news.js";
import { encodeReplies } from "../src/wire/questions.js";
import { MessageError } from "../src/wire/reader.js";
import { decodeSoundNews, encodeListen, encodeSaid, type SoundCodec } from "../src/wire/sound.js";
import { decodeTerminalNews, encodeTerminalResize, encodeTyped, TYPED_MAX_BYTES, type Cells } from "../src/wire/terminal.js";

interface Vector {
  readonly name: string;
  readonly to: "browser" | "gateway";
  readonly hex: string;
  readonly value?: unknown;
  readonly error?: boolean;
  readonly skipped?: boolean;
}

const vectors = JSON.parse(
  readFileSync(resolve(process.cwd(), "../tests/vectors/link/vectors.json"), "utf8"),
) as readonly Vector[];

const fromHex = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, "hex"));

/** Bytes become hexadecimal text, as they are in the file. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) =>
      part instanceof Uint8Array ? Buffer.from(part).toString("hex") : part,
    ),
  );
}

/** Records as the file has them: those about the picture and the link are decoded by the engine, the others in the page. */
function decodeAll(bytes: Uint8Array<ArrayBuffer>): readonly unknown[] {
  const decode = (message: Message): unknown => {
    if (message.kind === "news") {
      return decodeNews(message);
    }
    if (message.kind !== "file") {
      return message;
    }
    if (message.code >= 0xb0) {
      const news = decodeTerminalNews(message);
      return news === null ? null : { kind: "terminal", news };
    }
    if (message.code >= 0xa0) {
      const news = decodeSoundNews(message);
      return news === null ? null : { kind: "sound", news };
    }
    const answer = decodeFileNews(message);
    return answer === null ? null : { kind: "file", ...answer };
  };
  return decodeMessages(bytes).map(decode).filter((message) => message !== null);
}

function toCommand(value: unknown): Command {
  const file = value as { kind: string; request: number; act: { data?: string } };
  if (file.kind === "file") {
    const act = file.act.data === undefined ? file.act : { ...file.act, data: fromHex(file.act.data) };
    return encodeFileAct(file.request, act as FileAct);
  }
  const sound = value as { kind: string; wish: { kind: string; codec: SoundCodec | null; rateHz: number; pcm: string } };
  if (sound.kind === "sound") {
    const { kind, codec, rateHz, pcm } = sound.wish;
    return kind === "listen" ? encodeListen(codec) : encodeSaid(rateHz, new Int16Array(fromHex(pcm).buffer));
  }
  const terminal = value as { kind: string; texts: string[]; wish: Cells & { typed?: string } };
  if (terminal.kind === "replies") {
    return encodeReplies(terminal.texts);
  }
  if (terminal.kind === "terminal") {
    const { typed } = terminal.wish;
    return typed === undefined ? encodeTerminalResize(terminal.wish) : (encodeTyped(fromHex(typed))[0] as Command);
  }
  const command = value as { kind: string; resume?: { session: string; secret: string } | null };
  if (command.kind === "hello" && command.resume != null) {
    const { session, secret } = command.resume;
    return { ...command, resume: { session: fromHex(session), secret: fromHex(secret) } } as unknown as Command;
  }
  if (command.kind === "clipboard") {
    const { data } = command as { data?: unknown };
    return { ...command, data: fromHex(String(data)) } as unknown as Command;
  }
  return command as Command;
}

for (const vector of vectors) {
  if (vector.to === "browser") {
    test(`decodes: ${vector.name}`, () => {
      const bytes = fromHex(vector.hex);
      if (vector.error === true) {
        assert.throws(() => decodeAll(bytes), MessageError);
      } else {
        assert.deepEqual(plain(decodeAll(bytes)), vector.skipped === true ? [] : [vector.value]);
      }
    });
  } else if (vector.error !== true) {
    test(`encodes: ${vector.name}`, () => {
      assert.equal(Buffer.from(encodeCommand(toCommand(vector.value))).toString("hex"), vector.hex);
    });
  }
}

test("every cut of a message is an error, and whole records in one message are all read", () => {
  const good = vectors.filter((vector) => vector.to === "browser" && vector.value !== undefined);
  const bytes = fromHex(good.map((vector) => vector.hex).join(""));
  assert.deepEqual(plain(decodeAll(bytes)), good.map((vector) => vector.value));
  for (const { hex, name } of good) {
    const whole = fromHex(hex);
    for (let cut = 1; cut < whole.length; cut++) {
      assert.throws(() => decodeMessages(whole.subarray(0, cut)), MessageError, `${name} at ${cut}`);
    }
  }
});

test("bytes past the known fields are ignored", () => {
  assert.deepEqual(decodeMessages(fromHex("0206000080073804ffff")), [{ kind: "size", width: 1920, height: 1080 }]);
});

test("numbers from the page are clamped to their fields", () => {
  const bytes = encodeCommand({ kind: "wheel", x: -5, y: 70_000, dx: 40_000, dy: -40_000 });
  assert.equal(Buffer.from(bytes).toString("hex"), "060800000000ffffff7f0080");
});

test("what is typed is cut into records that the gateway takes", () => {
  const typed = Uint8Array.from({ length: 2 * TYPED_MAX_BYTES + 3 }, (_, at) => at % 251);
  const records = encodeTyped(typed);
  assert.deepEqual(records.map(({ body }) => body.length), [TYPED_MAX_BYTES, TYPED_MAX_BYTES, 3]);
  assert.deepEqual(Buffer.concat(records.map(({ body }) => body)), Buffer.from(typed));
  assert.deepEqual(encodeTyped(new Uint8Array(0)), []);
});

test("a terminal without columns, or with too many, is refused", () => {
  for (const hex of ["00001800", "50000000", "e9031800", "5000f501"]) {
    assert.throws(() => decodeTerminalNews({ kind: "file", code: 0xb2, body: fromHex(hex) }), MessageError, hex);
  }
});

test("long texts are cut between characters", () => {
  const pieces = splitText("é".repeat(2048) + "😀x");
  assert.deepEqual(pieces.map((piece) => Buffer.byteLength(piece)), [4096, 5]);
  assert.deepEqual(splitText(""), []);
});

const content = (parts: Partial<ClipboardContent>): ClipboardContent => ({ text: null, html: null, png: null, ...parts });
const part = (format: ClipboardPart["format"], continues: boolean, more: boolean, words: string): ClipboardPart =>
  ({ format, continues, more, data: new Uint8Array(Buffer.from(words)) });

test("clipboard content is cut into parts that make it again, without what is too long", () => {
  const png = new Uint8Array(3 * PART_MAX_BYTES - 5).fill(7);
  const all = content({ text: "grüße €", html: "", png });
  const parts = cutClipboard(all);
  assert.deepEqual(parts.map(({ format, data }) => [format, data.length]), [
    ["text", 11], ["html", 0], ["png", PART_MAX_BYTES], ["png", PART_MAX_BYTES], ["png", PART_MAX_BYTES - 5],
  ]);
  const joiner = new ClipboardJoiner();
  assert.deepEqual(parts.map((one) => joiner.push(one)), [null, null, null, null, all]);

  const long = "é".repeat(CLIPBOARD_MAX_BYTES / 2);
  assert.equal(cutClipboard(content({ text: long })).length, CLIPBOARD_MAX_BYTES / PART_MAX_BYTES);
  assert.deepEqual(cutClipboard(content({ text: `${long}a` })), []);
  const left = cutClipboard(content({ text: "x", png: new Uint8Array(CLIPBOARD_MAX_BYTES + 1) }));
  assert.deepEqual(left, [part("text", false, false, "x")]);
});

test("clipboard parts without a beginning are ignored, and a new beginning drops what was there", () => {
  const joiner = new ClipboardJoiner();
  assert.equal(joiner.push(part("text", true, false, "a")), null);
  assert.equal(joiner.push(part("text", false, true, "b")), null);
  assert.equal(joiner.push(part("html", false, true, "c")), null);
  assert.equal(joiner.push(part(null, true, true, "a format of a later version")), null);
  assert.deepEqual(joiner.push(part("html", true, false, "d")), content({ html: "cd" }));
  assert.equal(joiner.push(part("text", true, false, "e")), null);
  const huge = { ...part("png", false, true, ""), data: new Uint8Array(CLIPBOARD_MAX_BYTES) };
  assert.equal(joiner.push(huge), null);
  assert.throws(() => joiner.push(part("png", true, false, "x")), MessageError);
  assert.throws(() => joiner.push({ ...part("text", false, false, ""), data: new Uint8Array([0xff]) }), MessageError);
});

test("Hello as a subprotocol holds the record's bytes and no character that one may not have", () => {
  for (let width = 0; width < 4096; width += 61) {
    const hello = { kind: "hello", features: 0xfbef_ffff, width, height: 1, scalePercent: 1, viewOnly: true, resume: null, painted: width, cells: 1 } as const;
    const name = helloProtocol(hello);
    assert.match(name, /^porthole\.hello\.[A-Za-z0-9_-]+$/);
    assert.deepEqual(Buffer.from(name.slice("porthole.hello.".length), "base64url"), Buffer.from(encodeCommand(hello)));
  }
});
