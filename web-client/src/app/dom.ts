/** Building elements. Strings become text nodes or attributes, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element with attributes, a text or children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  content: string | readonly Node[] = [],
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...(typeof content === "string" ? [content] : content));
  return element;
}

/** The drawings of the user interface: paths on a 24 by 24 grid, drawn as lines. */
const PATHS = {
  handle: "M6 9l6 6 6-6",
  expand: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  keyboard: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M18 10h.01M8 14h8",
  keys: "M9 9H7a2 2 0 1 1 2-2v10a2 2 0 1 1-2-2h10a2 2 0 1 1-2 2V7a2 2 0 1 1 2 2z",
  clipboard: "M9 4h6v3H9zM9 5H6v15h12V5h-3M9 12h6M9 16h4",
  display: "M3 5h18v11H3zM8 20h8M12 16v4",
  files: "M3 6h6l2 3h10v10H3z",
  sound: "M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  microphone: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  leave: "M12 3v9M6.3 7a8 8 0 1 0 11.4 0",
} as const;

export type IconName = keyof typeof PATHS;

/** Makes an icon. It says nothing to screen readers: its button has a label. */
export function icon(name: IconName): SVGSVGElement {
  return pathIcon(PATHS[name]);
}

/** The same of a drawing that is not in the list. */
export function pathIcon(d: string): SVGSVGElement {
  return svg([{ tag: "path", attributes: { d, "stroke-linecap": "round", "stroke-linejoin": "round" } }]);
}

/** The porthole: a ring with four bolts and the sea behind glass. */
export function logo(): SVGSVGElement {
  const circle = (attributes: Readonly<Record<string, string>>): SvgPart => ({ tag: "circle", attributes });
  const bolt = (cx: string, cy: string): SvgPart => circle({ cx, cy, r: "0.9", class: "bolt" });
  return svg([
    circle({ cx: "12", cy: "12", r: "11", class: "ring" }),
    circle({ cx: "12", cy: "12", r: "7.4", class: "glass" }),
    { tag: "path", attributes: { d: "M4.9 14c1.8-1.7 3.6-1.7 5.3 0s3.6 1.7 5.3 0 2.5-1.6 3.6-.9a7.4 7.4 0 0 1-14.2.9z", class: "sea" } },
    bolt("12", "2.8"),
    bolt("12", "21.2"),
    bolt("2.8", "12"),
    bolt("21.2", "12"),
  ]);
}

interface SvgPart {
  readonly tag: "path" | "circle";
  readonly attributes: Readonly<Record<string, string>>;
}

function svg(parts: readonly SvgPart[]): SVGSVGElement {
  const root = document.createElementNS(SVG, "svg");
  root.setAttribute("viewBox", "0 0 24 24");
  root.setAttribute("aria-hidden", "true");
  for (const { tag, attributes } of parts) {
    const part = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) {
      part.setAttribute(name, value);
    }
    root.append(part);
  }
  return root;
}
