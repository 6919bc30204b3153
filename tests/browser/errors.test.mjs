/** Whatever goes wrong, the page says what, and the log gives no token away. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForState } from "./lib/page.mjs";
import { tigervnc } from "./lib/servers.mjs";
import { freePort, speakingServer } from "./lib/sockets.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const TITLE = {
  token: "This link is not valid any more",
  incomplete: "This address is not complete",
  policy: "This connection is not allowed",
  credentials: "The remote computer refused the sign-in",
  remote: "The remote computer cannot be shown",
  unreachable: "The gateway cannot be reached",
  lost: "The connection was lost",
};

/** @type {Gateway} */
let gateway;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("./lib/servers.mjs").VncServer} */
let server;
/** @type {{ port: number, stop(): void }[]} */
const odd = [];

before(async () => {
  server = await tigervnc("320x240", { password: "secret12" });
  const hanging = await speakingServer(Buffer.alloc(0));
  const garbage = await speakingServer(Buffer.from("HTTP/1.1 400 Bad Request\r\nserver: no desktop\r\n\r\n"));
  odd.push(hanging, garbage);
  gateway = await Gateway.start({
    desktop: { port: server.port, more: 'password = "secret12"' },
    wrong: { port: server.port, more: 'password = "no-secret"' },
    dead: await freePort(),
    hanging: hanging.port,
    garbage: garbage.port,
    // The policy opens ports from 1024 on.
    refused: 80,
  }, { extra: "[timeouts]\nhandshake_s = 2\n" });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await server?.stop();
  odd.forEach((one) => one.stop());
});

/**
 * Opens a link and checks what the page says.
 *
 * @param {string} link
 * @param {{ cause: string, title: string, message?: RegExp, state?: string }} wanted
 */
async function expectEnding(link, { cause, title, message, state = "failed" }) {
  const { page, context } = await openPage(browser, link);
  assert.deepEqual(await waitForState(page, ["failed", "closed"]), { state, cause });
  await page.getByRole("heading", { name: title, exact: true }).waitFor();
  const card = page.getByRole("alert");
  const words = await card.innerText();
  assert.match(words, new RegExp(cause));
  if (message !== undefined) {
    assert.match(words, message);
  }
  assert.ok(!page.url().includes("token"), "the address bar has no token");
  await context.close();
  assert.deepEqual(gateway.faults(), []);
}

const now = () => Math.floor(Date.now() / 1000);
const TOKENS = /** @type {Record<string, { wishes: import("./lib/gateway.mjs").TokenWishes, cause: string, title?: string, message?: RegExp }>} */ ({
  expired: { wishes: { claims: { iat: now() - 900, exp: now() - 300 } }, cause: "expired", message: /has expired/ },
  "not yet valid": { wishes: { claims: { nbf: now() + 3000, exp: now() + 3600 } }, cause: "not_yet_valid", message: /not valid yet/ },
  "for someone else": { wishes: { claims: { aud: "another.test" } }, cause: "wrong_audience", message: /not accepted/ },
  "from someone else": { wishes: { claims: { iss: "https://another.test" } }, cause: "wrong_issuer", message: /not accepted/ },
  "of another algorithm": { wishes: { header: { alg: "RS256" } }, cause: "algorithm_not_permitted", message: /not accepted/ },
  unsigned: { wishes: { header: { alg: "none" } }, cause: "unsigned", message: /not accepted/ },
  "signed with another key": { wishes: { secret: "another secret of thirty-two bytes" }, cause: "bad_signature", message: /not accepted/ },
  "without its name": { wishes: { claims: { jti: undefined } }, cause: "missing_jti", message: /not accepted/ },
  "of an unknown connection": { wishes: { connection: "nowhere" }, cause: "unknown_connection", title: TITLE.policy, message: /names a connection/ },
  "with an unknown permission": { wishes: { allow: ["everything"] }, cause: "unknown_permission", message: /not accepted/ },
});

for (const [name, { wishes, cause, title = TITLE.token, message }] of Object.entries(TOKENS)) {
  test(`a token ${name}`, { timeout: TEST_MAX_MS }, async () => {
    await expectEnding(gateway.link(gateway.token(wishes)), { cause, title, ...(message === undefined ? {} : { message }) });
  });
}

test("a token used twice", { timeout: TEST_MAX_MS }, async () => {
  const token = gateway.token();
  const first = await openPage(browser, gateway.link(token));
  await waitForState(first.page, "connected");
  await expectEnding(gateway.link(token), { cause: "already_spent", title: TITLE.token, message: /used already/ });
  // The first is none the worse for it.
  await waitForState(first.page, "connected");
  await first.context.close();
});

test("no token, and what is no token", { timeout: TEST_MAX_MS }, async () => {
  await expectEnding(`${gateway.origin}/`, { cause: "token_missing", title: TITLE.incomplete });
  await expectEnding(gateway.link("abc"), { cause: "malformed", title: TITLE.token });
  await expectEnding(gateway.link("%20%22"), { cause: "token_invalid", title: TITLE.token });
});

const REMOTES = {
  "that the policy does not allow": { connection: "refused", cause: "policy", title: TITLE.policy, message: /may not connect/ },
  "that is not there": { connection: "dead", cause: "connect", title: TITLE.remote, message: /refused the connection/ },
  "that says nothing": { connection: "hanging", cause: "handshake_timeout", title: TITLE.remote },
  "that speaks something else": { connection: "garbage", cause: "not_rfb", title: TITLE.remote },
  "that wants another password": { connection: "wrong", cause: "authentication_failed", title: TITLE.credentials },
};

for (const [name, { connection, ...wanted }] of Object.entries(REMOTES)) {
  test(`a remote ${name}`, { timeout: TEST_MAX_MS }, async () => {
    await expectEnding(gateway.link(gateway.token({ connection })), wanted);
  });
}

test("a remote that dies", { timeout: TEST_MAX_MS }, async () => {
  const dying = await tigervnc("320x240");
  const other = await Gateway.start({ desktop: dying.port });
  const { page, context } = await openPage(browser, other.link(other.token()));
  await waitForState(page, "connected");
  await dying.stop();
  const { cause } = await waitForState(page, ["failed", "closed"]);
  assert.notEqual(cause, undefined);
  await page.getByRole("alert").waitFor();
  assert.deepEqual(other.faults(), []);
  await context.close();
  await other.stop();
});

test("a gateway that is told to stop", { timeout: TEST_MAX_MS }, async () => {
  const other = await Gateway.start({ desktop: { port: server.port, more: 'password = "secret12"' } });
  const { page, context } = await openPage(browser, other.link(other.token()));
  await waitForState(page, "connected");
  await other.stop();
  await waitForState(page, ["reconnecting", "failed"]);
  await until("message", async () => /gateway|connection/i.test(await page.locator(".cover").innerText()));
  assert.deepEqual(other.faults(), []);
  await context.close();
});

test("a link that is opened in another page's place", { timeout: TEST_MAX_MS }, async () => {
  const { page, context } = await openPage(browser, gateway.link(gateway.token({ connection: "dead" })));
  await waitForState(page, "failed");
  await page.goto(gateway.link(gateway.token()));
  await waitForState(page, "connected");
  await context.close();
});
