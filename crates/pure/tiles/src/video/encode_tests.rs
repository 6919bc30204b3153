use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use porthole_pixels::BYTES_PER_PIXEL;
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_rgba};

use super::*;
use crate::test_pictures::{Random, gradient, paint};
use crate::{Class, Part};

const SIZE: Size = Size::new(320, 180);
const PLENTY: VideoDemand = VideoDemand { target_bytes: 20_000, key: false };

/// Waves that move two pixels a picture, under a little noise of its own.
fn picture(size: Size, number: u16) -> Surface {
    let mut wide = Surface::new(Size::new(size.width + 2 * number, size.height)).unwrap();
    let all = wide.size().rect();
    gradient(&mut wide, all);
    let mut random = Random(number.into());
    let mut surface = Surface::new(size).unwrap();
    paint(&mut surface, size.rect(), |x, y| {
        let at =
            usize::from(y) * wide.stride_bytes() + usize::from(x + 2 * number) * BYTES_PER_PIXEL;
        let grain = random.below(5) as u8;
        let [red, green, blue] = [0, 1, 2].map(|part| wide.bytes()[at + part] + grain);
        [red, green, blue, 255]
    });
    surface
}

fn encoder(size: Size) -> VideoEncoder {
    VideoEncoder::new(&VideoCodec::bundled().unwrap(), size).unwrap()
}

/// What a viewer shows: the coded picture's first columns and rows, as RGBA.
struct Viewer(Decoder);

impl Viewer {
    fn new() -> Self {
        Self(Decoder::new().unwrap())
    }

    fn show(&mut self, chunk: &VideoChunk, size: Size) -> Vec<u8> {
        let picture = self.0.decode(&chunk.data).unwrap().expect("a picture for each chunk");
        let coded = coded_size(size);
        assert_eq!(picture.dimensions(), (coded.width.into(), coded.height.into()));
        let (y_stride, u_stride, v_stride) = picture.strides();
        let image = YuvPlanarImage {
            y_plane: picture.y(),
            y_stride: y_stride as u32,
            u_plane: picture.u(),
            u_stride: u_stride as u32,
            v_plane: picture.v(),
            v_stride: v_stride as u32,
            width: coded.width.into(),
            height: coded.height.into(),
        };
        let stride = usize::from(coded.width) * BYTES_PER_PIXEL;
        let mut shown = vec![0; stride * usize::from(coded.height)];
        let (range, matrix) = (YuvRange::Full, YuvStandardMatrix::Bt601);
        yuv420_to_rgba(&image, &mut shown, stride as u32, range, matrix).unwrap();
        let rows = shown.chunks_exact(stride).take(size.height.into());
        rows.flat_map(|row| row[..usize::from(size.width) * BYTES_PER_PIXEL].to_vec()).collect()
    }
}

/// Peak signal to noise ratio over red, green and blue, in dB.
fn psnr(surface: &Surface, rect: Rect, shown: &[u8]) -> f64 {
    let pixels = Pixels::of_surface(surface, rect).unwrap();
    let want = pixels.rows().flat_map(|row| row.iter().copied());
    let got = shown.as_chunks::<BYTES_PER_PIXEL>().0;
    assert_eq!(got.len(), pixels.area());
    let error: f64 = want
        .zip(got)
        .flat_map(|(want, got)| (0..3).map(move |part| want[part].abs_diff(got[part])))
        .map(|difference| f64::from(difference).powi(2))
        .sum();
    10.0 * (255.0 * 255.0 * 3.0 * f64::from(rect.area()) / error.max(1.0)).log10()
}

#[test]
fn a_film_is_decoded_as_it_was() {
    let (mut encoder, mut viewer) = (encoder(SIZE), Viewer::new());
    for number in 0..20 {
        let surface = picture(SIZE, number);
        let chunk = encoder.encode_from(&surface, SIZE.rect(), PLENTY).unwrap().unwrap();
        assert_eq!(chunk.key, number == 0);
        assert_eq!(chunk.codec().is_some(), number == 0);
        let quality = psnr(&surface, SIZE.rect(), &viewer.show(&chunk, SIZE));
        assert!(quality > 36.0, "picture {number}: {quality} dB");
    }
}

#[test]
fn copies_and_rows_in_place_give_the_same_film() {
    let rect = Rect::new(31, 17, 131, 99);
    let part = Part { rect, class: Class::Photo };
    let (mut of_copies, mut in_place) = (encoder(rect.size()), encoder(rect.size()));
    for number in 0..4 {
        // The rectangle ends where the surface does, in the middle of its last row.
        let surface = picture(Size::new(162, 116), number);
        let copy = of_copies.encode(&Snapshot::take(&surface, &part), PLENTY).unwrap();
        let place = in_place.encode_from(&surface, rect, PLENTY).unwrap();
        assert_eq!(copy, place);
        assert!(copy.is_some());
    }
}

#[test]
fn sides_need_not_be_even() {
    for size in [Size::new(17, 16), Size::new(131, 97), Size::new(16, 33), Size::new(128, 96)] {
        let (mut encoder, mut viewer) = (encoder(size), Viewer::new());
        for number in 0..3 {
            let surface = picture(size, number);
            let chunk = encoder.encode_from(&surface, size.rect(), PLENTY).unwrap().unwrap();
            let quality = psnr(&surface, size.rect(), &viewer.show(&chunk, size));
            assert!(quality > 34.0, "{size:?}, picture {number}: {quality} dB");
        }
    }
}

