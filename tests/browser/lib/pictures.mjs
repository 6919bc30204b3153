/** Known pictures. Each is made of numbers alone, so that every machine makes the same one. */

/**
 * Pixels in rows, three bytes each: red, green, blue.
 *
 * @typedef {{ readonly width: number, readonly height: number, readonly rgb: Buffer }} Picture
 */

/**
 * @param {number} width
 * @param {number} height
 * @param {(x: number, y: number) => readonly [number, number, number]} colour
 * @returns {Picture}
 */
function draw(width, height, colour) {
  const rgb = Buffer.alloc(3 * width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      rgb.set(colour(x, y), at);
    }
  }
  return { width, height, rgb };
}

/**
 * Numbers from 0 to 1 that look random and are not.
 *
 * @param {number} seed
 */
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Every pixel its own random colour: nothing can be compressed. */
export function noise(/** @type {number} */ width, /** @type {number} */ height, seed = 1) {
  const next = numbers(seed);
  const byte = () => Math.floor(next() * 256);
  return draw(width, height, () => [byte(), byte(), byte()]);
}

/** Smooth in both directions, with more colours than a palette holds. */
export function gradient(/** @type {number} */ width, /** @type {number} */ height) {
  return draw(width, height, (x, y) => [
    Math.floor((255 * x) / (width - 1)),
    Math.floor((255 * y) / (height - 1)),
    Math.floor((255 * (x + y)) / (width + height - 2)),
  ]);
}

/** Lines of made-up letters with soft edges, black on white, as an editor shows them. */
export function text(/** @type {number} */ width, /** @type {number} */ height, seed = 7) {
  const next = numbers(seed);
  const letters = Array.from({ length: 40 }, () => Array.from({ length: 35 }, () => (next() < 0.45 ? Math.floor(next() * 160) : 255)));
  const columns = Math.ceil(width / 7);
  const lines = Array.from({ length: Math.ceil(height / 12) }, () => {
    const end = next() * columns;
    return Array.from({ length: columns }, (_, column) => (column < end && next() < 0.85 ? letters[Math.floor(next() * 40)] : undefined));
  });
  return draw(width, height, (x, y) => {
    const [column, row] = [x % 7, y % 12];
    const letter = lines[Math.floor(y / 12)]?.[Math.floor(x / 7)];
    const shade = column < 5 && row < 7 ? (letter?.[row * 5 + column] ?? 255) : 255;
    return [shade, shade, shade];
  });
}

/** Soft shapes and a little grain, as a photograph has them. */
export function photo(/** @type {number} */ width, /** @type {number} */ height, seed = 3) {
  const next = numbers(seed);
  const clamp = (/** @type {number} */ value) => Math.max(0, Math.min(255, Math.round(value)));
  const waves = Array.from({ length: 9 }, () => ({ x: (next() - 0.5) / 40, y: (next() - 0.5) / 40, phase: next() * 6.28 }));
  const sky = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ first) =>
    waves.slice(first, first + 3).reduce((sum, wave) => sum + 36 * Math.sin(x * wave.x * 6.28 + y * wave.y * 6.28 + wave.phase), 128);
  return draw(width, height, (x, y) => {
    const grain = (next() - 0.5) * 14;
    return [clamp(sky(x, y, 0) + grain), clamp(sky(x, y, 3) + grain), clamp(sky(x, y, 6) + grain)];
  });
}

/** A page of an ordinary desktop: text, a photograph and flat areas in one picture. */
export function desktop(/** @type {number} */ width, /** @type {number} */ height) {
  const [page, inset] = [text(width, height), photo(width, height)];
  return draw(width, height, (x, y) => {
    if (y < 24) {
      return [32, 64, 96];
    }
    const { rgb } = x > width / 2 && y > height / 3 && y < (2 * height) / 3 ? inset : page;
    const at = 3 * (y * width + x);
    return [rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0];
  });
}

/** @param {Picture} picture @returns {Buffer} a PPM file */
export function toPpm({ width, height, rgb }) {
  return Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), rgb]);
}
