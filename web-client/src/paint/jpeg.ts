/** Stop 9 of the pixel path: JPEG images, through whichever decoder the browser has. */

import type { Bytes } from "../wire/reader.js";

/** A decoded picture. Its owner closes it after drawing. */
export type Picture = VideoFrame | ImageBitmap;

/** A JPEG file begins with two bytes of its own, before any tables. */
const START_BYTES = 2;

/** The sets of JPEG tables that the gateway has defined. */
export class JpegTables {
  readonly #sets = new Map<number, Bytes>();

  /** Keeps a copy of `data`: it is a view into a message. */
  define(number: number, data: Bytes): void {
    this.#sets.set(number, data.slice());
  }

  /**
   * A whole JPEG file from a scan: the number of a set of tables, then a file without tables.
   *
   * @throws if that set was never defined.
   */
  complete(scan: Bytes): Bytes {
    const tables = this.#sets.get(scan[0] ?? -1);
    if (tables === undefined) {
      throw new Error("the scan's tables were never defined");
    }
    const file = new Uint8Array(scan.length - 1 + tables.length);
    file.set(scan.subarray(1, 1 + START_BYTES));
    file.set(tables, START_BYTES);
    file.set(scan.subarray(1 + START_BYTES), START_BYTES + tables.length);
    return file;
  }

  clear(): void {
    this.#sets.clear();
  }
}

/**
 * Decodes one JPEG file.
 *
 * WebCodecs' `ImageDecoder` costs a fraction of `createImageBitmap` for each image, but exists only in
 * secure contexts of some browsers.
 *
 * @throws if the file does not decode to exactly `width * height` pixels.
 */
export async function decodeJpeg(data: Bytes, width: number, height: number): Promise<Picture> {
  const picture = "ImageDecoder" in globalThis ? await decodeByCodec(data) : await decodeByBitmap(data);
  const [gotWidth, gotHeight] = pictureSize(picture);
  if (gotWidth !== width || gotHeight !== height) {
    picture.close();
    throw new Error(`JPEG is ${gotWidth}x${gotHeight}, its rectangle ${width}x${height}`);
  }
  return picture;
}

async function decodeByCodec(data: Bytes): Promise<VideoFrame> {
  const decoder = new ImageDecoder({ data, type: "image/jpeg", colorSpaceConversion: "none", preferAnimation: false });
  try {
    return (await decoder.decode({ completeFramesOnly: true })).image;
  } finally {
    decoder.close();
  }
}

async function decodeByBitmap(data: Bytes): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([data], { type: "image/jpeg" }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
}

function pictureSize(picture: Picture): readonly [number, number] {
  return "displayWidth" in picture
    ? [picture.displayWidth, picture.displayHeight]
    : [picture.width, picture.height];
}
