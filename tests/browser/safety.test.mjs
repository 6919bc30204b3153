/** The page keeps to its policy, and TLS works. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway, LOSSLESS_SERVER } from "./lib/gateway.mjs";
import { openBrowser, openPage, waitForPicture, waitForState } from "./lib/page.mjs";
import * as pictures from "./lib/pictures.mjs";
import { run, temporaryFolder } from "./lib/programs.mjs";
import { tigervnc } from "./lib/servers.mjs";
import { TEST_MAX_MS, until } from "./lib/wait.mjs";

const [WIDTH, HEIGHT] = [400, 300];
const folder = temporaryFolder();
/** @type {import("./lib/servers.mjs").VncServer} */
let server;
/** @type {Gateway} */
let plain;
/** @type {Gateway} */
let secured;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  const tls = { certificate: `${folder.path}/tls.crt`, key: `${folder.path}/tls.key` };
  await run("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tls.key, "-out", tls.certificate,
  ]);
  server = await tigervnc(`${WIDTH}x${HEIGHT}`);
  const desktop = { port: server.port, more: LOSSLESS_SERVER };
  plain = await Gateway.start({ desktop });
  secured = await Gateway.start({ desktop }, { tls });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await plain?.stop();
  await secured?.stop();
  await server?.stop();
  folder.remove();
});

test("a whole session without a complaint from the browser", { timeout: TEST_MAX_MS }, async () => {
  const { page, context, problems } = await openPage(browser, plain.link(plain.token(), "scale=native"), {
    viewport: { width: WIDTH, height: HEIGHT },
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await waitForState(page, "connected");
  const picture = pictures.photo(WIDTH, HEIGHT);
  await server.display.paint(picture);
  await waitForPicture(page, picture);
  await page.mouse.click(100, 100);
  await page.mouse.wheel(0, 200);
  await page.keyboard.type("hello");
  await page.keyboard.insertText("héllo");
  await page.keyboard.press("Control+v");
  const owner = await server.display.copy("from the remote");
  await until("clipboard", async () => (await page.evaluate(() => navigator.clipboard.readText())) === "from the remote");
  await page.locator(".toolbar .handle").click();
  for (const name of ["Special keys", "Clipboard", "Display"]) {
    await page.locator(".toolbar").getByRole("button", { name, exact: true }).click();
  }
  await page.getByRole("radio", { name: "Fit" }).check();
  await page.getByRole("radio", { name: "Always exact" }).check();
  await page.reload();
  await waitForState(page, "connected");
  assert.deepEqual(problems, []);
  assert.deepEqual(plain.faults(), []);
  await context.close();
  await owner.stop();
});

test("the page and all that it loads carry the headers", { timeout: TEST_MAX_MS }, async () => {
  /** @type {import("playwright-core").Response[]} */
  const answers = [];
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("response", (answer) => answers.push(answer));
  await page.goto(plain.link(plain.token(), "scale=native"));
  await waitForState(page, "connected");
  // The worker's script is a text of the page, whose policy it inherits; everything else comes from the gateway.
  const texts = answers.filter((answer) => answer.url().startsWith("blob:")).map((answer) => answer.url());
  assert.deepEqual(texts, page.workers().map((worker) => worker.url()));
  answers.splice(0, answers.length, ...answers.filter((answer) => !texts.includes(answer.url())));
  assert.ok(answers.length >= 2, "the page and its script");
  for (const answer of answers) {
    const headers = await answer.allHeaders();
    assert.ok(answer.ok(), answer.url());
    assert.match(headers["content-security-policy"] ?? "", /default-src 'none'.*frame-ancestors 'self'/);
    assert.doesNotMatch(headers["content-security-policy"] ?? "", /unsafe/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.ok(answer.url().startsWith(plain.origin), answer.url());
    assert.ok(!answer.url().includes("token"), answer.url());
  }
  await context.close();
});

test("what the remote calls itself is text, never markup", { timeout: TEST_MAX_MS }, async () => {
  const { page, context, problems } = await openPage(browser, plain.link(plain.token(), "scale=native"));
  await waitForState(page, "connected");
  const name = `<img src=x onerror="document.title='owned'">`;
  await server.display.run("vncconfig", ["-set", `desktop=${name}`]);
  await until("title", async () => (await page.title()) === name, () => page.title());
  assert.deepEqual(problems.filter((text) => text.startsWith("error")), []);
  await context.close();
});

test("over TLS", { timeout: TEST_MAX_MS }, async () => {
  const picture = pictures.desktop(WIDTH, HEIGHT);
  await server.display.paint(picture);
  const link = secured.link(secured.token(), "bare&scale=native");
  const { page, context, problems } = await openPage(browser, link, { ignoreHTTPSErrors: true });
  await waitForState(page, "connected");
  await waitForPicture(page, picture);
  assert.equal(await page.evaluate(() => isSecureContext), true);
  assert.deepEqual(problems.filter((text) => text.startsWith("error")), []);
  assert.deepEqual(secured.faults(), []);
  await context.close();
});

test("a certificate that nobody vouches for is refused by default", { timeout: TEST_MAX_MS }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await assert.rejects(page.goto(secured.link(secured.token())), /ERR_CERT/);
  await context.close();
});
