//! Whatever happens, in any order.

use super::*;

/// A small generator with a fixed seed, so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u16) -> u16 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [a, b, ..] = self.0.to_be_bytes().map(u16::from);
        (a << 8 | b) % limit.max(1)
    }

    fn rect(&mut self) -> Rect {
        let (x, y) = (self.below(SIZE.width - 8), self.below(SIZE.height - 8));
        let side = |random: &mut Self, room: u16| 1 + random.below(room.min(250));
        Rect::new(x, y, side(self, SIZE.width - x), side(self, SIZE.height - y))
    }
}

fn anything(seed: u64, restarts: bool) {
    let mut random = Random(seed);
    let mut remote = Remote { restarts, ..Remote::with_viewer() };
    let mut ids = 3;
    remote.stage.attach_with(2, ALL_FEATURES, 1000);
    for _ in 0..120 {
        let rect = random.rect();
        let at = usize::from(random.below(2));
        let shade = u8::try_from(random.below(5)).unwrap();
        match random.below(16) {
            0..=2 => remote.show(random.below(2).into(), random.below(4) == 0),
            3 => {
                let stream = random.below(2);
                let place = if stream == 0 { FILM } else { OTHER };
                let parts = [rect, random.rect(), random.rect()];
                let parts = parts.into_iter().filter_map(|part| part.intersection(place));
                let parts: Vec<Rect> = parts.collect();
                remote.show_parts(stream.into(), random.below(4) == 0, &parts);
            }
            4 | 5 => remote.draw(rect, shade),
            6 => {
                // Several things in one update.
                let event = remote.cover(0, random.below(3) == 0);
                remote.truth.fill(rect, [shade, 0, 0, 255]).unwrap();
                remote.stage.session.surface_mut().fill(rect, [shade, 0, 0, 255]).unwrap();
                let other = remote.cover(1, random.below(3) == 0);
                remote.tell(event);
                remote.tell(other);
                remote.tell(Event::FrameEnd);
            }
            7 | 8 => {
                let source = Point {
                    x: random.below(SIZE.width - rect.width + 1),
                    y: random.below(SIZE.height - rect.height + 1),
                };
                remote.copy(source, rect);
            }
            9 => remote.stage.viewers[at].reads = false,
            10 => remote.stage.read(at, None),
            11 => remote.stage.read(at, Some(random.below(3).into())),
            12 if random.below(2) == 0 => {
                remote.stage.come_back(at, ids, random.below(3) > 0);
                ids += 1;
            }
            13 => {
                let visible = random.below(2) == 0;
                let id = remote.stage.viewers[at].id.0;
                remote.stage.say(id, ToGateway::Visible(visible));
            }
            14 => remote.tell(Event::VideoEnded(random.below(2).into())),
            _ => remote.answer(),
        }
        remote.pass(random.below(120).into());
    }
    for at in 0..2 {
        let id = remote.stage.viewers[at].id.0;
        remote.stage.say(id, ToGateway::Visible(true));
        remote.stage.read(at, None);
    }
    remote.rest();
    remote.assert_true(0);
    remote.assert_true(1);
}

#[test]
fn anything_that_happens_ends_in_the_true_picture() {
    for seed in 0..100 {
        anything(seed, seed % 3 > 0);
    }
}
