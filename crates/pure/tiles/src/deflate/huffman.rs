//! Prefix codes from how often each symbol occurs.

/// Most symbols of an alphabet: the literals and lengths of deflate.
pub(crate) const SYMBOLS_MAX: usize = 288;

/// A symbol's code: its bits, first one lowest, and how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) bits: u16,
    pub(crate) len: u8,
}

/// Fills in the length of each symbol's code, 0 for a symbol that does not occur; none is longer
/// than `len_max` bits, and together they use up the whole code space. A decoder may refuse
/// a code of fewer than two symbols, so at least two get one.
pub(crate) fn fill_lengths(counts: &[u32], len_max: u8, codes: &mut [Code]) {
    codes.fill(Code::default());
    // Count and symbol in one word, so that one sort orders both. Counts stay below 2^20.
    let mut used = [0_u32; SYMBOLS_MAX];
    let mut used_count = 0;
    for (symbol, count) in counts.iter().enumerate() {
        if *count > 0 {
            used[used_count] = *count << 9 | symbol as u32;
            used_count += 1;
        }
    }
    // A code of fewer than two symbols is made up to two by the first that do not occur.
    for (symbol, count) in counts.iter().enumerate().take(2) {
        if used_count < 2 && *count == 0 {
            used[used_count] = 1 << 9 | symbol as u32;
            used_count += 1;
        }
    }
    let used = &mut used[..used_count];
    used.sort_unstable();
    let mut per_len = depths(used);
    limit(&mut per_len, len_max);
    // The rarest symbols get the longest codes.
    let mut rarest_first = used.iter();
    for len in (1..=len_max).rev() {
        for entry in rarest_first.by_ref().take(per_len[usize::from(len)] as usize) {
            codes[(entry & 0x1ff) as usize].len = len;
        }
    }
}

/// How many symbols have a code of each length, when no length is too long. Lengths over 31
/// cannot occur: a tree that deep needs more symbols than a block holds bytes.
fn depths(used: &[u32]) -> [u32; 32] {
    let leaves = used.len();
    let mut weight = [0_u32; 2 * SYMBOLS_MAX];
    let mut parent = [0_u16; 2 * SYMBOLS_MAX];
    for (weight, entry) in weight.iter_mut().zip(used) {
        *weight = entry >> 9;
    }
    // Leaves come sorted, and joined nodes arise in order of weight: the two lightest are
    // always at the head of one of two queues.
    let (mut leaf, mut joined) = (0, leaves);
    for next in leaves..2 * leaves - 1 {
        for _ in 0..2 {
            let lightest = if leaf < leaves && (joined == next || weight[leaf] <= weight[joined]) {
                leaf += 1;
                leaf - 1
            } else {
                joined += 1;
                joined - 1
            };
            weight[next] += weight[lightest];
            parent[lightest] = next as u16;
        }
    }
    let mut depth = [0_u8; 2 * SYMBOLS_MAX];
    let mut per_len = [0; 32];
    for node in (0..2 * leaves - 2).rev() {
        depth[node] = depth[usize::from(parent[node])] + 1;
        if node < leaves {
            per_len[usize::from(depth[node]).min(31)] += 1;
        }
    }
    per_len
}

/// Shortens codes that are too long, and lengthens others to make room for them.
fn limit(per_len: &mut [u32; 32], len_max: u8) {
    let len_max = usize::from(len_max);
    let too_long: u32 = per_len[len_max + 1..].iter().sum();
    if too_long == 0 {
        return;
    }
    per_len[len_max + 1..].fill(0);
    per_len[len_max] += too_long;
    // Of code space, in units of the longest code's share.
    let space = 1_u32 << len_max;
    let mut taken: u32 = (1..=len_max).map(|len| per_len[len] << (len_max - len)).sum();
    while taken > space {
        // One of the longest codes moves beside the longest of the shorter ones, which
        // becomes one bit longer: that frees a unit.
        let Some(len) = (1..len_max).rev().find(|len| per_len[*len] > 0) else { return };
        per_len[len] -= 1;
        per_len[len + 1] += 2;
        per_len[len_max] -= 1;
        taken -= 1;
    }
}

/// Fills in the bits that go with the lengths (RFC 1951 §3.2.2).
pub(crate) fn fill_bits(codes: &mut [Code]) {
    let mut per_len = [0_u16; 16];
    for code in codes.iter() {
        per_len[usize::from(code.len)] += 1;
    }
    per_len[0] = 0;
    let mut next = [0_u16; 16];
    for len in 1..16 {
        next[len] = (next[len - 1] + per_len[len - 1]) << 1;
    }
    for code in codes.iter_mut().filter(|code| code.len > 0) {
        let len = usize::from(code.len);
        code.bits = next[len].reverse_bits() >> (16 - len);
        next[len] = next[len].wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, fill_bits, fill_lengths};

    fn lengths(counts: &[u32], len_max: u8) -> Vec<u8> {
        let mut codes = vec![Code::default(); counts.len()];
        fill_lengths(counts, len_max, &mut codes);
        let space: u32 =
            codes.iter().filter(|code| code.len > 0).map(|code| 1 << (15 - code.len)).sum();
        assert_eq!(space, 1 << 15, "{counts:?}");
        codes.iter().map(|code| code.len).collect()
    }

    #[test]
    fn frequent_symbols_get_short_codes() {
        assert_eq!(lengths(&[10, 1, 1, 5], 15), [1, 3, 3, 2]);
        assert_eq!(lengths(&[0, 7, 0, 7], 15), [0, 1, 0, 1]);
    }

    #[test]
    fn there_are_always_two_symbols() {
        assert_eq!(lengths(&[0, 0, 0], 15), [1, 1, 0]);
        assert_eq!(lengths(&[0, 0, 9], 15), [1, 0, 1]);
        assert_eq!(lengths(&[3, 0, 0], 15), [1, 1, 0]);
    }

    #[test]
    fn lengths_keep_their_limit() {
        // Each as frequent as all before it together: the deepest tree there is.
        let counts: Vec<u32> = (0..19).map(|step| 1 << step).collect();
        for len_max in [5, 7, 15] {
            let lengths = lengths(&counts, len_max);
            assert!(lengths.iter().all(|len| (1..=len_max).contains(len)));
            assert!(lengths.is_sorted_by(|rare, frequent| rare >= frequent));
        }
    }

    #[test]
    fn bits_follow_the_rfc() {
        // RFC 1951 §3.2.2: lengths (3, 3, 3, 3, 3, 2, 4, 4).
        let mut codes = [3, 3, 3, 3, 3, 2, 4, 4].map(|len| Code { bits: 0, len });
        fill_bits(&mut codes);
        let bits = codes.map(|code| code.bits.reverse_bits() >> (16 - code.len));
        assert_eq!(bits, [0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111]);
    }
}
