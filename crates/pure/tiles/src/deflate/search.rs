//! Finds what repeats.

/// Longest repetition, in bytes.
pub(crate) const MATCH_MAX: usize = 258;

/// Furthest back that a repetition can reach, in bytes.
const DISTANCE_MAX: usize = 32 * 1024;

/// The first place: a slot that holds 0 is out of reach from it, and so is any earlier input
/// from one that starts this far behind its end.
const PLACE_FIRST: u32 = DISTANCE_MAX as u32 + 1;

/// Shortest repetition looked for, in bytes: what one hash covers.
const MATCH_MIN: usize = 4;

/// A repetition this long is taken without looking for a longer one.
const MATCH_GOOD: usize = 64;

/// Slots of the table of places seen, a power of two.
const SLOT_BITS: u32 = 13;

/// Most sequences of a block.
const SEQUENCES_MAX: usize = 8 * 1024;

/// In bytes that do not repeat, one more is skipped at each step for every so many.
const SKIP_SHIFT: u32 = 4;

/// Where to look for repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The byte before, the row above, so many bytes back, and the last place that began
    /// alike: for letters and lines.
    Anywhere {
        /// How far back the row above lies.
        row_bytes: usize,
    },
    /// The byte before alone: for differences, whose repetitions are chance and short.
    ByteBefore,
}

/// Some bytes as they are, then a repetition. The last of a block has none: its `len` is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) literals: u32,
    pub(crate) len: u16,
    pub(crate) distance: u16,
}

/// Remembers where four bytes were last seen.
#[derive(Debug)]
pub(crate) struct Searcher {
    /// Where bytes with this hash were last seen, counted from `base` in all inputs.
    seen: Vec<u32>,
    /// The place of the input's first byte. Places of earlier inputs are out of reach, so that
    /// the table needs no clearing.
    base: u32,
    /// The place of the next input's first byte.
    pub(super) next_base: u32,
    repeats: Repeats,
    sequences: Vec<Sequence>,
}

impl Searcher {
    pub(crate) fn new() -> Self {
        Self {
            seen: vec![0; 1 << SLOT_BITS],
            base: PLACE_FIRST,
            next_base: PLACE_FIRST,
            repeats: Repeats::ByteBefore,
            sequences: Vec::with_capacity(SEQUENCES_MAX + 1),
        }
    }

    /// Begins a new input.
    pub(crate) fn start(&mut self, input_bytes: usize, repeats: Repeats) {
        // Inputs are far below 4 GiB.
        let span = input_bytes as u32 + PLACE_FIRST;
        if self.next_base.checked_add(span).is_none() {
            self.seen.fill(0);
            self.next_base = PLACE_FIRST;
        }
        self.base = self.next_base;
        self.next_base += span;
        self.repeats = repeats;
    }

    /// What the latest search found.
    pub(crate) fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// Searches from `start` to `end`, or to where the block is full. Returns how far it got.
    pub(crate) fn search(&mut self, input: &[u8], start: usize, end: usize) -> usize {
        self.sequences.clear();
        let input = &input[..end];
        let at = match self.repeats {
            Repeats::Anywhere { row_bytes } => self.search_anywhere(input, start, row_bytes),
            Repeats::ByteBefore => self.search_byte_before(input, start),
        };
        if at < end && self.sequences.len() == SEQUENCES_MAX {
            return at;
        }
        let literals = (end - at) as u32;
        self.sequences.push(Sequence { literals, len: 0, distance: 0 });
        end
    }

    /// Returns where the last sequence ended.
    fn search_anywhere(&mut self, input: &[u8], start: usize, row_bytes: usize) -> usize {
        let mut at = start;
        let mut literals_start = start;
        while let Some(four) = four_at(input, at) {
            let Some((len, distance)) = self.best_match(input, at, four, row_bytes) else {
                at += 1 + ((at - literals_start) >> SKIP_SHIFT);
                continue;
            };
            self.push(at - literals_start, len, distance);
            at += len;
            literals_start = at;
            if self.sequences.len() == SEQUENCES_MAX {
                break;
            }
        }
        literals_start
    }

    /// Returns where the last sequence ended.
    fn search_byte_before(&mut self, input: &[u8], start: usize) -> usize {
        let mut at = start.max(1);
        let mut literals_start = start;
        while let (Some(here), Some(before)) = (eight_at(input, at), eight_at(input, at - 1)) {
            let Some(skip) = first_four_zeros(here ^ before) else {
                // Four that begin at any of these five places would have been seen.
                at += 5;
                continue;
            };
            at += skip;
            let len = match_len(input, at, 1);
            self.push(at - literals_start, len, 1);
            at += len;
            literals_start = at;
            if self.sequences.len() == SEQUENCES_MAX {
                break;
            }
        }
        literals_start
    }

    fn push(&mut self, literals: usize, len: usize, distance: usize) {
        // None passes 16 bits but the literals: a distance is at most 32,768.
        self.sequences.push(Sequence {
            literals: literals as u32,
            len: len as u16,
            distance: distance as u16,
        });
    }

    /// The longest of three: the byte before again, the row above, the last place that began
    /// alike.
    #[inline]
    fn best_match(
        &mut self,
        input: &[u8],
        at: usize,
        four: u32,
        row_bytes: usize,
    ) -> Option<(usize, usize)> {
        let slot = (four.wrapping_mul(0x9e37_79b1) >> (32 - SLOT_BITS)) as usize;
        let place = self.base + at as u32;
        let back = (place - self.seen[slot]) as usize;
        self.seen[slot] = place;
        let mut best = (0, 0);
        for distance in [1, row_bytes, back] {
            if distance <= at.min(DISTANCE_MAX) && four_at(input, at - distance) == Some(four) {
                let len = match_len(input, at, distance);
                if len > best.0 {
                    best = (len, distance);
                }
                if len >= MATCH_GOOD {
                    break;
                }
            }
        }
        (best.0 > 0).then_some(best)
    }
}

/// The first of eight bytes, lowest first, that is 0 together with the three above it.
#[inline]
fn first_four_zeros(eight: u64) -> Option<usize> {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The high bit of each byte that is 0; the sum of two low parts cannot carry.
    let zeros = !(((eight & LOW) + LOW) | eight | LOW);
    let fours = zeros & zeros >> 8 & zeros >> 16 & zeros >> 24;
    (fours != 0).then(|| fours.trailing_zeros() as usize / 8)
}

#[inline]
fn eight_at(input: &[u8], at: usize) -> Option<u64> {
    input.get(at..at + 8).and_then(<[u8]>::first_chunk).map(|eight| u64::from_le_bytes(*eight))
}

#[inline]
fn four_at(input: &[u8], at: usize) -> Option<u32> {
    input.get(at..at + 4).and_then(<[u8]>::first_chunk).map(|four| u32::from_le_bytes(*four))
}

/// How many bytes from `at` on equal those `distance` before; the first four are known to.
#[inline]
fn match_len(input: &[u8], at: usize, distance: usize) -> usize {
    let end = input.len().min(at + MATCH_MAX);
    let ahead = &input[at + MATCH_MIN..end];
    let behind = &input[at + MATCH_MIN - distance..end - distance];
    let (ahead_words, ahead_rest) = ahead.as_chunks::<8>();
    let (behind_words, behind_rest) = behind.as_chunks::<8>();
    let mut len = MATCH_MIN;
    for (a, b) in ahead_words.iter().zip(behind_words) {
        let differing = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differing != 0 {
            return len + differing.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    len + ahead_rest.iter().zip(behind_rest).take_while(|(a, b)| a == b).count()
}
