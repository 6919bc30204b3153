/** Small questions to the user, over the terminal. */

import { make } from "../app/dom.js";
import { addressOf } from "./links.js";
import type { TerminalStrings } from "./strings.js";

/** Shows text that is to be pasted. `always`: and the next one need not be shown. */
export async function askPaste(place: HTMLElement, strings: TerminalStrings, text: string): Promise<"no" | "once" | "always"> {
  const { pasteTitle, pasteAdvice, pasteAgain, paste, cancel } = strings;
  const again = make("input", { type: "checkbox" });
  const more = [make("label", {}, [again, document.createTextNode(pasteAgain)])];
  const accept = make("button", { type: "button", class: "primary" }, paste);
  const isAccepted = await ask(place, { title: pasteTitle, words: pasteAdvice, text, more, accept, cancel });
  return !isAccepted ? "no" : again.checked ? "always" : "once";
}

/** Shows where a link leads, and a way to go there in a tab that knows nothing of this one, if it is of a kind to be opened. */
export async function askLink(place: HTMLElement, strings: TerminalStrings, text: string): Promise<void> {
  const { linkTitle, linkAdvice, linkRefused, open, close, cancel } = strings;
  const href = addressOf(text);
  const asked = { title: linkTitle, text: href ?? text, more: [] };
  await ask(place, href === null
    ? { ...asked, words: linkRefused, accept: null, cancel: close }
    : { ...asked, words: linkAdvice, accept: make("a", { href, target: "_blank", rel: "noopener noreferrer", class: "primary" }, open), cancel });
}

/** What is asked. */
interface Asked {
  readonly title: string;
  readonly words: string;
  /** Shown as it is, as text. */
  readonly text: string;
  readonly more: readonly HTMLElement[];
  /** What takes the question away and does something; an anchor goes where it leads, too. */
  readonly accept: HTMLElement | null;
  readonly cancel: string;
}

/** Shows a question; resolves with whether it was accepted. */
async function ask(place: HTMLElement, asked: Asked): Promise<boolean> {
  const title = make("h2", {}, asked.title);
  const cancel = make("button", { type: "button" }, asked.cancel);
  const { accept } = asked;
  const dialog = make("dialog", { "aria-label": asked.title }, [
    title,
    make("p", {}, asked.words),
    make("pre", { tabindex: "0" }, asked.text),
    ...asked.more,
    make("div", { class: "row" }, accept === null ? [cancel] : [cancel, accept]),
  ]);
  place.append(dialog);
  const answer = new Promise<boolean>((done) => {
    accept?.addEventListener("click", () => {
      done(true);
      dialog.close();
    });
    cancel.addEventListener("click", () => {
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      done(false);
    });
  });
  dialog.showModal();
  (accept ?? cancel).focus();
  const accepted = await answer;
  dialog.remove();
  return accepted;
}
