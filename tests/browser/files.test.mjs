/** The file panel of a shell: its server's files, over SFTP. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForState } from "./lib/page.mjs";
import { sshd } from "./lib/ssh-server.mjs";
import { TERMINAL_FLAGS, waitForText } from "./lib/terminal.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

/** @type {import("./lib/ssh-server.mjs").SshServer} */
let server;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  server = await sshd();
  const more = `${server.connection}parameters.enable-sftp = true\nparameters.sftp-root-directory = ${JSON.stringify(server.home)}\n`;
  gateway = await Gateway.start({ shell: { port: server.port, protocol: "ssh", more } });
  browser = await openBrowser(TERMINAL_FLAGS);
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await server?.stop();
});

test("a file goes there and comes back", { timeout: TEST_MAX_MS }, async () => {
  const content = randomBytes(3_000_000);
  const { page, context, problems } = await openPage(browser, gateway.link(gateway.token({ connection: "shell", allow: ["input", "files-in", "files-out"] })));
  await waitForState(page, "connected");
  await waitForText(page, /^\$/m);
  writeFileSync(`${server.home}/there already.txt`, "seen");
  await page.locator(".toolbar .handle").click();
  await page.locator(".toolbar").getByRole("button", { name: "Files" }).click();
  const panel = page.locator("section.files");
  await panel.getByRole("button", { name: "there already.txt", exact: true }).waitFor();

  await panel.locator("input[type=file]").setInputFiles({ name: "sent.bin", mimeType: "application/octet-stream", buffer: content });
  const sent = panel.getByRole("button", { name: "sent.bin", exact: true });
  await sent.waitFor();
  assert.ok(readFileSync(`${server.home}/sent.bin`).equals(content), "the server has the file");

  const [download] = await Promise.all([page.waitForEvent("download"), sent.click()]);
  assert.equal(download.suggestedFilename(), "sent.bin");
  assert.ok(readFileSync(await download.path()).equals(content), "and so has the browser");

  await panel.getByRole("button", { name: "Delete: sent.bin" }).click();
  await panel.getByRole("button", { name: "Delete", exact: true }).click();
  await until("the file's end", () => !existsSync(`${server.home}/sent.bin`));
  await panel.getByRole("button", { name: "Close" }).click();
  // The keyboard is the shell's again.
  await page.keyboard.type("echo after files");
  await page.keyboard.press("Enter");
  await waitForText(page, /^after files$/m);
  assert.deepEqual(problems, []);
  assert.deepEqual(gateway.faults(), []);
  await context.close();
});
