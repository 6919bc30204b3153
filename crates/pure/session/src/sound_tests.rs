use std::time::Duration;

use bytes::Bytes;
use porthole_link::{Resume, SoundCodec, SoundNews, SoundWish, ToBrowser, ToGateway};
use porthole_pixels::Rect;
use porthole_remote::{Event, Input, Sound, SoundFormat};

use super::{AHEAD_MAX, LATE, WAITING_MAX};
use crate::testing::{ALL, Stage};
use crate::{Permissions, SessionConfig, ViewerId};

const HEARS: Permissions = ALL.with(Permissions::AUDIO);
const SPEAKS: Permissions = ALL.with(Permissions::MICROPHONE);
const STEREO: SoundFormat = SoundFormat { rate_hz: 48_000, channels: 2 };
const FRAME: Duration = Duration::from_millis(20);

fn stage(permissions: &[Permissions]) -> Stage {
    let mut stage =
        Stage::connected_with(SessionConfig { sound: true, ..SessionConfig::default() });
    for (id, permissions) in (1..).zip(permissions) {
        stage.attach(id, *permissions, None).unwrap();
    }
    stage
}

impl Stage {
    fn listen(&mut self, id: u64, codec: Option<SoundCodec>) {
        self.say(id, ToGateway::Sound(SoundWish::Listen(codec)));
    }

    /// The remote plays so many frames at once.
    fn play(&mut self, frames: usize) {
        let sound = Sound { format: STEREO, pcm: vec![0x11; 3840 * frames].into() };
        self.session.handle_event(self.now, Event::Sound(sound));
        self.settle();
    }

    fn speak(&mut self, id: u64, samples: usize) {
        let pcm = Bytes::from(vec![0x11; 2 * samples]);
        self.say(id, ToGateway::Sound(SoundWish::Said { rate_hz: 48_000, pcm }));
    }

    fn heard(&mut self, at: usize) -> Vec<SoundNews> {
        let told = std::mem::take(&mut self.viewers[at].told);
        let news = told.into_iter().filter_map(|record| match record {
            ToBrowser::Sound(news) => Some(news),
            _ => None,
        });
        news.collect()
    }

    fn numbers(&mut self, at: usize) -> Vec<u32> {
        let number = |news| match news {
            SoundNews::Frame(number, _) => Some(number),
            _ => None,
        };
        self.heard(at).into_iter().filter_map(number).collect()
    }
}

#[test]
fn who_listens_hears_in_the_form_that_was_asked_for() {
    let mut stage = stage(&[HEARS, HEARS, HEARS, ALL]);
    stage.listen(1, Some(SoundCodec::Opus));
    stage.listen(2, Some(SoundCodec::Pcm));
    stage.listen(4, Some(SoundCodec::Opus));
    stage.play(1);
    let opus = stage.heard(0);
    let format = |codec| SoundNews::Format { codec, channels: 2, rate_hz: 48_000 };
    assert_eq!(opus[0], format(SoundCodec::Opus));
    assert!(matches!(&opus[1..], [SoundNews::Frame(0, data)] if data.len() < 1000));
    let pcm = stage.heard(1);
    assert_eq!(pcm[0], format(SoundCodec::Pcm));
    assert!(matches!(&pcm[1..], [SoundNews::Frame(0, data)] if data[..] == [0x11; 3840]));
    // One did not say that it listens, one may not.
    assert_eq!((stage.heard(2), stage.heard(3)), (Vec::new(), Vec::new()));

    // Once told, a format is told again only when it changes, or to who begins to listen.
    stage.now += FRAME;
    stage.listen(1, None);
    stage.play(1);
    assert_eq!((stage.heard(0).len(), stage.heard(1).len()), (0, 1));
    stage.listen(1, Some(SoundCodec::Pcm));
    let mono = SoundFormat { rate_hz: 48_000, channels: 1 };
    let sound = Sound { format: mono, pcm: vec![0x11; 1920].into() };
    stage.session.handle_event(stage.now, Event::Sound(sound));
    stage.settle();
    assert_eq!((stage.heard(0).len(), stage.heard(1).len()), (2, 2));
}

#[test]
fn a_socket_that_does_not_drain_gets_no_old_sound() {
    let mut stage = stage(&[HEARS]);
    stage.listen(1, Some(SoundCodec::Pcm));
    stage.viewers[0].reads = false;
    for _ in 0..100 {
        stage.play(1);
        stage.now += FRAME;
    }
    // What was handed over before it stalled, and what is still worth hearing.
    stage.read(0, None);
    let numbers = stage.numbers(0);
    let fresh = numbers.iter().filter(|number| **number >= 95).count();
    assert!(numbers.len() - fresh <= 4, "{numbers:?}");
    assert!((1..=3).contains(&fresh), "{numbers:?}");
    assert!(LATE < 3 * FRAME);
}

