//! Mpx/s of planning and encoding on one thread, over synthetic 1920x1080 pictures.
//!
//! `cargo bench -p porthole-bench --bench tiles`. Each line is the best of several rounds, so
//! that what else the machine does matters little.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench draws pictures of known sizes, and stops at the first surprise"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use porthole_pixels::{Damage, Rect, Size, Surface};
use porthole_tiles::{
    Body, Class, Encoder, JpegSettings, Mode, MoveFinder, PART_PIXELS_MAX, Part, Plan, Snapshot,
    Subsampling, plan,
};

const SIZE: Size = Size::new(1920, 1080);
const ROUNDS: usize = 15;

fn main() {
    println!("{:<34}{:>9}{:>10}{:>8}  bodies", "", "Mpx/s", "ms", "KB");
    let text = text(false);
    let fringed = self::text(true);
    let photo = photo();
    let mixed = mixed(&text, &photo);
    for (name, surface) in
        [("text", &text), ("text, fringed", &fringed), ("photo", &photo), ("mixed", &mixed)]
    {
        plan_line(name, surface);
        encode_line(&format!("{name}: plan, lossy"), surface, None, LOSSY);
        encode_line(&format!("{name}: plan, lossless"), surface, None, Mode::Lossless);
        encode_line(
            &format!("{name}: strips, lossless"),
            surface,
            Some(Class::Text),
            Mode::Lossless,
        );
        encode_line(&format!("{name}: strips, jpeg 79 4:4:4"), surface, Some(Class::Photo), LOSSY);
    }
    small_change(&text);
    moves(&text, &photo);
}

const LOSSY: Mode = Mode::Lossy(JpegSettings { quality: 79, subsampling: Subsampling::S444 });

fn plan_line(name: &str, surface: &Surface) {
    let damage = Damage::full(SIZE);
    let (time, planned) = best(|| plan(surface, &damage));
    let count = |want: fn(Class) -> bool| planned.parts.iter().filter(|p| want(p.class)).count();
    println!(
        "{:<34}{:>9.0}{:>10.3}{:>8}  {} solid, {} text, {} photo",
        format!("{name}: plan"),
        mpx_per_s(SIZE.area(), time),
        time.as_secs_f64() * 1e3,
        "",
        count(|class| matches!(class, Class::Solid(_))),
        count(|class| class == Class::Text),
        count(|class| class == Class::Photo),
    );
    let all = strips(Class::Text);
    let (time, _) = best(|| {
        all.parts.iter().map(|part| Snapshot::take(surface, part).len_bytes()).sum::<usize>()
    });
    println!(
        "{:<34}{:>9.0}{:>10.3}",
        format!("{name}: snapshot"),
        mpx_per_s(SIZE.area(), time),
        time.as_secs_f64() * 1e3
    );
}

/// Encodes either the plan of the whole picture or full-width strips taken to be of one class.
fn encode_line(name: &str, surface: &Surface, class: Option<Class>, mode: Mode) {
    let planned = class.map_or_else(|| plan(surface, &Damage::full(SIZE)), strips);
    let mut encoder = Encoder::new().expect("an encoder");
    let (time, bodies) = best(|| {
        let encode = |part| encoder.encode_from(surface, part, mode).expect("an image").body;
        planned.parts.iter().map(encode).collect::<Vec<Body>>()
    });
    let bytes: usize = bodies.iter().map(Body::len_bytes).sum();
    let count = |want: fn(&Body) -> bool| bodies.iter().filter(|body| want(body)).count();
    println!(
        "{name:<34}{:>9.0}{:>10.3}{:>8}  {} fill, {} palette, {} rgb, {} jpeg",
        mpx_per_s(SIZE.area(), time),
        time.as_secs_f64() * 1e3,
        bytes / 1000,
        count(|body| matches!(body, Body::Fill(_))),
        count(|body| matches!(body, Body::Palette(_))),
        count(|body| matches!(body, Body::Rgb(_))),
        count(|body| matches!(body, Body::Jpeg(_))),
    );
}

/// A typed letter: plan and encode of 20 by 16 pixels.
fn small_change(surface: &Surface) {
    let mut damage = Damage::clean(SIZE);
    damage.add(Rect::new(500, 320, 20, 16));
    let mut encoder = Encoder::new().expect("an encoder");
    let (time, bytes) = best(|| {
        let mut bytes = 0;
        for _ in 0..1000 {
            for part in plan(surface, black_box(&damage)).parts {
                let encoded = encoder.encode_from(surface, &part, LOSSY).expect("an image");
                bytes = encoded.body.len_bytes();
            }
        }
        bytes
    });
    println!("one letter: plan and encode: {:.2} us, {bytes} bytes", time.as_secs_f64() * 1e3);
}

