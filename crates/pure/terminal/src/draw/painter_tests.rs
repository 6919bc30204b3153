//! Drawing what changed gives the same picture as drawing everything.

use proptest::prelude::*;

use super::*;
use crate::draw::Fonts;
use crate::terminal::Underline;

const WHITE: [u8; 3] = [255; 3];
const BLACK: [u8; 3] = [0; 3];
const RED: [u8; 3] = [200, 10, 20];

fn painter() -> Painter {
    Painter::new(Arc::new(Fonts::built_in(None)).at_size(16.0))
}

fn text(text: &str) -> Vec<Cell> {
    text.chars().map(|first| Cell { first, ..Cell::blank(WHITE, BLACK) }).collect()
}

/// Draws rows of the same length.
fn draw(painter: &mut Painter, rows: &[Vec<Cell>], surface: &mut Surface) -> bool {
    let size = Cells { columns: rows[0].len() as u16, rows: rows.len() as u16 };
    let fill = |y: u16, row: &mut Vec<Cell>| row.extend_from_slice(&rows[usize::from(y)]);
    painter.draw(size, surface, |_| true, fill).unwrap()
}

fn fresh(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut surface = Surface::default();
    draw(&mut painter(), rows, &mut surface);
    surface.bytes().to_vec()
}

fn pixel(surface: &Surface, x: u16, y: u16) -> [u8; 3] {
    let row = surface.row(Rect::new(x, y, 1, 1), 0);
    [row[0], row[1], row[2]]
}

#[test]
fn a_screen_is_as_large_as_its_cells() {
    let (mut painter, mut surface) = (painter(), Surface::default());
    assert!(draw(&mut painter, &[text("hello"), text("world")], &mut surface));
    assert_eq!(surface.size(), Size { width: 50, height: 38 });
    assert!(!draw(&mut painter, &[text("hello"), text("world")], &mut surface));
}

#[test]
fn one_letter_is_one_cell_of_damage() {
    let (mut painter, mut surface) = (painter(), Surface::default());
    draw(&mut painter, &[text("abc"), text("abc")], &mut surface);
    surface.clear_changes();
    draw(&mut painter, &[text("abc"), text("aXc")], &mut surface);
    let changes = surface.changes();
    assert!(changes.copies().is_empty());
    let bounds = changes
        .damage()
        .iter()
        .fold(None, |all: Option<Rect>, rect| Some(all.map_or(rect, |all| all.union(rect))));
    let bounds = bounds.unwrap();
    assert!(bounds.x >= 10 && bounds.right() <= 20, "{bounds:?}");
    assert!(bounds.y >= 19, "{bounds:?}");
}

#[test]
fn rows_that_may_not_differ_are_not_asked_for() {
    let (mut painter, mut surface) = (painter(), Surface::default());
    let size = Cells { columns: 3, rows: 3 };
    let mut asked = Vec::new();
    for round in 0..2 {
        let fill = |y: u16, row: &mut Vec<Cell>| {
            asked.push((round, y));
            row.extend(text("abc"));
        };
        painter.draw(size, &mut surface, |y| y == 1, fill).unwrap();
    }
    assert_eq!(asked, [(0, 0), (0, 1), (0, 2), (1, 1)]);
}

#[test]
fn a_scroll_is_a_copy() {
    let (mut painter, mut surface) = (painter(), Surface::default());
    let rows: Vec<_> = (0..20).map(|y| text(&format!("line number {y:04}"))).collect();
    draw(&mut painter, &rows[..10], &mut surface);
    surface.clear_changes();
    draw(&mut painter, &rows[3..13], &mut surface);
    let [copy] = surface.changes().copies() else { panic!("{:?}", surface.changes().copies()) };
    assert_eq!(copy.source, Point { x: 0, y: 3 * 19 });
    assert_eq!(copy.target, Rect::new(0, 0, 160, 7 * 19));
    assert_eq!(surface.bytes(), fresh(&rows[3..13]));
}

#[test]
fn backgrounds_and_lines_are_where_they_belong() {
    let (mut painter, mut surface) = (painter(), Surface::default());
    let cell = |underline| Cell { underline, underline_color: RED, ..Cell::blank(WHITE, BLACK) };
    let mut row = vec![Cell::blank(WHITE, RED), cell(Underline::Single), cell(Underline::Double)];
    row.push(Cell { strike: true, overline: true, ..Cell::blank(WHITE, BLACK) });
    row.extend([cell(Underline::Dotted), cell(Underline::Dashed), cell(Underline::Curly)]);
    draw(&mut painter, &[row], &mut surface);
    let measures = painter.typeface.measures();
    let column =
        |x: u16| -> Vec<u16> { (0..19).filter(|y| pixel(&surface, x, *y) != BLACK).collect() };
    assert!((0..19).all(|y| pixel(&surface, 0, y) == RED && pixel(&surface, 9, y) == RED));
    let y = measures.underline;
    for x in 10..20 {
        assert_eq!(column(x), [y], "{x}");
    }
    assert_eq!(column(25).len(), 2);
    assert_eq!(column(35), [0, measures.strike]);
    let dots: Vec<_> = (40..50).filter(|x| pixel(&surface, *x, y) == RED).collect();
    assert_eq!(dots, [40, 42, 44, 46, 48]);
    let dashes: Vec<_> = (50..60).filter(|x| pixel(&surface, *x, y) == RED).collect();
    assert_eq!(dashes, [50, 51, 52, 57, 58, 59]);
    assert!((60..70).all(|x| !column(x).is_empty() && column(x)[0] + 3 > y));
}

