/** Stop 9 of the pixel path: JPEG images, through whichever decoder the browser has. */

import type { Bytes } from "../wire/reader.js";

/** A decoded picture. Its owner closes it after drawing. */
export type Picture = VideoFrame | ImageBitmap;

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
