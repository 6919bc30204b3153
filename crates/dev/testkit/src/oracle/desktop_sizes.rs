//! Desktops that change their size in the middle of an update, and rectangles between.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::CutStream;
use super::rfb::{DESKTOP, check_cuts, opening};

const COPY_RECT: i32 = 1;
const DESKTOP_SIZE: i32 = -223;
const LAST_RECT: i32 = -224;
const EXTENDED_DESKTOP_SIZE: i32 = -308;
/// Of which only the control byte of a fill is used.
const TIGHT: i32 = 7;

/// The head of an update of unknown length.
const UPDATE: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// A rectangle of the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Step {
    DesktopSize,
    ExtendedDesktopSize,
    Copy,
    Fill,
    /// The update is over and another begins.
    NextUpdate,
}

/// Updates in which the desktop changes its size.
///
/// As a fuzz input: the length of the first piece (two bytes); then for each rectangle its kind
/// (four bytes), x, y, columns and rows (one byte each, 255 for 65,535), and two bytes for its
/// body: where to copy from, its colour, or how many screens there are and what fills them.
#[derive(Debug, Clone)]
pub struct DesktopSizesCase {
    first_piece_len: u16,
    updates: Vec<u8>,
}

impl<'a> Arbitrary<'a> for DesktopSizesCase {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let len = input.arbitrary_len::<u8>()?;
        Self::arbitrary_take_rest(Unstructured::new(input.bytes(len)?))
    }

    fn arbitrary_take_rest(mut input: Unstructured<'a>) -> Result<Self> {
        let first_piece_len = input.arbitrary()?;
        let mut updates = UPDATE.to_vec();
        while !input.is_empty() {
            put_step(&mut input, &mut updates)?;
        }
        put_rect([0; 4], LAST_RECT, &mut updates);
        Ok(Self { first_piece_len, updates })
    }
}

fn put_step(input: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    let step = input.arbitrary()?;
    // Most sizes are small, or every second case would clear hundreds of megabytes.
    let place = input.arbitrary::<[u8; 4]>()?.map(|value| match value {
        u8::MAX => u16::MAX,
        value => value.into(),
    });
    let [first, second]: [u8; 2] = input.arbitrary()?;
    match step {
        Step::DesktopSize => put_rect(place, DESKTOP_SIZE, out),
        Step::ExtendedDesktopSize => {
            put_rect(place, EXTENDED_DESKTOP_SIZE, out);
            out.extend([first, 0, 0, 0]);
            out.extend(std::iter::repeat_n(second, 16 * usize::from(first)));
        }
        Step::Copy => {
            put_rect(place, COPY_RECT, out);
            out.extend([0, first, 0, second]);
        }
        Step::Fill => {
            put_rect(place, TIGHT, out);
            out.extend([0x80, first, second, first ^ second]);
        }
        Step::NextUpdate => {
            put_rect([0; 4], LAST_RECT, out);
            out.extend(UPDATE);
        }
    }
    Ok(())
}

fn put_rect(place: [u16; 4], encoding: i32, out: &mut Vec<u8>) {
    out.extend(place.into_iter().flat_map(u16::to_be_bytes));
    out.extend(encoding.to_be_bytes());
}

/// Updates with new sizes mean the same however they are cut, or are refused.
///
/// # Panics
///
/// When not.
pub fn rfb_desktop_sizes(case: &DesktopSizesCase) {
    let stream = CutStream::new(case.updates.clone(), vec![case.first_piece_len, 1, 1]);
    check_cuts(&stream, &opening(DESKTOP));
}
