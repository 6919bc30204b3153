/** Text goes from one clipboard to the other, and never where it may not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, waitForState } from "./lib/page.mjs";
import { scene } from "./lib/scene.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const remote = scene();
const TEXT = "Grüße, 10 €\n日本語 and 🦀\nend";
const GRANTED = { permissions: ["clipboard-read", "clipboard-write"] };

/** @param {import("playwright-core").Page} page */
function localText(page) {
  return page.evaluate(() => navigator.clipboard.readText());
}

test("what the remote copies is on the local clipboard", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await remote.open("bare&scale=native", GRANTED);
  const owner = await remote.display.copy(TEXT);
  await until("clipboard text", async () => (await localText(page)) === TEXT, () => localText(page));
  await context.close();
  await owner.stop();
});

test("Ctrl+V takes the local clipboard along", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await remote.open("bare&scale=native", GRANTED);
  await page.evaluate((text) => navigator.clipboard.writeText(text), `${TEXT} again`);
  await page.keyboard.press("Control+v");
  await remote.display.clipboard(`${TEXT} again`);
  await context.close();
});

test("coming back to the page brings what was copied elsewhere", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await remote.open("bare&scale=native", GRANTED);
  await page.evaluate((text) => navigator.clipboard.writeText(text), "from another window");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await remote.display.clipboard("from another window");
  await context.close();
});

test("where the browser says no, the panel has the text", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await openPage(remote.browser, "about:blank");
  // A browser that refuses, and one without the interface, look alike to the page.
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
    Object.defineProperty(navigator, "clipboard", { value: { readText: refuse, writeText: refuse } });
  });
  await page.goto(remote.gateway.link(remote.gateway.token(), "scale=native"));
  await waitForState(page, "connected");
  const owner = await remote.display.copy(TEXT);
  await page.getByText("The remote copied text. Open the clipboard to take it.").waitFor();
  await page.locator(".toolbar .handle").click();
  await page.locator(".toolbar").getByRole("button", { name: "Clipboard" }).click();
  const field = page.getByRole("textbox", { name: "Clipboard text" });
  assert.equal(await field.inputValue(), TEXT);

  await field.fill("typed into the panel: ✓");
  await page.getByRole("button", { name: "Send to the remote" }).click();
  await remote.display.clipboard("typed into the panel: ✓");
  await context.close();
  await owner.stop();
});

test("a token without the permissions moves nothing", { timeout: TEST_MAX_MS }, async () => {
  const { display, gateway } = remote;
  const owner = await display.copy("kept on the remote");
  const { page, context } = await openPage(remote.browser, gateway.link(gateway.token({ allow: ["input"] }), "bare&scale=native"), GRANTED);
  await waitForState(page, "connected");
  await page.evaluate(() => navigator.clipboard.writeText("kept here"));
  const recorder = await display.recorder("800x600");
  await page.mouse.move(300, 300);
  await page.keyboard.press("Control+v");
  const other = await display.copy("also kept on the remote");
  // The key comes after everything that the page could have sent before it.
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && keysym === "v");
  await page.keyboard.press("x");
  await recorder.next(({ kind, keysym }) => kind === "Key Release" && keysym === "x");
  await display.clipboard("also kept on the remote");
  assert.equal(await localText(page), "kept here");
  await context.close();
  await recorder.stop();
  await owner.stop();
  await other.stop();
});