#[test]
fn cursors_have_shapes() {
    let (mut painter, mut surface) = (painter(), Surface::default());
    let cell = |shape| Cell { cursor: Some((shape, RED)), ..Cell::blank(WHITE, BLACK) };
    let row = vec![cell(CursorShape::Block), cell(CursorShape::Underline), cell(CursorShape::Bar)];
    draw(&mut painter, &[row], &mut surface);
    let count = |columns: Range<u16>| {
        let places = columns.flat_map(|x| (0..19).map(move |y| (x, y)));
        places.filter(|(x, y)| pixel(&surface, *x, *y) == RED).count()
    };
    assert_eq!(count(0..10), 190);
    assert_eq!(count(10..20), 20);
    assert_eq!(count(20..30), 38);
    assert_eq!(pixel(&surface, 10, 18), RED);
    assert_eq!(pixel(&surface, 20, 0), RED);
}

#[test]
fn drawing_is_quick_enough_to_be_run() {
    // Not a measurement: 200 by 50 cells, each row another one, drawn and scrolled.
    let (mut painter, mut surface) = (painter(), Surface::default());
    let rows: Vec<_> = (0..60).map(|y| text(&format!("{y:03} {}", "x".repeat(196)))).collect();
    draw(&mut painter, &rows[..50], &mut surface);
    draw(&mut painter, &rows[10..], &mut surface);
    assert_eq!(surface.size(), Size { width: 2000, height: 950 });
}

/// Cells of any looks, with wide characters whole.
fn row(columns: usize) -> impl Strategy<Value = Vec<Cell>> {
    let colors = prop_oneof![Just(BLACK), Just(WHITE), Just(RED)];
    let shape =
        prop_oneof![Just(CursorShape::Block), Just(CursorShape::Underline), Just(CursorShape::Bar)];
    let first = prop_oneof![
        6 => proptest::char::range(' ', '~'),
        1 => proptest::char::range('\u{2500}', '\u{259f}'),
        1 => Just('\u{4e2d}'),
    ];
    let lines = prop_oneof![
        4 => Just(Underline::None),
        1 => Just(Underline::Curly),
        1 => Just(Underline::Double)
    ];
    let cell = (
        first,
        any::<[bool; 3]>(),
        colors.clone(),
        colors,
        lines,
        proptest::option::weighted(0.05, shape),
    )
        .prop_map(
            |(first, [bold, italic, strike], foreground, background, underline, cursor)| Cell {
                first,
                bold,
                italic,
                strike,
                underline,
                cursor: cursor.map(|shape| (shape, RED)),
                ..Cell::blank(foreground, background)
            },
        );
    proptest::collection::vec(cell, columns).prop_map(|mut cells| {
        for x in 1..cells.len() {
            if cells[x - 1].first == '\u{4e2d}' && cells[x - 1].columns == 1 {
                cells[x - 1].columns = 2;
                let background = cells[x - 1].background;
                cells[x] = Cell { columns: 0, ..Cell::blank(WHITE, background) };
            }
        }
        cells
    })
}

#[derive(Debug, Clone)]
enum Edit {
    Row(usize, Vec<Cell>),
    Scroll(usize, usize, bool),
    Draw,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (0..ROWS, row(COLUMNS)).prop_map(|(y, row)| Edit::Row(y, row)),
        3 => (0..ROWS, 0..ROWS, any::<bool>()).prop_map(|(a, b, up)| Edit::Scroll(a.min(b), a.max(b), up)),
        2 => Just(Edit::Draw),
    ]
}

const COLUMNS: usize = 12;
const ROWS: usize = 9;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn edits_end_in_the_same_picture(
        start in proptest::collection::vec(row(COLUMNS), ROWS),
        edits in proptest::collection::vec(edit(), 1..40),
    ) {
        let (mut painter, mut surface) = (painter(), Surface::default());
        let mut rows = start;
        for edit in edits {
            match edit {
                Edit::Row(y, row) => rows[y] = row,
                Edit::Scroll(top, bottom, true) => rows[top..=bottom].rotate_left(1),
                Edit::Scroll(top, bottom, false) => rows[top..=bottom].rotate_right(1),
                Edit::Draw => {
                    draw(&mut painter, &rows, &mut surface);
                    prop_assert!(surface.bytes() == fresh(&rows));
                }
            }
        }
        draw(&mut painter, &rows, &mut surface);
        prop_assert!(surface.bytes() == fresh(&rows));
    }
}
