/**
 * Runs all tests, two files at a time; or those named as arguments: `npm test -- typing pointer`.
 *
 * The command line of older Node.js has no switch for how many files run at once.
 */

import { readdirSync } from "node:fs";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const FILES_AT_ONCE = 2;
/** How long the tests of a file may take: many times what the slowest takes. */
const FILE_MAX_MS = 600_000;
const SUFFIX = ".test.mjs";

const wanted = process.argv.slice(2);
const folder = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(folder)
  .filter((name) => name.endsWith(SUFFIX) && (wanted.length === 0 || wanted.includes(name.slice(0, -SUFFIX.length))))
  .map((name) => folder + name);
if (files.length === 0) {
  throw new Error(`no such tests: ${wanted.join(", ")}`);
}
run({ files, concurrency: FILES_AT_ONCE, timeout: FILE_MAX_MS })
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
