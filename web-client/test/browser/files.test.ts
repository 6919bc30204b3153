/** The file panel in Chromium: listing, hostile names, upload and download, and only where it is offered. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { Gateway, record, u32, type Peer } from "./gateway.js";
import { launch, state, TOKEN } from "./page.js";

const HAS_FILES = 1 << 8;
const HOSTILE = '<img src=x onerror="document.title=1">';

let browser: Browser;
let gateway: Gateway;

before(async () => {
  browser = await launch();
  gateway = await Gateway.start();
});

after(async () => {
  await browser.close();
  gateway.stop();
});

const u64 = (value: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const named = (text: string): Buffer => Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);
const entry = (kind: number, size: number, text: string): Buffer => Buffer.concat([Buffer.of(kind), u64(size), u64(0), named(text)]);

async function open(permissions: number): Promise<{ readonly page: Page; readonly peer: Peer }> {
  const page = await browser.newPage();
  const peerComes = gateway.welcome(64, 48, { permissions });
  await page.goto(`${gateway.origin}/s#token=${TOKEN}`);
  const peer = await peerComes;
  await state(page, "connected");
  peer.send(record(0x88, u32(HAS_FILES)));
  await page.locator(".handle").click();
  return { page, peer };
}

/** The next record of this kind: its request and the rest. */
async function asked(peer: Peer, kind: number): Promise<{ readonly request: Buffer; readonly rest: Buffer }> {
  const { body } = await peer.until((all) => all.find((one) => one.kind === kind));
  peer.received.splice(peer.received.findIndex((one) => one.kind === kind), 1);
  return { request: body.subarray(0, 4), rest: body.subarray(4) };
}

async function list(peer: Peer, ...entries: readonly Buffer[]): Promise<void> {
  const { request } = await asked(peer, 0x90);
  peer.send(record(0x90, Buffer.concat([request, u64(1_000_000), Buffer.of(0), ...entries])));
}

test("there is no button without the permission", async () => {
  const { page } = await open(7);
  assert.equal(await page.locator(".bar button.files").isVisible(), false);
  await page.close();
});

test("files go up and down, and names are text", async () => {
  const { page, peer } = await open(7 | 24);
  await page.locator(".bar button.files").click();
  await list(peer, entry(1, 5, HOSTILE), entry(2, 0, "folder"), entry(1, 5, "down.txt"));
  const names = page.locator(".entries .name");
  await names.first().waitFor();
  assert.deepEqual(await names.allTextContents(), ["folder", HOSTILE, "down.txt"]);
  assert.notEqual(await page.title(), "1");

  const saved = page.waitForEvent("download");
  await names.nth(2).click();
  const read = await asked(peer, 0x91);
  peer.send(
    record(0x91, Buffer.concat([read.request, u64(0), u64(5), u64(0), u32(0)])),
    record(0x92, Buffer.concat([read.request, u64(0), Buffer.from("hello")])),
    record(0x94, read.request),
  );
  const download = await saved;
  assert.equal(download.suggestedFilename(), "down.txt");
  assert.equal(readFileSync(await download.path(), "utf8"), "hello");

  await page.locator(".files input[type=file]").setInputFiles({ name: "up.txt", mimeType: "text/plain", buffer: Buffer.from("there") });
  await list(peer);
  const write = await asked(peer, 0x92);
  assert.equal(write.rest.subarray(17).toString(), "up.txt");
  assert.equal(write.rest.readBigUInt64LE(0), 5n);
  peer.send(record(0x91, Buffer.concat([write.request, u64(0), u64(5), u64(0), u32(1 << 20)])));
  const data = await asked(peer, 0x93);
  assert.equal(data.rest.subarray(8).toString(), "there");
  peer.send(record(0x94, write.request));
  await list(peer, entry(1, 5, "up.txt"));
  await page.getByText("up.txt", { exact: true }).first().waitFor();

  // Keys in the panel stay there, and Escape closes it.
  peer.received.splice(0);
  await page.getByRole("button", { name: "New folder" }).click();
  await page.keyboard.type("new");
  await page.keyboard.press("Enter");
  const made = await asked(peer, 0x98);
  assert.equal(made.rest.toString(), "new");
  assert.equal(peer.received.some(({ kind }) => kind === 0x03 || kind === 0x04), false);
  peer.send(record(0x94, made.request));
  await list(peer);
  await page.getByRole("button", { name: "New folder" }).focus();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("section.files").isVisible(), false);
  await page.close();
});
