/** One server, one gateway and one browser: what most test files need. */

import { after, before } from "node:test";
import { Gateway, LOSSLESS_SERVER } from "./gateway.mjs";
import { openBrowser, openPage, waitForState } from "./page.mjs";
import { tigervnc } from "./servers.mjs";

/** Set once the file's tests run. */
export class Scene {
  /** @type {import("./servers.mjs").VncServer} */
  server = /** @type {any} */ (null);
  /** @type {Gateway} */
  gateway = /** @type {any} */ (null);
  /** @type {import("playwright-core").Browser} */
  browser = /** @type {any} */ (null);

  get display() {
    return this.server.display;
  }

  /**
   * Opens the session `desktop` in a page of its own and waits until it is connected.
   *
   * @param {string} [query]
   * @param {Parameters<typeof openPage>[2]} [options]
   */
  async open(query = "bare&scale=native", options = {}) {
    const opened = await openPage(this.browser, this.gateway.link(this.gateway.token(), query), options);
    await waitForState(opened.page, "connected");
    return opened;
  }
}

/**
 * Starts everything before the tests of the calling file, and stops it after them.
 *
 * @param {{ geometry?: string, ready?: (scene: Scene) => Promise<void> }} [options] `ready`: what else to do before the tests
 */
export function scene({ geometry = "800x600", ready } = {}) {
  const made = new Scene();
  before(async () => {
    made.server = await tigervnc(geometry);
    made.gateway = await Gateway.start({ desktop: { port: made.server.port, more: LOSSLESS_SERVER } });
    made.browser = await openBrowser();
    await ready?.(made);
  });
  after(async () => {
    await made.browser?.close();
    await made.gateway?.stop();
    await made.server?.stop();
  });
  return made;
}
