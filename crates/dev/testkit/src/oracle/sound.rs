//! Messages on RDP's channels for sound.

use porthole_remote::{Event, Sound, SoundFormat};

/// Longest answer to any message, in bytes: a list of 32 formats, and its head.
const ANSWER_MAX_BYTES: usize = 1024;

/// Whatever a server says on the channels for sound and for the microphone, what comes of it can be
/// heard: whole samples of a format that was agreed on, in pieces of bounded length; and answers are
/// few and short.
///
/// As a fuzz input, one message after the other: a byte that is even for sound and odd for the
/// microphone, the length (two bytes, little-endian), and so many bytes or as many as are left.
pub fn rdp_sound(bytes: &[u8]) {
    let mut messages = Vec::new();
    let mut rest = bytes;
    while let [channel, low, high, tail @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*low, *high]));
        let (message, later) = tail.split_at(len.min(tail.len()));
        messages.push((channel % 2 == 1, message));
        rest = later;
    }
    for heard in porthole_rdp::hear(messages.iter().copied()) {
        let (answers, events) = heard;
        assert!(answers.len() <= 2, "{} answers", answers.len());
        assert!(answers.iter().all(|answer| answer.len() <= ANSWER_MAX_BYTES), "a long answer");
        for event in events {
            match event {
                Event::Sound(Sound { format, pcm }) => {
                    check_format(format);
                    assert!(pcm.len() <= Sound::PCM_MAX_BYTES && !pcm.is_empty());
                    assert_eq!(pcm.len() % format.step_bytes(), 0, "part of a sample");
                }
                Event::MicrophoneWanted(format) => format.into_iter().for_each(check_format),
                other => assert!(matches!(other, Event::SoundEnded), "{other:?}"),
            }
        }
    }
}

fn check_format(format: SoundFormat) {
    assert!(SoundFormat::RATES_HZ.contains(&format.rate_hz), "{format:?}");
    assert!((1..=2).contains(&format.channels), "{format:?}");
}
