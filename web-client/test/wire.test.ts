/** The link's vectors, shared with the Rust implementation. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { encodeCommand, splitText, clipboardFits, type Command } from "../src/wire/command.js";
import { decodeFileNews, encodeFileAct, type FileAct } from "../src/wire/files.js";
import { decodeMessages, type Message } from "../src/wire/message.js";
import { MessageError } from "../src/wire/reader.js";

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

/** Records as the file has them: those about files are decoded by the panel, the others by the engine. */
function decodeAll(bytes: Uint8Array<ArrayBuffer>): readonly unknown[] {
  const decode = (message: Message): unknown => {
    if (message.kind !== "file") {
      return message;
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
  const command = value as { kind: string; resume?: { session: string; secret: string } | null };
  if (command.kind === "hello" && command.resume != null) {
    const { session, secret } = command.resume;
    return { ...command, resume: { session: fromHex(session), secret: fromHex(secret) } } as unknown as Command;
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

test("long texts are cut between characters", () => {
  const pieces = splitText("é".repeat(2048) + "😀x");
  assert.deepEqual(pieces.map((piece) => Buffer.byteLength(piece)), [4096, 5]);
  assert.deepEqual(splitText(""), []);
  assert.ok(clipboardFits("a".repeat(1 << 20)));
  assert.ok(!clipboardFits("é".repeat((1 << 19) + 1)));
});
