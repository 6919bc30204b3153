/** Whether two PNG files hold the same picture: browsers write what they were given anew. */

import type { Bytes } from "../wire/reader.js";

/** Where a PNG file has its width and height, and how long those are. */
const SIZE_AT = 16;
const SIZE_BYTES = 8;

/** Compares bytes, then sizes, and only then pixels. A file that does not decode is like no other. */
export async function isSameImage(one: Bytes, other: Bytes): Promise<boolean> {
  if (isEqual(one, other)) {
    return true;
  }
  const size = (file: Bytes): Bytes => file.subarray(SIZE_AT, SIZE_AT + SIZE_BYTES);
  if (!isEqual(size(one), size(other))) {
    return false;
  }
  try {
    const [first, second] = await Promise.all([pixelsOf(one), pixelsOf(other)]);
    return first !== null && second !== null && isEqual(first, second);
  } catch {
    return false;
  }
}

async function pixelsOf(file: Bytes): Promise<Uint8ClampedArray | null> {
  const bitmap = await createImageBitmap(new Blob([file], { type: "image/png" }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  context?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context?.getImageData(0, 0, context.canvas.width, context.canvas.height).data ?? null;
}

function isEqual(one: ArrayLike<number>, other: ArrayLike<number>): boolean {
  if (one.length !== other.length) {
    return false;
  }
  for (let at = 0; at < one.length; at++) {
    if (one[at] !== other[at]) {
      return false;
    }
  }
  return true;
}