/// The search for moves: in a page that scrolls by the same distance or by another one each
/// frame, in a page that scrolls sideways, and in films, where there is nothing to find.
fn moves(text: &Surface, photo: &Surface) {
    let height = SIZE.height - 240;
    let page = |frame: usize| Rect::new(0, (frame % 4 * 60) as u16, SIZE.width, height);
    let bumpy = |frame: usize| Rect::new(0, (frame * frame % 11 * 21) as u16, SIZE.width, height);
    let aside = |frame: usize| Rect::new((frame * frame % 11 * 13) as u16, 0, 1600, SIZE.height);
    let down = [page(0), page(1), page(2), page(3)];
    moves_line("page by 60 px", |surface, frame| draw_from(surface, text, down[frame % 4]));
    moves_line("page by any distance", |surface, frame| draw_from(surface, text, bumpy(frame)));
    moves_line("photo by any distance", |surface, frame| draw_from(surface, photo, bumpy(frame)));
    moves_line("page sideways", |surface, frame| draw_from(surface, text, aside(frame)));
    let mut random = Random(17);
    let noise: Vec<u8> =
        (0..4 * 1280 * 720 + 4 * 64 * 97).map(|_| random.below(256) as u8).collect();
    let film = |width: u16, height: u16, grain: usize| {
        let area = 4 * usize::from(width) * usize::from(height);
        let noise = &noise;
        move |surface: &mut Surface, frame: usize| {
            // Another piece of noise each time, that is not the last one moved by few pixels.
            let start = frame % 64 * grain;
            let rect = Rect::new(320, 180, width, height);
            surface.store(rect, &noise[start..start + area]).expect("a picture");
        }
    };
    moves_line("film, 1280x720, noise", film(1280, 720, 97));
    moves_line("film, 640x360, noise", film(640, 360, 97));
}

/// Shows `window` of `source` at the top left.
fn draw_from(surface: &mut Surface, source: &Surface, window: Rect) {
    for y in 0..window.height {
        surface.store_row(0, y, source.row(window, y));
    }
}

fn moves_line(name: &str, mut draw: impl FnMut(&mut Surface, usize)) {
    const FRAMES: usize = 60;
    let mut surface = Surface::new(SIZE).expect("a surface");
    draw(&mut surface, 0);
    surface.clear_changes();
    surface.keep_before(true);
    let mut finder = MoveFinder::default();
    let area = |surface: &Surface| -> u64 {
        surface.changes().damage().iter().map(|rect| u64::from(rect.area())).sum()
    };
    let (mut times, mut damaged, mut left, mut copies) = (Vec::new(), 0, 0, 0);
    for frame in 1..=FRAMES {
        draw(&mut surface, frame);
        damaged += area(&surface);
        let start = Instant::now();
        let found = finder.find(&surface);
        times.push(start.elapsed());
        copies += found.len();
        surface.explain(found);
        left += area(&surface);
        surface.clear_changes();
    }
    let mean = times.iter().sum::<Duration>().as_secs_f64() / FRAMES as f64;
    times.sort_unstable();
    println!(
        "{:<34}{:>9}{:>10.3}  mean, {:.3} median, {:.3} most; {} copies, {} % of the damage left",
        format!("moves: {name}"),
        "",
        mean * 1e3,
        times[FRAMES / 2].as_secs_f64() * 1e3,
        times[FRAMES - 1].as_secs_f64() * 1e3,
        copies,
        100 * left / damaged.max(1),
    );
}

fn strips(class: Class) -> Plan {
    let height = (PART_PIXELS_MAX / u32::from(SIZE.width)) as u16 / 64 * 64;
    let parts = (0..SIZE.height)
        .step_by(height.into())
        .map(|y| Rect::new(0, y, SIZE.width, height.min(SIZE.height - y)))
        .map(|rect| Part { rect, class })
        .collect();
    Plan { parts }
}

fn mpx_per_s(pixels: u32, time: Duration) -> f64 {
    f64::from(pixels) / time.as_secs_f64() / 1e6
}

