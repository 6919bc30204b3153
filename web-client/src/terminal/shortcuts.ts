/** Keys that are the page's and not the remote's. Pure. */

export type Shortcut = "copy" | "paste" | "find" | "smaller" | "usual" | "larger";

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;

/** What a key does here, or null for one that is the remote's. Cmd+C and Cmd+V are the browser's own. */
export function shortcutOf({ key, ctrlKey, shiftKey, altKey, metaKey }: Pressed): Shortcut | null {
  if (altKey || ctrlKey === metaKey) {
    return null;
  }
  switch (key.toLowerCase()) {
    case "c":
      return ctrlKey && shiftKey ? "copy" : null;
    case "v":
      return ctrlKey && shiftKey ? "paste" : null;
    case "f":
      return metaKey || shiftKey ? "find" : null;
    case "-":
      return "smaller";
    case "0":
      return "usual";
    case "+":
    case "=":
      return "larger";
    default:
      return null;
  }
}
