use super::*;

const SIZE: Size = Size::new(1920, 1080);

/// A tracker and the time.
struct Screen {
    tracker: MotionTracker,
    now: Duration,
}

impl Screen {
    fn new() -> Self {
        Self { tracker: MotionTracker::new(SIZE), now: Duration::from_secs(100) }
    }

    /// `frames` frames, `rate` in a second, in each of which `rects` change.
    fn play(&mut self, frames: u32, rate: u32, rects: &[Rect]) -> Option<Rect> {
        for _ in 0..frames {
            let mut damage = Damage::clean(SIZE);
            rects.iter().for_each(|rect| damage.add(*rect));
            self.tracker.note(self.now, &damage);
            self.now += Duration::from_secs(1) / rate;
        }
        self.region()
    }

    fn region(&self) -> Option<Rect> {
        self.tracker.region(self.now)
    }
}

const FILM: Rect = Rect::new(320, 180, 1280, 720);

#[test]
fn a_film_is_found_where_it_is() {
    let mut screen = Screen::new();
    assert_eq!(screen.play(14, 30, &[FILM]), None);
    assert_eq!(screen.play(40, 30, &[FILM]), Some(FILM));
    assert_eq!(screen.play(300, 30, &[FILM]), Some(FILM));
}

#[test]
fn corners_are_even() {
    let mut screen = Screen::new();
    let odd = Rect::new(33, 77, 641, 361);
    assert_eq!(screen.play(60, 30, &[odd]), Some(Rect::new(32, 76, 642, 362)));
}

#[test]
fn a_film_may_fill_the_screen() {
    let mut screen = Screen::new();
    assert_eq!(screen.play(60, 30, &[SIZE.rect()]), Some(SIZE.rect()));
    let odd = Size::new(801, 601);
    let mut tracker = MotionTracker::new(odd);
    let frames = (0..60).map(|frame| Duration::from_secs(1) * frame / 30);
    frames.for_each(|now| tracker.note(now, &Damage::full(odd)));
    assert_eq!(tracker.region(Duration::from_secs(2)), Some(odd.rect()));
}

#[test]
fn slow_small_and_scattered_changes_are_no_film() {
    let mut screen = Screen::new();
    assert_eq!(screen.play(100, 10, &[FILM]), None);
    assert_eq!(screen.play(300, 30, &[Rect::new(100, 100, 120, 400)]), None);
    assert_eq!(screen.play(300, 30, &[Rect::new(100, 100, 400, 90)]), None);
    // Two bars that meet in a corner: the rectangle around them is mostly still.
    let bars = [Rect::new(0, 0, 1900, 40), Rect::new(0, 0, 40, 1060)];
    assert_eq!(Screen::new().play(300, 30, &bars), None);
}

#[test]
fn one_burst_is_no_film() {
    let mut screen = Screen::new();
    assert_eq!(screen.play(16, 60, &[FILM]), None);
    assert_eq!(screen.play(4, 2, &[]), None);
}

#[test]
fn the_larger_of_two_is_taken_and_a_spinner_does_not_widen_it() {
    let (small, spinner) = (Rect::new(64, 800, 256, 192), Rect::new(1700, 0, 24, 24));
    let mut screen = Screen::new();
    let large = Rect::new(640, 64, 640, 360);
    assert_eq!(screen.play(120, 30, &[small, large, spinner]), Some(large));
}

#[test]
fn a_region_stays_while_half_of_it_moves() {
    let mut screen = Screen::new();
    assert_eq!(screen.play(60, 30, &[FILM]), Some(FILM));
    let most = Rect::new(FILM.x, FILM.y, FILM.width, FILM.height - 200);
    assert_eq!(screen.play(300, 30, &[most]), Some(FILM));
    // Less than half: the old region is given up for it after a while.
    // On the grid, since motion that ends within a tile keeps the tile's old extent for a while.
    let part = Rect::new(FILM.x, FILM.y, 640, 332);
    assert_eq!(screen.play(60, 30, &[part]), Some(FILM));
    assert_eq!(screen.play(300, 30, &[part]), Some(part));
}

#[test]
fn a_region_grows_when_the_film_does() {
    let mut screen = Screen::new();
    let part = Rect::new(FILM.x, FILM.y, FILM.width, 500);
    assert_eq!(screen.play(60, 30, &[part]), Some(part));
    assert_eq!(screen.play(6, 30, &[FILM]), Some(part));
    assert_eq!(screen.play(90, 30, &[FILM]), Some(FILM));
}

#[test]
fn a_film_that_stops_is_given_up() {
    let mut screen = Screen::new();
    screen.play(90, 30, &[FILM]);
    screen.now += Duration::from_secs(2);
    assert_eq!(screen.region(), Some(FILM));
    screen.now += Duration::from_millis(1_500);
    assert_eq!(screen.region(), None);
    // A word that is typed later does not bring it back.
    assert_eq!(screen.play(1, 1, &[Rect::new(400, 300, 8, 16)]), None);
    assert_eq!(screen.play(60, 30, &[FILM]), Some(FILM));
}

#[test]
fn a_long_rest_costs_no_time() {
    let mut screen = Screen::new();
    screen.play(90, 30, &[FILM]);
    screen.now += Duration::from_secs(u64::MAX / 4);
    assert_eq!(screen.play(1, 30, &[FILM]), None);
}

#[test]
fn another_size_starts_anew() {
    let mut screen = Screen::new();
    screen.play(90, 30, &[FILM]);
    let small = Size::new(640, 480);
    screen.tracker.note(screen.now, &Damage::full(small));
    assert_eq!(screen.region(), None);
    let nothing = Size::new(0, 0);
    screen.tracker.note(screen.now + SLOT, &Damage::full(nothing));
    screen.tracker.note(screen.now + 3 * SLOT, &Damage::full(nothing));
    assert_eq!(screen.region(), None);
}
