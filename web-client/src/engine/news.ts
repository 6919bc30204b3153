/** What the page makes of the records that the engine passes on to it. */

import { ClipboardJoiner } from "../wire/clipboard.js";
import { decodeNews, type News } from "../wire/news.js";
import type { Report, Said } from "./reports.js";

/**
 * Reads what one engine says. Each report goes to `report`; a record that breaks the specification goes to `broken`,
 * with the reason.
 */
export function readSaid(report: (report: Report) => void, broken: (reason: string) => void): (said: Said) => void {
  const clipboard = new ClipboardJoiner();
  return (said) => {
    if (said.kind !== "news") {
      report(said);
      return;
    }
    let read: Report | null;
    try {
      read = toReport(decodeNews(said), clipboard);
    } catch (error) {
      broken(error instanceof Error ? error.message : "a record could not be read");
      return;
    }
    if (read !== null) {
      report(read);
    }
  };
}

/** Null for a part of a clipboard that is not the last, and for news that this version does not know. */
function toReport(news: News | null, clipboard: ClipboardJoiner): Report | null {
  switch (news?.kind) {
    case undefined:
      return null;
    case "clipboard": {
      const content = clipboard.push(news);
      return content === null ? null : { kind: "clipboard", content };
    }
    case "state":
      return { kind: "phase", phase: news.phase, text: news.text };
    default:
      return news;
  }
}
