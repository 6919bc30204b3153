//! A remote that does as it is told.

use std::{collections::VecDeque, time::Duration};

use bytes::{Bytes, BytesMut};
use porthole_pixels::Surface;
use porthole_remote::{Blame, Event, Input, Output, PeerIdentity, Remote, RemoteError, Secure};
use sha2::{Digest, Sha256};

/// A remote whose messages are a command byte, a length, and that many bytes.
#[derive(Default)]
pub(super) struct Fake {
    outputs: VecDeque<Output>,
    deadline: Option<std::time::Instant>,
    timeouts: u8,
    is_closed: bool,
}

impl Fake {
    fn title(&mut self, bytes: &[u8]) {
        let title = String::from_utf8_lossy(bytes).into_owned();
        self.outputs.push_back(Output::Event(Event::Title(title)));
    }

    fn send(&mut self, bytes: &[u8]) {
        self.outputs.push_back(Output::Send(Bytes::copy_from_slice(bytes)));
    }

    fn handle(&mut self, now: std::time::Instant, command: u8, body: &[u8]) -> FakeResult {
        match command {
            // Say it to the session and send it back.
            b'e' => {
                self.title(body);
                self.send(body);
            }
            b'.' => {}
            b'b' => self.outputs.push_back(Output::Event(Event::Bell)),
            b's' => {
                self.send(b"please");
                self.outputs.push_back(Output::Secure(Secure::Certificate));
            }
            b'd' => self.deadline = Some(now + Duration::from_secs(7)),
            b'q' => {
                self.send(b"bye");
                self.is_closed = true;
            }
            b'p' => panic!("cannot take {body:?}"),
            _ => return Err(RemoteError::new("fake", Blame::Remote, "bad command".to_owned())),
        }
        Ok(())
    }
}

/// Letters for the start of a fingerprint.
pub(super) fn nickname(fingerprint: &[u8]) -> String {
    fingerprint.iter().take(8).map(|byte| char::from(byte % 26 + b'a')).collect()
}

type FakeResult = Result<(), RemoteError>;

impl Remote for Fake {
    fn handle_bytes(
        &mut self,
        now: std::time::Instant,
        arrived: &mut BytesMut,
        _surface: &mut Surface,
    ) -> FakeResult {
        while let [command, len, ..] = **arrived {
            let whole = 2 + usize::from(len);
            if arrived.len() < whole {
                break;
            }
            let message = arrived.split_to(whole);
            self.handle(now, command, &message[2..])?;
            if command == b's' {
                break;
            }
        }
        Ok(())
    }

    fn handle_end(&mut self, _now: std::time::Instant) -> FakeResult {
        self.is_closed = true;
        Ok(())
    }

    fn handle_secured(&mut self, _now: std::time::Instant, peer: &PeerIdentity) -> FakeResult {
        self.title(nickname(&Sha256::digest(&peer.certificate)).as_bytes());
        Ok(())
    }

    fn handle_input(&mut self, _now: std::time::Instant, input: Input) {
        match input {
            Input::Text(text) if text == "panic" => panic!("{text}"),
            Input::Text(text) => self.send(text.as_bytes()),
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: std::time::Instant) -> FakeResult {
        assert!(self.deadline.is_some_and(|deadline| deadline <= now), "called early");
        self.deadline = None;
        self.timeouts += 1;
        let title = format!("timeout {}", self.timeouts);
        self.title(title.as_bytes());
        Ok(())
    }

    fn poll(&mut self) -> Output {
        match self.outputs.pop_front() {
            Some(output) => output,
            None if self.is_closed => Output::Closed,
            None => Output::Wait(self.deadline),
        }
    }
}
