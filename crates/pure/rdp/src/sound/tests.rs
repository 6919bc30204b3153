use porthole_remote::{Event, Sound, SoundFormat};

use super::{Heard, Microphone, SoundOut};

/// `AUDIO_FORMAT`: tag, channels, rate, bits.
fn format(tag: u16, channels: u16, rate: u32, bits: u16, extra: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut out = Vec::new();
    out.extend(tag.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(block)).to_le_bytes());
    out.extend(block.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
    out.extend(extra);
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap().to_le_bytes();
    [&[kind, 0, len[0], len[1]], body].concat()
}

fn formats(version: u16, list: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(list.len()).unwrap().to_le_bytes();
    let version = version.to_le_bytes();
    let head = [&[0; 14][..], &count, &[0], &version, &[0]].concat();
    message(7, &[head, list.concat()].concat())
}

const CD: SoundFormat = SoundFormat { rate_hz: 44_100, channels: 2 };

fn agreed(version: u16) -> (SoundOut, Heard) {
    let list = [
        format(0x11, 2, 22_050, 4, &[1, 2]),
        format(1, 1, 8_000, 8, &[]),
        format(1, 2, 44_100, 16, &[]),
        format(1, 6, 48_000, 16, &[]),
        format(1, 2, 44_100, 16, &[]),
        format(1, 1, 44_099, 16, &[]),
    ];
    let mut sound = SoundOut::default();
    let heard = sound.receive(&formats(version, &list)).unwrap();
    (sound, heard)
}

fn pcm(heard: &Heard) -> Vec<(SoundFormat, Vec<u8>)> {
    let sounds = heard.events.iter().map(|event| match event {
        Event::Sound(Sound { format, pcm }) => (*format, pcm.to_vec()),
        other => panic!("{other:?}"),
    });
    sounds.collect()
}

#[test]
fn plain_formats_are_listed_the_best_first() {
    let (_, heard) = agreed(5);
    let list = [format(1, 2, 44_100, 16, &[]), format(1, 1, 8_000, 8, &[])].concat();
    let head = [3, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 2, 0, 0, 8, 0, 0];
    assert_eq!(heard.answers, [message(7, &[&head[..], &list].concat())]);
    // From version 6 on, servers wait for a quality mode.
    let (_, heard) = agreed(6);
    assert_eq!(heard.answers[1], message(12, &[2, 0, 0, 0]));
    // A server without any such format is answered all the same.
    let packed = [format(0x55, 2, 44_100, 16, &[0; 12])];
    let heard = SoundOut::default().receive(&formats(8, &packed)).unwrap();
    assert_eq!(heard.answers[0][18..20], [0, 0]);
}

#[test]
fn training_goes_back() {
    let (mut sound, _) = agreed(5);
    let heard = sound.receive(&message(6, &[0x34, 0x12, 0, 4, 9, 9, 9])).unwrap();
    assert_eq!(heard.answers, [message(6, &[0x34, 0x12, 0, 4])]);
}

#[test]
fn a_wave_in_two_messages_is_one_sound() {
    let (mut sound, _) = agreed(5);
    let info = message(2, &[0x34, 0x12, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4]);
    let heard = sound.receive(&info).unwrap();
    assert!(heard.answers.is_empty() && heard.events.is_empty());
    // A rest that does not fill a step is left out.
    let heard = sound.receive(&[0, 0, 0, 0, 5, 6, 7, 8, 9]).unwrap();
    assert_eq!(heard.answers, [message(5, &[0x34, 0x12, 7, 0])]);
    assert_eq!(pcm(&heard), [(CD, vec![1, 2, 3, 4, 5, 6, 7, 8])]);
    // The next message is one of its own again.
    let heard = sound.receive(&message(1, &[])).unwrap();
    assert_eq!(heard.events, [Event::SoundEnded]);
}

#[test]
fn a_wave_in_one_message_and_eight_bits() {
    let (mut sound, _) = agreed(8);
    let wave = |number: u8, data: &[u8]| {
        message(13, &[&[1, 0, number, 0, 9, 0, 0, 0, 5, 5, 5, 5], data].concat())
    };
    let heard = sound.receive(&wave(1, &[0x80, 0xff, 0x00])).unwrap();
    let telephone = SoundFormat { rate_hz: 8_000, channels: 1 };
    assert_eq!(heard.answers, [message(5, &[1, 0, 9, 0])]);
    assert_eq!(pcm(&heard), [(telephone, vec![0, 0, 0, 0x7f, 0, 0x80])]);
    // A format that nobody listed is confirmed, so that the server does not wait, and not played.
    let heard = sound.receive(&wave(2, &[1, 2])).unwrap();
    assert_eq!((heard.answers.len(), heard.events.len()), (1, 0));
}

