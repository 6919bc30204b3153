/**
 * Builds `dist/pkg` (the npm package's modules) and `dist/site` (what the gateway serves).
 *
 * The page carries the script that connects and the worker's, as text, so that a browser with the page can go on at
 * once; the rest of the client follows in `assets`, with its content's hash in its name, so that browsers may keep it
 * for ever. `manifest.json` lists all files with their content types.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { licence, withoutInlineStyles } from "./xterm.mjs";

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
    entryPoints: { index: "src/app/index.ts", element: "src/app/element.ts", worker: "src/engine/worker.ts", worklet: "src/sound/worklet.ts" },
    define: { SOUND_WORKLET: '"./worklet.js"' },
    plugins: [withoutInlineStyles],
    outdir: "dist/pkg",
  });
  await writeFile(join(root, "dist", "pkg", "THIRD-PARTY.txt"), licence());
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
  const type = "text/javascript; charset=utf-8";
  const panel = await addHashed("files", "js", type, await bundle("src/files/panel.ts", {}));
  const beside = (path) => `./${path.slice("assets/".length)}`;
  const worklet = await addHashed("worklet", "js", type, await bundle("src/sound/worklet.ts", {}));
  // It finds the worklet beside itself.
  const define = { SOUND_WORKLET: JSON.stringify(beside(worklet)) };
  const sound = await addHashed("sound", "js", type, await bundle("src/sound/player.ts", { define }));
  const banner = { js: `/*!\n${licence()}*/` };
  const webgl = await addHashed("webgl", "js", type, await bundle("src/terminal/accelerate.ts", { banner }));
  const plugins = [withoutInlineStyles, leave(/\/accelerate\.js$/, beside(webgl))];
  const terminal = await addHashed("terminal", "js", type, await bundle("src/terminal/terminal.ts", { banner, plugins }));
  const later = [leave(/\/terminal\/terminal\.js$/, beside(terminal)), leave(/\/files\/panel\.js$/, beside(panel)), leave(/\/sound\/player\.js$/, beside(sound))];
  const parts = {
    script: await addHashed("porthole", "js", type, await bundle("src/page/page.ts", { plugins: later })),
    style: (await source("page.css")).trim().replaceAll(/\s*([{}:;,])\s*/g, "$1"),
    icon: await addHashed("icon", "svg", "image/svg+xml", await source("icon.svg")),
    engine: inline(await bundle("src/engine/worker.ts", {})),
    first: inline(await bundle("src/page/first.ts", { format: "iife" })),
  };
  const html = (await source("index.html")).replaceAll(/%(\w+)%/g, (_, name) => parts[name]);
  await add("index.html", "text/html; charset=utf-8", html);
  await writeFile(join(out, "manifest.json"), `${JSON.stringify({ files }, null, 2)}\n`);
}

/** Leaves a part to a file of its own, which the page loads when it is wanted. */
function leave(filter, path) {
  const external = { path, external: true };
  return { name: path, setup: (on) => on.onResolve({ filter }, ({ kind }) => kind === "dynamic-import" ? external : null) };
}

/** A script's text as it can stand in a page: nothing in it ends the element, or begins another. */
function inline(script) {
  const text = script.trim();
  if (/<!--|<\/?script/i.test(text)) {
    throw new Error("a script for the page holds what a page would take for markup");
  }
  return text;
}

async function bundle(entry, options) {
  // Only the package's modules look for a worker beside themselves.
  const define = { "import.meta.url": '""' };
  const result = await build({ ...common, entryPoints: [entry], define, write: false, ...options });
  return result.outputFiles[0].text;
}

function source(name) {
  return readFile(join(root, "src", "page", name), "utf8");
}
