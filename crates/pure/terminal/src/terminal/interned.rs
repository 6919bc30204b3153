//! Values that many cells share, by number.

use std::collections::HashMap;
use std::hash::Hash;

/// Values before the first look for those that nobody uses any more.
const SWEEP_MIN: usize = 1024;

/// Numbers that are tried before the table.
const RECENT: usize = 256;

/// What can be looked for without the table.
pub(crate) trait Quick {
    /// A few bits that differ between most values. A remote that chooses values where they do not
    /// only makes it slower.
    fn quick(&self) -> u8;
}

impl Quick for String {
    fn quick(&self) -> u8 {
        self.bytes().fold(0, |bits, byte| bits.rotate_left(3) ^ byte)
    }
}

/// Numbered values; number 0 is the default one and stays.
#[derive(Debug)]
pub(crate) struct Interned<T> {
    values: Vec<T>,
    default: T,
    numbers: HashMap<T, u32>,
    free: Vec<u32>,
    sweep_at: usize,
    /// For each of the quick bits the number asked for last.
    recent: Box<[u32; RECENT]>,
}

impl<T: Clone + Default + Eq + Hash + Quick> Interned<T> {
    pub(crate) fn new() -> Self {
        let numbers = HashMap::from([(T::default(), 0)]);
        Self {
            values: vec![T::default()],
            default: T::default(),
            numbers,
            free: Vec::new(),
            sweep_at: SWEEP_MIN,
            recent: Box::new([0; RECENT]),
        }
    }

    /// The value's number.
    pub(crate) fn number(&mut self, value: &T) -> u32 {
        let quick = usize::from(value.quick());
        if let Some(&number) = self.recent.get(quick)
            && self.get(number) == value
        {
            return number;
        }
        let number = self.number_in_table(value);
        if let Some(slot) = self.recent.get_mut(quick) {
            *slot = number;
        }
        number
    }

    fn number_in_table(&mut self, value: &T) -> u32 {
        if let Some(&number) = self.numbers.get(value) {
            return number;
        }
        let reused = self.free.pop();
        let number = reused.unwrap_or_else(|| u32::try_from(self.values.len()).unwrap_or(0));
        match usize::try_from(number).ok().and_then(|at| self.values.get_mut(at)) {
            Some(slot) => *slot = value.clone(),
            None => self.values.push(value.clone()),
        }
        self.numbers.insert(value.clone(), number);
        number
    }

    /// The value with this number; the default one if there is none.
    pub(crate) fn get(&self, number: u32) -> &T {
        let at = usize::try_from(number).unwrap_or(0);
        self.values.get(at).unwrap_or(&self.default)
    }

    /// Whether it is time to [`Self::sweep`].
    pub(crate) fn is_crowded(&self) -> bool {
        self.numbers.len() >= self.sweep_at
    }

    /// A mark for each number, to be set for those that are used.
    pub(crate) fn marks(&self) -> Vec<bool> {
        vec![false; self.values.len()]
    }

    /// Forgets the values whose numbers are not marked.
    pub(crate) fn sweep(&mut self, marks: &[bool]) {
        let is_used = |number: u32| {
            number == 0
                || usize::try_from(number)
                    .ok()
                    .and_then(|at| marks.get(at))
                    .is_none_or(|used| *used)
        };
        let free = &mut self.free;
        let values = &mut self.values;
        self.numbers.retain(|_, number| {
            let used = is_used(*number);
            if !used {
                free.push(*number);
                if let Some(slot) = usize::try_from(*number).ok().and_then(|at| values.get_mut(at))
                {
                    *slot = T::default();
                }
            }
            used
        });
        self.recent.fill(0);
        self.sweep_at = (2 * self.numbers.len()).max(SWEEP_MIN);
    }
}