#[test]
fn the_servers_volume_counts() {
    let (mut sound, _) = agreed(8);
    sound.receive(&message(3, &[0xff, 0x7f, 0, 0])).unwrap();
    let wave = [&[1, 0, 0, 0, 9, 0, 0, 0, 5, 5, 5, 5][..], &[0, 0x40, 0, 0x40]].concat();
    let heard = sound.receive(&message(13, &wave)).unwrap();
    assert_eq!(pcm(&heard), [(CD, vec![0xff, 0x1f, 0, 0])]);
}

#[test]
fn cut_messages_are_refused_and_unknown_ones_passed_over() {
    let whole = formats(8, &[format(1, 2, 44_100, 16, &[])]);
    for cut in 0..whole.len() {
        assert!(SoundOut::default().receive(&whole[..cut]).is_err(), "{cut}");
    }
    let (mut sound, _) = agreed(8);
    for kind in [2, 3, 6, 13] {
        assert!(sound.receive(&message(kind, &[0; 3])).is_err(), "{kind}");
    }
    sound.receive(&message(2, &[0; 12])).unwrap();
    assert!(sound.receive(&[0; 3]).is_err());
    for kind in [0, 4, 8, 9, 10, 11, 39, 255] {
        let heard = sound.receive(&message(kind, &[1, 2, 3])).unwrap();
        assert!(heard.answers.is_empty() && heard.events.is_empty());
    }
}

#[test]
fn a_microphone_is_opened_used_and_closed() {
    let mut microphone = Microphone::default();
    let heard = microphone.receive(&[1, 1, 0, 0, 0]).unwrap();
    assert_eq!(heard.answers, [[1, 1, 0, 0, 0]]);
    let list = [format(0x11, 1, 8_000, 4, &[]), format(1, 2, 44_100, 16, &[])].concat();
    let heard = microphone.receive(&[&[2, 2, 0, 0, 0, 0, 0, 0, 0], &list[..]].concat()).unwrap();
    let ours = format(1, 2, 44_100, 16, &[]);
    assert_eq!(heard.answers, [vec![5], [&[2, 1, 0, 0, 0, 27, 0, 0, 0], &ours[..]].concat()]);

    let sound = Sound { format: CD, pcm: vec![1, 2, 3, 4].into() };
    assert_eq!(microphone.say(&sound), None);
    let open = [&[3, 0, 8, 0, 0, 0, 0, 0, 0], &ours[..]].concat();
    let heard = microphone.receive(&open).unwrap();
    assert_eq!(heard.answers, [[7, 0, 0, 0, 0], [4, 0, 0, 0, 0]]);
    assert_eq!(heard.events, [Event::MicrophoneWanted(Some(CD))]);
    assert_eq!(microphone.say(&sound), Some([vec![5], vec![6, 1, 2, 3, 4]]));
    let other = SoundFormat { rate_hz: 48_000, channels: 2 };
    assert_eq!(microphone.say(&Sound { format: other, pcm: vec![0; 4].into() }), None);

    assert_eq!(microphone.close(), Some(Event::MicrophoneWanted(None)));
    assert_eq!(microphone.close(), None);
    assert_eq!(microphone.say(&sound), None);
}

#[test]
fn a_microphone_that_is_opened_wrongly_stays_shut() {
    let mut microphone = Microphone::default();
    let heard = microphone.receive(&[3, 0, 8, 0, 0, 7, 0, 0, 0]).unwrap();
    assert_eq!(heard.answers, [[4, 0x57, 0, 7, 0x80]]);
    assert!(heard.events.is_empty());
    for cut in [&[][..], &[1, 0], &[2, 1, 0, 0, 0, 0, 0, 0, 0], &[3, 0], &[7]] {
        assert!(microphone.receive(cut).is_err(), "{cut:?}");
    }
    // A count that no message could hold ends with the message.
    assert!(microphone.receive(&[2, 255, 255, 255, 255, 0, 0, 0, 0]).is_err());
    assert!(microphone.receive(&[9]).unwrap().answers.is_empty());
}
