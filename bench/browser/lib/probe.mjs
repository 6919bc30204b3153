/** What looks at the picture from inside the page, once in each frame of the browser. */

/**
 * Runs in the page before anything else there, and so cannot use what is outside of it.
 *
 * The numbers on the screen are squares of 16 pixels: twenty from column 480 in row 96, of which the last four check the
 * others. The window that answers keys is at 1040, 560.
 */
export function installProbe() {
  // One small picture has the middles of squares of 16 pixels, from the first of the number's to that of the window: to
  // read a canvas costs as much for a pixel as for all of them.
  const SQUARE = 16;
  const MARK = { x: 480, y: 96, count: 20 };
  const COLUMNS = 37;
  const ROWS = 31;
  const KEY_AT = 4 * (COLUMNS * ROWS - 1);
  const SAMPLE_STEP = 5;
  /** The share of samples that must be right for a whole picture, and how far off a right one may be: images are lossy. */
  const WHOLE_SHARE = 0.995;
  const WHOLE_OFF = 48;
  /** Samples for 30 minutes at 60 a second. */
  const SAMPLES_MAX = 108_000;

  const small = new OffscreenCanvas(COLUMNS, ROWS).getContext("2d", { willReadFrequently: true });
  small.imageSmoothingEnabled = false;

  const state = {
    /** When the page looked, and the number it saw; -1 for none. */
    times: [],
    numbers: [],
    /** What looking cost. */
    lookMs: 0,
    /** When the page got each key. */
    keys: [],
    /** The colour of the window that answers keys, as three bits. */
    colour: -1,
    /** @type {((time: number) => void) | null} */
    waiting: null,
    /** @type {Promise<number | null>} */
    answer: Promise.resolve(null),
    /** @type {{ width: number, height: number, rgb: Uint8Array, resolve: (time: number) => void } | null} */
    wanted: null,
    /** @type {{ due: number, resolve: (image: ImageData) => void }[]} */
    holds: [],
    held: [],
    /** The client's engine runs in a worker. @type {Worker | null} */
    worker: null,
  };

  window.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      state.worker = this;
    }
  };

  const canvas = () => {
    const host = document.querySelector("#screen .porthole-host")?.shadowRoot;
    const found = (host ?? document.querySelector("#screen"))?.querySelector("canvas");
    return found && found.width === 1280 && found.height === 720 ? found : null;
  };

  const readNumber = (data) => {
    let bits = 0;
    for (let place = 0; place < MARK.count; place++) {
      bits = bits * 2 + (data[4 * place + 1] > 127 ? 1 : 0);
    }
    const number = bits >>> 4;
    const check = (number ^ (number >> 4) ^ (number >> 8) ^ (number >> 12) ^ 0b1010) & 0b1111;
    return check === (bits & 0b1111) ? number : -1;
  };

  const isWhole = (source, { width, height, rgb }) => {
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(source, 0, 0, width * SAMPLE_STEP, height * SAMPLE_STEP, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    let right = 0;
    for (let at = 0, to = 0; to < rgb.length; at += 4, to += 3) {
      const off = Math.max(Math.abs(data[at] - rgb[to]), Math.abs(data[at + 1] - rgb[to + 1]), Math.abs(data[at + 2] - rgb[to + 2]));
      right += off <= WHOLE_OFF ? 1 : 0;
    }
    return right >= WHOLE_SHARE * width * height;
  };

  const whole = (source) => {
    const context = new OffscreenCanvas(1280, 720).getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0);
    return context.getImageData(0, 0, 1280, 720);
  };

  const look = () => {
    requestAnimationFrame(look);
    const source = canvas();
    if (source === null) {
      return;
    }
    const now = performance.now();
    small.drawImage(source, MARK.x, MARK.y, COLUMNS * SQUARE, ROWS * SQUARE, 0, 0, COLUMNS, ROWS);
    const { data } = small.getImageData(0, 0, COLUMNS, ROWS);
    if (state.times.length < SAMPLES_MAX) {
      state.times.push(now);
      state.numbers.push(readNumber(data));
    }
    const [red, green, blue] = data.slice(KEY_AT, KEY_AT + 3);
    state.lookMs += performance.now() - now;
    const colour = (red > 127 ? 1 : 0) | (green > 127 ? 2 : 0) | (blue > 127 ? 4 : 0);
    if (colour !== state.colour) {
      state.colour = colour;
      state.waiting?.(now);
    }
    if (state.wanted !== null && isWhole(source, state.wanted)) {
      state.wanted.resolve(now);
      state.wanted = null;
    }
    state.holds = state.holds.filter(({ due, resolve }) => {
      if (due <= now) {
        resolve(whole(source));
      }
      return due > now;
    });
  };
  requestAnimationFrame(look);
  addEventListener("keydown", (event) => state.keys.push(event.timeStamp), { capture: true });

  const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

  window.portholeProbe = {
    now: () => performance.now(),
    isThere: () => canvas() !== null,
    /** What the client's engine counted since it was last asked. */
    engine: () =>
      new Promise((done) => {
        const listen = ({ data }) => {
          if (data.kind === "stats") {
            state.worker.removeEventListener("message", listen);
            done(data.stats);
          }
        };
        state.worker.addEventListener("message", listen);
        state.worker.postMessage({ kind: "stats" });
      }),
    /** Forgets what it saw. */
    clear: () => {
      state.times = [];
      state.numbers = [];
      state.lookMs = 0;
    },
    seen: () => ({ times: state.times, numbers: state.numbers, lookMs: state.lookMs }),
    keys: () => state.keys.length,
    /** Gets ready for the next key, the answer to which is `colour`. */
    arm: (longestMs, colour) => {
      const before = state.keys.length;
      state.answer = new Promise((done) => {
        const timer = setTimeout(() => {
          state.waiting = null;
          done(null);
        }, longestMs);
        state.waiting = (time) => {
          const pressed = state.keys[before];
          // The colour counts keys: an answer to one before this answers nothing.
          if (pressed === undefined || state.colour !== colour) {
            return;
          }
          state.waiting = null;
          clearTimeout(timer);
          done(time - pressed);
        };
      });
    },
    /** The milliseconds from that key to the colour that answers it; null when it took too long. */
    answer: () => state.answer,
    /** When the whole picture is there, by samples of it. */
    whenWhole: (width, height, rgb) =>
      new Promise((resolve) => {
        state.wanted = { width, height, rgb: bytesOf(rgb), resolve };
      }),
    /** Keeps the picture of a moment. */
    hold: (due) => {
      const index = state.held.length;
      state.held.push(
        new Promise((done) => {
          state.holds.push({ due, resolve: done });
        }),
      );
      return index;
    },
    /** The share of pixels of a kept picture that are not as they should be. */
    wrong: async (index, rgb) => {
      const { data } = await state.held[index];
      const right = bytesOf(rgb);
      let wrong = 0;
      for (let at = 0, to = 0; to < right.length; at += 4, to += 3) {
        wrong += data[at] !== right[to] || data[at + 1] !== right[to + 1] || data[at + 2] !== right[to + 2] ? 1 : 0;
      }
      return wrong / (right.length / 3);
    },
  };
}
