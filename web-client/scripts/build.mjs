/**
 * Builds `dist/pkg` (the npm package's modules) and `dist/site` (what the gateway serves).
 *
 * Every file of the site but `index.html` has its content's hash in its name, so that browsers may keep it
 * for ever. `manifest.json` lists all files with their content types.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome114", "firefox115", "safari16.4"],
  loader: { ".css": "text" },
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};

await rm(join(root, "dist"), { recursive: true, force: true });
await buildPackage();
await buildSite();

async function buildPackage() {
  await build({
    ...common,
    minify: false,
    splitting: true,
    chunkNames: "chunk-[hash]",
    entryPoints: { index: "src/app/index.ts", element: "src/app/element.ts", worker: "src/engine/worker.ts" },
    outdir: "dist/pkg",
  });
}

async function buildSite() {
  const files = [];
  const out = join(root, "dist", "site");
  await mkdir(join(out, "assets"), { recursive: true });
  const add = async (path, type, content) => {
    await writeFile(join(out, path), content);
    files.push({ path, type, immutable: path.startsWith("assets/") });
    return path;
  };
  const addHashed = (name, extension, type, content) => {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    return add(`assets/${name}-${hash}.${extension}`, type, content);
  };
  const script = "text/javascript; charset=utf-8";
  const worker = await addHashed("worker", "js", script, await bundle("src/engine/worker.ts", {}));
  const panel = await addHashed("files", "js", script, await bundle("src/files/panel.ts", {}));
  const define = { WORKER_FILE: JSON.stringify(`./${worker.slice("assets/".length)}`) };
  const page = await addHashed("porthole", "js", script, await bundle("src/page/page.ts", define, [later(panel)]));
  const style = await addHashed("page", "css", "text/css; charset=utf-8", await source("page.css"));
  const icon = await addHashed("icon", "svg", "image/svg+xml", await source("icon.svg"));
  const html = (await source("index.html")).replace("%script%", page).replace("%style%", style).replace("%icon%", icon);
  await add("index.html", "text/html; charset=utf-8", html);
  await writeFile(join(out, "manifest.json"), `${JSON.stringify({ files }, null, 2)}\n`);
}

/** Leaves the file panel to a file of its own, which the page loads when it is wanted. */
function later(path) {
  const external = { path: `./${path.slice("assets/".length)}`, external: true };
  return { name: "later", setup: (on) => on.onResolve({ filter: /\/files\/panel\.js$/ }, ({ kind }) => kind === "dynamic-import" ? external : null) };
}

async function bundle(entry, define, plugins = []) {
  const result = await build({ ...common, entryPoints: [entry], define, plugins, write: false });
  return result.outputFiles[0].text;
}

function source(name) {
  return readFile(join(root, "src", "page", name), "utf8");
}
