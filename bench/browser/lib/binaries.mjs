/** Where the programs of this repository are. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Environment variables that name them. */
const VARIABLES = /** @type {const} */ ({
  porthole: "PORTHOLE_BIN",
  "porthole-scene": "PORTHOLE_SCENE_BIN",
  "porthole-shape": "PORTHOLE_SHAPE_BIN",
});

/** @param {keyof typeof VARIABLES} name */
export function binary(name) {
  const path = process.env[VARIABLES[name]] ?? fileURLToPath(new URL(`../../../target/release/${name}`, import.meta.url));
  if (!existsSync(path)) {
    throw new Error(`there is no ${path}; \`cargo xtask bench --browser\` builds it`);
  }
  return path;
}
