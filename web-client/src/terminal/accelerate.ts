/** Draws with the graphics processor. Loaded where there is one; xterm.js draws with elements until then, and otherwise. */

import type { Terminal } from "@xterm/xterm";
import { WebglAddon } from "@xterm/addon-webgl";

export function accelerate(xterm: Terminal): void {
  const addon = new WebglAddon();
  addon.onContextLoss(() => {
    // Elements then take over again.
    addon.dispose();
  });
  xterm.loadAddon(addon);
}