#[test]
fn a_key_picture_is_made_when_demanded() {
    let mut encoder = encoder(SIZE);
    for number in 0..8 {
        let surface = picture(SIZE, number);
        let key = number == 5;
        let demand = VideoDemand { key, ..PLENTY };
        let chunk = encoder.encode_from(&surface, SIZE.rect(), demand).unwrap().unwrap();
        assert_eq!(chunk.key, key || number == 0);
        if key {
            // A viewer that comes now needs nothing else.
            let quality = psnr(&surface, SIZE.rect(), &Viewer::new().show(&chunk, SIZE));
            assert!(quality > 34.0, "{quality} dB");
            assert_eq!(chunk.codec().as_deref(), Some("avc1.42c01e"));
        }
    }
}

#[test]
fn bytes_follow_the_demand() {
    let mut encoder = encoder(SIZE);
    let mut mean = |target_bytes| {
        let demand = VideoDemand { target_bytes, key: false };
        let sizes: Vec<usize> = (0..60)
            .map(|number| {
                let chunk = encoder.encode_from(&noisy(SIZE, number), SIZE.rect(), demand).unwrap();
                chunk.map_or(0, |chunk| chunk.data.len())
            })
            .collect();
        // The first ones pay for what was taken, or take what was left, under the demand before.
        let settled = &sizes[20..];
        settled.iter().sum::<usize>() / settled.len()
    };
    for target in [2_000_u32, 1_000, 2_000, 500] {
        let got = mean(target);
        let target = target as usize;
        assert!((target * 2 / 3..target * 4 / 3).contains(&got), "{got} for {target}");
    }
}

#[test]
fn a_key_picture_comes_first_after_pictures_left_out() {
    let mut encoder = encoder(SIZE);
    let mut offer = |number, target_bytes, key| {
        let demand = VideoDemand { target_bytes, key };
        encoder.encode_from(&noisy(SIZE, number), SIZE.rect(), demand).unwrap()
    };
    let spent = (0..200).find(|number| offer(*number, 1, false).is_none()).unwrap();
    let next = (0..200).find_map(|number| offer(spent + number, 1, number == 0)).unwrap();
    assert!(next.key);
}

/// A film that takes as many bytes as it is given.
fn noisy(size: Size, number: u16) -> Surface {
    let mut random = Random(u64::from(number) + 1);
    let mut surface = picture(size, number);
    for _ in 0..3 {
        let rect = Rect::new(random.below(size.width - 60), random.below(size.height - 40), 60, 40);
        crate::test_pictures::noise(&mut surface, rect, random.next().into());
    }
    surface
}

#[test]
fn no_demand_and_no_picture_does_harm() {
    let mut encoder = encoder(SIZE);
    let mut viewer = Viewer::new();
    for (number, target_bytes) in [0, u32::MAX, 0, 1, u32::MAX, 0].into_iter().enumerate() {
        let surface = noisy(SIZE, number as u16);
        let demand = VideoDemand { target_bytes, key: number % 2 == 0 };
        let Some(chunk) = encoder.encode_from(&surface, SIZE.rect(), demand).unwrap() else {
            continue;
        };
        assert!(chunk.data.len() < SIZE.area() as usize * 3, "{} bytes", chunk.data.len());
        viewer.show(&chunk, SIZE);
    }
}

#[test]
fn what_is_not_the_film_is_refused() {
    let mut encoder = encoder(SIZE);
    let surface = picture(SIZE, 0);
    let other = Rect::new(0, 0, 160, 120);
    let error = encoder.encode_from(&surface, other, PLENTY).unwrap_err();
    assert_eq!(error.cause(), "tiles_video_size");
    let past = Rect::new(1, 0, SIZE.width, SIZE.height);
    assert_eq!(encoder.encode_from(&surface, past, PLENTY), Err(TilesError::Empty));
    let solid = Part { rect: SIZE.rect(), class: Class::Solid([0; 3]) };
    let empty = Snapshot::take(&surface, &solid);
    assert_eq!(encoder.encode(&empty, PLENTY), Err(TilesError::Empty));
    assert!(encoder.encode_from(&surface, SIZE.rect(), PLENTY).unwrap().unwrap().key);
}

#[test]
fn films_have_sizes_that_decoders_take() {
    for size in [Size::new(15, 100), Size::new(3841, 16), Size::new(2162, 2162), Size::new(0, 0)] {
        let error = VideoEncoder::new(&VideoCodec::bundled().unwrap(), size).unwrap_err();
        assert_eq!(error.cause(), "tiles_video_size", "{size:?}");
    }
    for size in [Size::new(3840, 2160), Size::new(2160, 3840), Size::new(16, 16)] {
        assert_eq!(check_size(size), Ok(()));
    }
}

#[test]
fn the_largest_film_is_encoded() {
    let size = Size::new(3839, 2160);
    let mut encoder = encoder(size);
    let mut surface = Surface::new(size).unwrap();
    gradient(&mut surface, Rect::new(0, 0, 600, 400));
    let chunk = encoder.encode_from(&surface, size.rect(), PLENTY).unwrap().unwrap();
    assert_eq!(chunk.codec().as_deref(), Some("avc1.42c034"));
}

#[test]
fn a_codec_is_named_by_key_pictures_alone() {
    let chunk = |data: &'static [u8]| VideoChunk { data: Bytes::from_static(data), key: true };
    assert_eq!(chunk(b"\0\0\0\x01\x67\x42\xc0\x1f\0").codec().as_deref(), Some("avc1.42c01f"));
    for data in [&b""[..], b"\0\0\0\x01", b"\0\0\0\x01\x67\x42\xc0", b"\0\0\0\x01\x41\x42\xc0\x1f"]
    {
        assert_eq!(chunk(data).codec(), None, "{data:?}");
    }
}
