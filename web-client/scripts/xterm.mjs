/**
 * Fits xterm.js to a page whose policy forbids inline styles. It makes style elements and sets one style attribute; both
 * are replaced by what the policy allows. The build fails when xterm.js has changed in these places.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHEETS = fileURLToPath(new URL("../src/terminal/sheets.ts", import.meta.url));
const MODULES = new URL("../node_modules/@xterm/", import.meta.url);

/** What is replaced, how often it is there, and by what. */
const CHANGES = [
  [/[\w.]+\.createElement\("style"\)/g, 3, () => "portholeStyleElement()"],
  [/(\w)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w)\};`\)/g, 1, (_, element, style) => `(${element}.style.cssText+=${style}+";")`],
];

/** An esbuild plugin. */
export const withoutInlineStyles = {
  name: "without-inline-styles",
  setup: (on) => {
    on.onLoad({ filter: /@xterm\/xterm\/lib\/xterm\.mjs$/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const [pattern, count, replacement] of CHANGES) {
        const found = contents.match(pattern)?.length ?? 0;
        if (found !== count) {
          throw new Error(`xterm.js has ${found} places like ${pattern}, not ${count}: see scripts/xterm.mjs`);
        }
        contents = contents.replace(pattern, replacement);
      }
      return { contents: `import { styleElement as portholeStyleElement } from ${JSON.stringify(SHEETS)};\n${contents}` };
    });
  },
};

/** The notice that goes with xterm.js and its addons, which share authors and terms. */
export function licence() {
  const { version } = JSON.parse(readFileSync(new URL("xterm/package.json", MODULES), "utf8"));
  return `xterm.js ${version} and its addons\n\n${readFileSync(new URL("xterm/LICENSE", MODULES), "utf8")}`;
}
