/** What an SSH server asks, the page shows in the server's own words. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForState } from "./lib/page.mjs";
import { FACTORS, sshd } from "./lib/ssh-server.mjs";
import { TERMINAL_FLAGS, waitForText } from "./lib/terminal.mjs";
import { TEST_MAX_MS } from "./lib/wait.mjs";

/** @type {import("./lib/ssh-server.mjs").SshServer} */
let server;
/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  server = await sshd({ secondFactor: true });
  gateway = await Gateway.start({ shell: { port: server.port, protocol: "ssh", more: server.connection } });
  browser = await openBrowser(TERMINAL_FLAGS);
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await server?.stop();
});

test("a password, and then a code", { timeout: TEST_MAX_MS }, async () => {
  const { page, context, problems } = await openPage(browser, gateway.link(gateway.token({ connection: "shell" })));
  const password = page.getByLabel("Password");
  await password.waitFor();
  assert.equal(await password.getAttribute("type"), "password");
  // The field has the focus: nothing is to be clicked.
  await page.keyboard.type(FACTORS.password);
  await page.keyboard.press("Enter");
  const code = page.getByLabel("One-time password");
  await code.waitFor();
  await page.keyboard.type(FACTORS.code);
  await page.keyboard.press("Enter");
  await waitForState(page, "connected");
  await waitForText(page, /^\$/m);
  // And the keyboard is the shell's.
  await page.keyboard.type("echo inside");
  await page.keyboard.press("Enter");
  await waitForText(page, /^inside$/m);
  assert.deepEqual(problems, []);
  assert.deepEqual(gateway.faults(), []);
  for (const secret of Object.values(FACTORS)) {
    assert.ok(!gateway.log.includes(secret), "the log tells no answer");
  }
  await context.close();
});
