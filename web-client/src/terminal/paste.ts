/** What is pasted, made fit for a terminal. Pure. */

/** Control characters and their C1 kin, without tab and line feed: pasted, they would be keys that nobody pressed. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** The text with `\n` line ends and without control characters. */
export function tidy(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROLS, "");
}

/** Whether a program that does not know that this is a paste would carry some of it out at once. */
export function hasLines(text: string): boolean {
  return text.includes("\n");
}
