//! Who gets it: those who come, come back, cannot decode, do not read or do not look.

use super::*;

#[test]
fn a_viewer_that_comes_gets_what_begins_anew() {
    let mut remote = Remote::with_viewer();
    remote.show(0, true);
    remote.show(0, false);
    // It stops: nothing more would come.
    remote.pass(500);
    remote.stage.attach_with(2, ALL_FEATURES, 0);
    remote.pass(100);
    assert_eq!(remote.repaints.len(), 1);
    assert_eq!(remote.repaints[0].intersection(FILM), Some(FILM));
    remote.show(0, false);
    remote.pass(100);
    assert_eq!(remote.videos(1), 0, "it cannot begin in the middle");
    remote.rest();
    remote.assert_true(0);
    remote.assert_true(1);
    // One that comes back, with its canvas or without, has new decoders.
    for keeps in [true, false] {
        remote.stage.come_back(1, if keeps { 3 } else { 4 }, keeps);
        remote.show(0, false);
        remote.rest();
        remote.show(0, false);
        remote.pass(100);
        remote.assert_true(0);
        remote.assert_true(1);
    }
    assert!(remote.welcome);
}

#[test]
fn what_did_not_decode_begins_anew() {
    let mut remote = Remote::with_viewer();
    remote.show(0, true);
    remote.pass(50);
    let id = remote.stage.viewers[0].id.0;
    remote.stage.viewers[0].canvas.fill(FILM, [7, 7, 7, 255]).unwrap();
    remote.stage.viewers[0].decoded.clear();
    remote.stage.say(id, ToGateway::Repaint(FILM));
    remote.show(0, false);
    remote.rest();
    remote.assert_true(0);
    // A remote that never begins anew is asked for pixels in the end.
    remote.stage.say(id, ToGateway::Repaint(FILM));
    for _ in 0..70 {
        remote.show(0, false);
        remote.pass(100);
    }
    assert!(!remote.welcome);
    let asked = remote.repaints.len();
    assert!((4..=8).contains(&asked), "asked {asked} times in 7 s");
    remote.repaints.clear();
    remote.redraw(SIZE.rect());
    remote.rest();
    remote.assert_true(0);
}

#[test]
fn a_viewer_without_a_decoder_turns_it_off_for_all() {
    let mut remote = Remote::with_viewer();
    remote.show(0, true);
    remote.pass(50);
    remote.stage.attach_with(2, 0, 0);
    remote.answer();
    assert!(!remote.welcome);
    remote.rest();
    remote.assert_true(0);
    remote.assert_true(1);
    assert_eq!(remote.videos(1), 0);
    // When it has left, video is welcome again.
    let id = remote.stage.viewers[1].id;
    remote.stage.session.handle_detach(remote.stage.now, id);
    remote.pass(50);
    assert!(remote.welcome);
    // Not while somebody wants it exactly.
    remote.stage.say(1, ToGateway::Quality(QualityMode::Exact));
    remote.pass(50);
    assert!(!remote.welcome);
    // And never where it is not passed on.
    let mut stage = Stage::connected();
    stage.attach_with(1, ALL_FEATURES, 0);
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.inputs, []);
}

#[test]
fn a_viewer_that_does_not_read_costs_a_second_of_film() {
    let mut remote = Remote::with_viewer();
    remote.stage.attach_with(2, ALL_FEATURES, 0);
    remote.show(0, true);
    remote.pass(50);
    remote.stage.viewers[1].reads = false;
    for _ in 0..300 {
        remote.show(0, false);
        remote.pass(33);
    }
    remote.assert_true(0);
    assert_eq!(remote.repaints, [], "nothing is drawn for who cannot take it");
    let videos = remote.videos(0);
    remote.stage.read(1, None);
    remote.rest();
    remote.assert_true(0);
    remote.assert_true(1);
    assert!(remote.videos(0) > videos, "it began anew");
    assert!(remote.welcome);
    // A path that proves too slow again and again gets pixels.
    for _ in 0..3 {
        remote.stage.viewers[1].reads = false;
        for _ in 0..80 {
            remote.show(0, false);
            remote.pass(33);
        }
        remote.stage.read(1, None);
        remote.rest();
    }
    assert!(!remote.welcome);
    remote.assert_true(0);
    remote.assert_true(1);
}

#[test]
fn a_hidden_page_gets_none_and_then_a_new_beginning() {
    let mut remote = Remote::with_viewer();
    remote.show(0, true);
    remote.pass(50);
    remote.stage.say(1, ToGateway::Visible(false));
    for _ in 0..100 {
        remote.show(0, false);
        remote.pass(33);
    }
    assert_eq!((remote.videos(0), remote.repaints.len()), (1, 0));
    remote.stage.say(1, ToGateway::Visible(true));
    remote.rest();
    remote.assert_true(0);
    assert!(remote.welcome);
}
