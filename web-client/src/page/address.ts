/** What a page's address says: the token and the options. Pure, so that it can be tested. */

import type { ConnectOptions } from "../app/options.js";

/** An address, read. */
export interface Address {
  readonly token: string | null;
  readonly options: Omit<ConnectOptions, "token">;
  /** The address without the token. */
  readonly cleanHref: string;
}

/**
 * Reads `#token=…` or `?token=…` and the options `bare`, `view-only`, `dot`, `scale`, `quality`, `terminal`, `language`
 * and `command-key`. Switches are on when they are there, unless their value is `0` or `false`.
 */
export function readAddress(href: string): Address {
  const url = new URL(href);
  const query = url.searchParams;
  const fragment = new URLSearchParams(url.hash.slice(1));
  const token = fragment.get("token") ?? query.get("token");
  const isOn = (name: string): boolean => query.has(name) && !/^(0|false)$/i.test(query.get(name) ?? "");
  const scale = query.get("scale");
  const quality = query.get("quality");
  const terminal = query.get("terminal");
  const language = query.get("language");
  const options: Omit<ConnectOptions, "token"> = {
    bare: isOn("bare"),
    viewOnly: isOn("view-only"),
    dot: isOn("dot"),
    ...(scale === "remote" || scale === "fit" || scale === "native" ? { scale } : {}),
    ...(quality === "auto" || quality === "exact" || quality === "sparing" ? { quality } : {}),
    ...(terminal === "text" || terminal === "picture" ? { terminal } : {}),
    ...(language === null ? {} : { language }),
    ...(query.get("command-key") === "super" ? { commandKey: "super" } : {}),
  };
  if (token !== null) {
    query.delete("token");
    url.search = query.toString();
    fragment.delete("token");
    url.hash = fragment.toString();
  }
  return { token, options, cleanHref: url.href };
}