fn best<T>(mut act: impl FnMut() -> T) -> (Duration, T) {
    let mut result = act();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        result = black_box(act());
        best = best.min(start.elapsed());
    }
    (best, result)
}

/// An editor: lines of words in eight colours, 8 by 16 pixels a letter, edges smoothed; with
/// `fringed`, smoothed differently in each component, as for LCD screens.
fn text(fringed: bool) -> Surface {
    const INKS: [[u8; 3]; 8] = [
        [212, 212, 212],
        [86, 156, 214],
        [206, 145, 120],
        [106, 153, 85],
        [220, 220, 170],
        [156, 220, 254],
        [197, 134, 192],
        [78, 201, 176],
    ];
    let mut random = Random(11);
    let letters: Vec<[[u8; 8]; 16]> = (0..60).map(|_| letter(&mut random)).collect();
    let mut surface = Surface::new(SIZE).expect("a surface");
    surface.fill(SIZE.rect(), [30, 30, 30, 255]).expect("a fill");
    for line in 0..SIZE.height / 20 {
        let mut column = 6 + 4 * random.below(6) as u16;
        let end = column + random.below(200) as u16;
        while column < end.min(SIZE.width / 8 - 14) {
            let ink = INKS[random.below(8)];
            for _ in 0..=random.below(10) {
                draw(
                    &mut surface,
                    &letters[random.below(60)],
                    ink,
                    fringed,
                    (column * 8, line * 20),
                );
                column += 1;
            }
            column += 1;
        }
    }
    surface
}

/// Three strokes on a grid, with soft edges.
fn letter(random: &mut Random) -> [[u8; 8]; 16] {
    let mut cover = [[0_u8; 8]; 16];
    for _ in 0..3 {
        let (x, y) = (1 + random.below(5), 3 + random.below(9));
        let soft = 40 * (1 + random.below(4)) as u8;
        if random.below(2) == 0 {
            for row in &mut cover[3..13] {
                row[x] = 255;
                row[x + 1] = row[x + 1].max(soft);
            }
        } else {
            cover[y][1..7].fill(255);
            for pixel in &mut cover[y + 1][1..7] {
                *pixel = soft.max(*pixel);
            }
        }
    }
    cover
}

fn draw(
    surface: &mut Surface,
    letter: &[[u8; 8]; 16],
    ink: [u8; 3],
    fringed: bool,
    (x, y): (u16, u16),
) {
    for (row, y) in letter.iter().zip(y..) {
        let mut pixels = [0; 32];
        for (column, pixel) in pixels.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            for component in 0..3 {
                let at = if fringed { (column + component).min(7) } else { column };
                let cover = u32::midpoint(row[column].into(), row[at].into());
                let mixed = (30 * (255 - cover) + u32::from(ink[component]) * cover) / 255;
                pixel[component] = mixed as u8;
            }
        }
        surface.store_row(x, y, &pixels);
    }
}

/// Slow waves of colour with a little grain.
fn photo() -> Surface {
    let mut random = Random(5);
    let mut surface = Surface::new(SIZE).expect("a surface");
    for y in 0..SIZE.height {
        let row: Vec<u8> = (0..SIZE.width)
            .flat_map(|x| {
                let (x, y) = (f32::from(x), f32::from(y));
                let edge = if (x * 0.013 + y * 0.009).sin() > 0.6 { 40.0 } else { 0.0 };
                let grain = random.below(9) as f32 - 4.0;
                let wave = |a: f32, b: f32| {
                    (128.0 + 70.0 * (x * a + y * b).sin() + edge + grain).clamp(0.0, 255.0) as u8
                };
                [wave(0.011, 0.004), wave(0.007, 0.013), wave(0.003, 0.009), 255]
            })
            .collect();
        surface.store_row(0, y, &row);
    }
    surface
}

/// A plain desktop with an editor and a picture on it.
fn mixed(text: &Surface, photo: &Surface) -> Surface {
    let mut surface = Surface::new(SIZE).expect("a surface");
    surface.fill(SIZE.rect(), [0, 90, 130, 255]).expect("a fill");
    for (source, rect) in
        [(text, Rect::new(40, 50, 1000, 900)), (photo, Rect::new(1101, 203, 700, 500))]
    {
        for y in 0..rect.height {
            surface.store_row(rect.x, rect.y + y, source.row(rect, y));
        }
    }
    surface
}

/// A small generator with a fixed seed, so that every run sees the same pictures.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}
