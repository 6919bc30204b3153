/**
 * An xterm.js terminal in the words of `Terminal::describe` (crates/pure/terminal/src/terminal/describe.rs).
 *
 * Colours, attributes and wrapping are not all in its API, so its buffers are read as they are.
 */

/** What stands for a cell without a character, and for the right half of a wide one. */
export const EMPTY = "␀";
const REST = "␁";

const FLAGS_FOREGROUND = [
  [0x08000000, "bold "],
  [0x20000000, "blink "],
  [0x04000000, "inverse "],
  [0x40000000, "invisible "],
  [0x80000000, "strike "],
];

/** All that can be seen of a terminal. */
export function describe(terminal) {
  const core = terminal._core;
  const modes = core.coreService.decPrivateModes;
  const { activeProtocol, activeEncoding } = core.coreMouseService;
  const flag = (value) => (value ? 1 : 0);
  const lines = [
    `keys ${flag(modes.applicationCursorKeys)} pad ${flag(modes.applicationKeypad)} paste ${flag(modes.bracketedPasteMode)} ` +
      `mouse ${activeProtocol} sgr ${flag(activeEncoding === "SGR")} focus ${flag(modes.sendFocus)} ` +
      `lnm ${flag(terminal.options.convertEol)} insert ${flag(core.coreService.modes.insertMode)} origin ${flag(modes.origin)} ` +
      `wrap ${flag(modes.wraparound)} cursor ${flag(!core.coreService.isCursorHidden)} ${modes.cursorStyle ?? "-"} ${flag(modes.cursorBlink)}`,
    `pen ${style(core, core._inputHandler._curAttrData)}`,
  ];
  const charsets = core._charsetService;
  lines.push(`charset ${charsetName(charsets.charset)} level ${charsets.glevel}`);
  const { normal, alt, active } = core.buffers;
  describeBuffer(core, "main", normal, active === normal, lines);
  if (active === alt) {
    describeBuffer(core, "alternate", alt, true, lines);
  }
  return lines;
}

/** Whether half of a wide character is written over, which happens where lines do not wrap. */
export function isTorn(terminal) {
  const { normal, alt } = terminal._core.buffers;
  return [normal, alt].some((buffer) => {
    for (let y = 0; y < buffer.ybase + terminal.rows; y++) {
      const line = buffer.lines.get(y);
      for (let x = 0; line !== undefined && x < terminal.cols; x++) {
        const width = line.getWidth(x);
        const next = x + 1 < terminal.cols ? line.getWidth(x + 1) : undefined;
        if ((width === 2 && next !== 0) || (width === 0 && (x === 0 || line.getWidth(x - 1) !== 2))) {
          return true;
        }
      }
    }
    return false;
  });
}

/** Whether rows are above the alternate screen: xterm.js may put them there when its size changes. */
export function isMisplaced(terminal) {
  const { active, alt } = terminal._core.buffers;
  return active === alt && alt.ybase > 0;
}

function charsetName(charset) {
  if (charset === undefined) {
    return "B";
  }
  return charset["q"] === undefined ? "A" : "0";
}

function describeBuffer(core, name, buffer, isShown, lines) {
  const at = isShown ? ` at ${buffer.x} ${buffer.y}` : "";
  lines.push(`${name} above ${buffer.ybase} margins ${buffer.scrollTop} ${buffer.scrollBottom}${at}`);
  for (let y = 0; y < buffer.ybase + core.rows; y++) {
    const line = buffer.lines.get(y);
    lines.push(line === undefined ? "?" : describeLine(core, line));
  }
}

function describeLine(core, line) {
  const cells = [];
  const cell = line.loadCell(0, new CellBuffer());
  for (let x = 0; x < Math.min(line.length, core.cols); x++) {
    line.loadCell(x, cell);
    if (x === core.cols - 1 && line.getWidth(x) === 2) {
      // Left over when the terminal became narrower; ours are emptied.
      cells.push({ style: "", text: EMPTY });
      continue;
    }
    const text = line.getString(x);
    cells.push({ style: style(core, cell), text: text !== "" ? text : line.getWidth(x) === 0 ? REST : EMPTY });
  }
  while (cells.length > 0 && cells.at(-1).text === EMPTY && cells.at(-1).style === "") {
    cells.pop();
  }
  let words = line.isWrapped ? "+" : "|";
  let last = "";
  for (const { style, text } of cells) {
    if (style !== last) {
      words += `⟦${style}⟧`;
      last = style;
    }
    words += text;
  }
  return words;
}

/** What a line's `loadCell` fills. */
class CellBuffer {
  content = 0;
  fg = 0;
  bg = 0;
  extended = undefined;
  combinedData = "";
}

function color(name, value) {
  const hex = (shift) => ((value >>> shift) & 255).toString(16).padStart(2, "0");
  switch ((value >>> 24) & 3) {
    case 0:
      return "";
    case 3:
      return `${name}#${hex(16)}${hex(8)}${hex(0)} `;
    default:
      return `${name}${value & 255} `;
  }
}

function style(core, { fg, bg, extended }) {
  let words = color("f", fg) + color("b", bg);
  const [bold, ...others] = FLAGS_FOREGROUND;
  const has = (value, [bit, name]) => ((value & bit) !== 0 ? name : "");
  words += has(fg, bold) + has(bg, [0x08000000, "faint "]) + has(bg, [0x04000000, "italic "]);
  words += others.map((flag) => has(fg, flag)).join("");
  words += has(bg, [0x40000000, "overline "]) + has(bg, [0x20000000, "protected "]);
  const isExtended = (bg & 0x10000000) !== 0;
  if ((fg & 0x10000000) !== 0) {
    const kind = isExtended ? (extended._ext >>> 26) & 7 : 1;
    words += kind === 0 ? "" : `u${kind} ${isExtended ? color("c", extended._ext) : ""}`;
  }
  if (isExtended && extended.urlId !== 0) {
    const { id, uri } = core._oscLinkService.getLinkData(extended.urlId) ?? { uri: "?" };
    words += `link ${id ?? ""} ${uri} `;
  }
  return words.slice(0, -1);
}
