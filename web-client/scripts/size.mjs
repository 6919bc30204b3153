/** Fails when what the gateway serves for the start weighs more than `LIMIT_BYTES` after gzip. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 60 * 1024;
const site = fileURLToPath(new URL("../dist/site/", import.meta.url));
const { files } = JSON.parse(readFileSync(`${site}manifest.json`, "utf8"));
let total = 0;
for (const { path } of files) {
  const bytes = gzipSync(readFileSync(site + path), { level: 9 }).length;
  // Loaded when it is wanted, not at the start.
  total += path.startsWith("assets/files-") ? 0 : bytes;
  console.log(`${String(bytes).padStart(7)} ${path}`);
}
console.log(`${String(total).padStart(7)} of ${LIMIT_BYTES} bytes after gzip`);
if (total > LIMIT_BYTES) {
  process.exitCode = 1;
}
