/**
 * The page's first script, in the page itself: starts the engine, which then connects while the rest of the client is
 * still on its way. Everything here is on the way to the first picture, so it does nothing else.
 */

import { startOf, wishOf } from "../app/start.js";
import { launch } from "../engine/launch.js";
import { beginVisit } from "./visit.js";

const visit = beginVisit();
const { options, token, saved, workerUrl } = visit;
const box = document.getElementById("screen")?.getBoundingClientRect();
const ratio = window.devicePixelRatio;
const wish = wishOf(options.scale ?? "remote", (box?.width ?? 0) * ratio, (box?.height ?? 0) * ratio);
const launched = token === "" ? null : launch(startOf({ ...options, token }, wish, saved), document.createElement("canvas"), workerUrl);
window.portholeVisit = { ...visit, launched };
