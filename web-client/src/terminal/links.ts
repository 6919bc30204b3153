/** Links in a terminal's text: the remote wrote them, so they are shown before they are opened. */

const OPENED = ["http:", "https:", "mailto:"];

/** The address that a link leads to, or null for one that is not opened. */
export function addressOf(text: string): string | null {
  try {
    const { protocol, href } = new URL(text);
    return OPENED.includes(protocol) ? href : null;
  } catch {
    return null;
  }
}
