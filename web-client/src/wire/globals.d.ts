/**
 * The globals that this folder uses and the ECMAScript library does not name. Only this
 * folder's own compilation reads this file; elsewhere the DOM library declares them.
 */
declare class TextDecoder {
  constructor(label: "utf-8", options: { readonly fatal: true; readonly ignoreBOM: true });
  decode(bytes: Uint8Array): string;
}
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare function btoa(bytes: string): string;
