//! What lies beneath a video is neither moved nor sent.

use super::*;

#[test]
fn covered_tiles_are_neither_recalled_nor_refined() {
    let mut remote = Remote::with_viewer();
    // Lossy pixels, beneath the film and around it; only those around it are to be made exact.
    remote.photo(Rect::new(80, 30, 340, 240), 3);
    remote.pass(50);
    assert!(remote.stage.viewers[0].lossy);
    remote.show(0, true);
    let told = remote.stage.viewers[0].told.len();
    for turn in 0..20 {
        remote.show(0, false);
        remote.copy(Point { x: 0, y: 260 }, Rect::new(0, 264, 90, 40));
        remote.draw(Rect::new(0, 450, 30, 12), turn);
        remote.pass(100);
    }
    remote.pass(2_000);
    remote.assert_true(0);
    for record in &remote.stage.viewers[0].told[told..] {
        match record {
            ToBrowser::Recall(_, rect) | ToBrowser::Image(rect, ..) | ToBrowser::Fill(rect, _) => {
                assert_eq!(FILM.intersection(*rect), None);
            }
            _ => (),
        }
    }
}

#[test]
fn a_copy_after_a_chunk_in_one_update_is_on_top() {
    let mut remote = Remote::with_viewer();
    remote.page(SIZE.rect(), 0);
    remote.pass(1_000);
    let film = remote.cover(0, true);
    // The target is open again when it is copied to.
    let (source, target) = (Point { x: 450, y: 20 }, Rect::new(128, 64, 64, 64));
    for surface in [&mut remote.truth, remote.stage.session.surface_mut()] {
        surface.fill(target, [1, 2, 3, 255]).unwrap();
        surface.copy(source, target).unwrap();
    }
    remote.tell(film);
    remote.tell(Event::FrameEnd);
    remote.pass(100);
    remote.assert_true(0);
}

#[test]
fn nothing_is_moved_from_beneath_a_cover() {
    for is_covered in [false, true] {
        let mut remote = Remote::with_viewer();
        remote.page(SIZE.rect(), 0);
        remote.pass(1_000);
        if is_covered {
            remote.show(0, true);
            remote.pass(100);
        }
        // The finder of moves does not rest while it finds some.
        for step in 1..6 {
            remote.page(Rect::new(420, 0, 200, SIZE.height), 400 - 40 * step);
            remote.pass(50);
        }
        // What the surface has beneath the film appears below it.
        remote.page(Rect::new(FILM.x, 250, FILM.width, 150), 40);
        remote.pass(1_000);
        remote.assert_true(0);
        let is_copy = |record: &ToBrowser| matches!(record, ToBrowser::Copy(at, _) if at.x < 400);
        let told = &remote.stage.viewers[0].told;
        assert_eq!(told.iter().any(is_copy), !is_covered);
    }
}

#[test]
fn a_letter_does_not_pass_the_chunk_that_it_was_drawn_upon() {
    let mut remote = Remote::with_viewer();
    // The path is long: frames leave until the window is full.
    remote.stage.viewers[0].acks = false;
    for step in 0..100 {
        remote.photo(Rect::new(0, 270, 512, 200), step);
        remote.pass(33);
    }
    remote.show(0, true);
    // All that the film covers of one tile.
    remote.draw(Rect::new(100, 50, 28, 14), 77);
    remote.pass(50);
    remote.stage.viewers[0].acks = true;
    let (id, last) = (remote.stage.viewers[0].id.0, remote.stage.viewers[0].painted);
    remote.stage.say(id, ToGateway::Ack(last, 100));
    remote.rest();
    remote.assert_true(0);
}

#[test]
fn no_wide_image_lies_across_a_cover() {
    let mut remote = Remote::with_viewer();
    let rect = Rect::new(128, 0, 64, 64);
    show_small(&mut remote, 2, KEY);
    remote.truth.fill(rect, picture(5)).unwrap();
    for x in [0, 64, 192, 256] {
        remote.page(Rect::new(x, 0, 64, 64), 0);
    }
    remote.pass(1_000);
    remote.assert_true(0);
    // The same in one frame.
    for x in [0_u16, 64, 192, 256] {
        let row = [x.to_le_bytes()[0] | 3, 200, 100, 255, 9, 9, 9, 255].repeat(33);
        for y in 0..64 {
            let row = row.get(4 * usize::from(y % 3)..).unwrap().get(..256).unwrap();
            remote.truth.store_row(x, y, row);
            remote.stage.session.surface_mut().store_row(x, y, row);
        }
    }
    remote.tell(Event::FrameEnd);
    remote.pass(1_000);
    remote.assert_true(0);
}

#[test]
fn a_copy_of_something_covered_is_drawn_again() {
    let mut remote = Remote::with_viewer();
    remote.show(0, true);
    remote.pass(50);
    remote.copy(Point { x: 150, y: 60 }, Rect::new(20, 300, 80, 40));
    remote.copy(Point { x: 0, y: 0 }, Rect::new(120, 70, 30, 30));
    remote.pass(50);
    assert_eq!(remote.repaints.len(), 1);
    remote.rest();
    remote.assert_true(0);
}
