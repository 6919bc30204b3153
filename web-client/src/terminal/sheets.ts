/**
 * In place of the style elements that xterm.js makes: a page's policy forbids inline styles, and adopted style sheets are
 * none. The build puts {@link styleElement} where xterm.js creates such an element (see `scripts/xterm.mjs`).
 */

/** An element whose text becomes a style sheet of the shadow root that it is in. */
export function styleElement(): HTMLElement {
  const element = document.createElement("span");
  element.hidden = true;
  const sheet = new CSSStyleSheet();
  let root: ShadowRoot | null = null;
  Object.defineProperty(element, "textContent", {
    set: (css: string) => {
      sheet.replaceSync(css);
      const now = element.getRootNode();
      if (root === null && now instanceof ShadowRoot) {
        root = now;
        root.adoptedStyleSheets.push(sheet);
      }
    },
  });
  element.remove = () => {
    if (root !== null) {
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
      root = null;
    }
    Element.prototype.remove.call(element);
  };
  return element;
}