#[test]
fn sound_passes_a_full_window_and_holds_up_no_frame() {
    let mut stage = stage(&[HEARS]);
    stage.listen(1, Some(SoundCodec::Opus));
    stage.viewers[0].acks = false;
    // Frames until the window is full.
    for shade in 1..100 {
        stage.photo(Rect::new(0, 0, 640, 480), shade);
        stage.now += FRAME;
        stage.play(1);
    }
    let numbers = stage.numbers(0);
    assert_eq!(numbers, (0..99).collect::<Vec<_>>());
}

#[test]
fn what_comes_faster_than_it_can_be_heard_is_not_even_packed() {
    let mut stage = stage(&[HEARS]);
    stage.listen(1, Some(SoundCodec::Opus));
    stage.play(30);
    // The newest of what came at once.
    assert_eq!(stage.numbers(0).len(), WAITING_MAX);
    stage.play(1);
    assert_eq!(stage.numbers(0), []);
    stage.now += Duration::from_millis(600).saturating_sub(AHEAD_MAX);
    stage.play(1);
    assert_eq!(stage.numbers(0), [30]);
}

#[test]
fn a_viewer_that_comes_back_listens_anew() {
    let mut stage = stage(&[HEARS]);
    stage.listen(1, Some(SoundCodec::Opus));
    let resume = Resume { session: [9; 16], secret: stage.viewers[0].secret };
    stage.attach(2, HEARS, Some(resume)).unwrap();
    stage.play(1);
    assert_eq!(stage.heard(1), []);
    stage.listen(2, Some(SoundCodec::Opus));
    stage.play(1);
    assert_eq!(stage.heard(1).len(), 2);
}

#[test]
fn one_viewer_at_a_time_is_recorded_while_the_remote_records() {
    let mut stage = stage(&[SPEAKS, ALL, SPEAKS]);
    stage.speak(1, 960);
    assert_eq!(stage.inputs, []);
    let format = SoundFormat { rate_hz: 44_100, channels: 2 };
    stage.session.handle_event(stage.now, Event::MicrophoneWanted(Some(format)));
    stage.settle();
    assert_eq!(stage.heard(0), [SoundNews::Recording(true)]);
    assert_eq!(stage.heard(1), []);
    // One that comes later is told as well.
    stage.attach(4, SPEAKS, None).unwrap();
    assert_eq!(stage.heard(3), [SoundNews::Recording(true)]);

    stage.speak(2, 960);
    assert_eq!(stage.inputs, []);
    stage.speak(1, 960);
    stage.speak(3, 960);
    let [Input::Microphone(said)] = &stage.inputs[..] else { panic!("{:?}", stage.inputs) };
    assert_eq!(said.format, format);
    // Both channels hold the same, at the remote's rate: a little less comes at first.
    assert!((850 * 4..=882 * 4).contains(&said.pcm.len()), "{}", said.pcm.len());
    assert!(said.pcm.chunks(4).all(|step| step[..2] == step[2..]));
    // The word is free once its owner leaves.
    stage.session.handle_detach(stage.now, ViewerId(1));
    stage.settle();
    stage.inputs.clear();
    stage.speak(3, 960);
    assert_eq!(stage.inputs.len(), 1);

    stage.session.handle_event(stage.now, Event::MicrophoneWanted(None));
    stage.settle();
    stage.speak(3, 960);
    assert_eq!(stage.inputs.len(), 1);
    assert_eq!(stage.heard(2), [SoundNews::Recording(true), SoundNews::Recording(false)]);
}

#[test]
fn what_is_said_is_bounded() {
    let mut stage = stage(&[SPEAKS]);
    let format = SoundFormat { rate_hz: 48_000, channels: 1 };
    stage.session.handle_event(stage.now, Event::MicrophoneWanted(Some(format)));
    for _ in 0..100 {
        stage.speak(1, 4096);
    }
    // Half a second ahead, and the piece that led beyond it.
    assert_eq!(stage.inputs.len(), 6);
    let odd = SoundWish::Said { rate_hz: 12_345, pcm: vec![1; 64].into() };
    stage.now += Duration::from_secs(2);
    stage.say(1, ToGateway::Sound(odd));
    assert_eq!(stage.inputs.len(), 6);
}
