/** Bundles the tests and runs them: `test.mjs` those in `test/`, `test.mjs browser` those in `test/browser/`. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = process.argv[2] === "browser" ? "test/browser" : "test";
const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".test.ts"));
const outdir = join(root, "node_modules", ".cache", "porthole", folder);
await build({
  absWorkingDir: root,
  entryPoints: names.map((name) => `${folder}/${name}`),
  outdir,
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const files = names.map((name) => join(outdir, name.replace(/\.ts$/, ".mjs")));
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
