/**
 * Fails when what the gateway serves for the start weighs more than `LIMIT_BYTES` after gzip, or the page more than
 * `FLIGHT_BYTES` after brotli.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const LIMIT_BYTES = 60 * 1024;
/**
 * What a server sends before it has heard that anything arrived: ten packets (RFC 6928), less the head of the answer. A page
 * of more takes another round trip until it connects.
 */
const FLIGHT_BYTES = 10 * 1448 - 1200;
const site = fileURLToPath(new URL("../dist/site/", import.meta.url));
const { files } = JSON.parse(readFileSync(`${site}manifest.json`, "utf8"));
let total = 0;
for (const { path } of files) {
  const bytes = gzipSync(readFileSync(site + path), { level: 9 }).length;
  // Loaded when it is wanted, not at the start.
  total += /^assets\/(files|sound|worklet|terminal|webgl)-/.test(path) ? 0 : bytes;
  console.log(`${String(bytes).padStart(7)} ${path}`);
}
console.log(`${String(total).padStart(7)} of ${LIMIT_BYTES} bytes after gzip`);
const page = brotliCompressSync(readFileSync(`${site}index.html`)).length;
console.log(`${String(page).padStart(7)} of the ${FLIGHT_BYTES} bytes that a page may have to arrive in one flight, after brotli`);
if (total > LIMIT_BYTES || page > FLIGHT_BYTES) {
  process.exitCode = 1;
}
