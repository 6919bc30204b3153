//! The viewer against a guacd that follows a script.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;

/// One connection of a guacd in name only. What the viewer said comes out of it in the end.
struct Script {
    stream: TcpStream,
    arrived: Vec<u8>,
}

impl Script {
    fn start(play: impl FnOnce(&mut Self) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            play(&mut Self { stream, arrived: Vec::new() });
        });
        (address, thread)
    }

    fn say(&mut self, elements: &[&str]) {
        self.stream.write_all(instruction(elements).as_bytes()).unwrap();
    }

    /// The next instruction; empty at the end.
    fn hear(&mut self) -> Vec<String> {
        loop {
            if let Some(found) = Instruction::parse(&self.arrived).unwrap() {
                let mut elements = vec![found.opcode.to_owned()];
                elements.extend(found.arguments.iter().map(|text| (*text).to_owned()));
                let len = found.len_bytes;
                self.arrived.drain(..len);
                if elements != ["nop"] {
                    return elements;
                }
                continue;
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return Vec::new(),
                Ok(count) => self.arrived.extend(&bytes[..count]),
            }
        }
    }

    fn shake_hands(&mut self) {
        assert_eq!(self.hear(), ["select", "vnc"]);
        self.say(&["args", "VERSION_1_6_0", "hostname", "port", "encodings", "cursor"]);
        assert_eq!(self.hear(), ["size", "1280", "720", "96"]);
        assert_eq!(self.hear(), ["audio"]);
        assert_eq!(self.hear(), ["video"]);
        assert_eq!(self.hear(), ["image", "image/png", "image/jpeg", "image/webp"]);
        let connect = self.hear();
        assert_eq!(connect, ["connect", VERSION, "127.0.0.1", "5901", "zrle", ""]);
        self.say(&["ready", "$0a"]);
    }
}

fn attach(address: SocketAddr, runtime: &Runtime) -> Viewer {
    let parameters = vec![("encodings".to_owned(), "zrle".to_owned())];
    let subject = GuacdSubject::at(address, Some(1), "vnc", (1280, 720), parameters);
    subject.attach(runtime, "127.0.0.1:5901".parse().unwrap(), Sight::Counts).unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn counts_what_is_drawn_and_answers_keys() {
    let (address, thread) = Script::start(|guacd| {
        guacd.shake_hands();
        guacd.say(&["size", "0", "1280", "720"]);
        // A pointer, which is no frame.
        guacd.say(&["img", "0", "12", "-1", "image/png", "0", "0"]);
        guacd.say(&["blob", "0", "AAAA"]);
        guacd.say(&["end", "0"]);
        guacd.say(&["sync", "1"]);
        assert_eq!(guacd.hear(), ["sync", "1"]);
        // A picture in two pieces.
        guacd.say(&["img", "1", "14", "0", "image/jpeg", "64", "0"]);
        guacd.say(&["blob", "1", "AAAA"]);
        guacd.say(&["blob", "1", "AAAA"]);
        guacd.say(&["end", "1"]);
        guacd.say(&["copy", "0", "0", "0", "8", "8", "14", "0", "8", "8"]);
        guacd.say(&["rect", "0", "0", "0", "8", "8"]);
        guacd.say(&["cfill", "14", "0", "1", "2", "3", "255"]);
        guacd.say(&["sync", "2", "1"]);
        assert_eq!(guacd.hear(), ["sync", "2"]);
        assert_eq!(guacd.hear(), ["key", "97", "1"]);
        assert_eq!(guacd.hear(), ["key", "97", "0"]);
        guacd.say(&["sync", "3"]);
        guacd.say(&["png", "14", "0", "648", "328", "AAAA"]);
        guacd.say(&["sync", "4"]);
        assert_eq!(guacd.hear(), ["sync", "3"]);
        assert_eq!(guacd.hear(), ["sync", "4"]);
        assert_eq!(guacd.hear(), Vec::<String>::new());
    });
    let runtime = runtime();
    let mut viewer = attach(address, &runtime);
    viewer.wait_for_picture().unwrap();
    let counts = viewer.take_counts().unwrap();
    assert_eq!((counts.frames, counts.copies, counts.fills), (1, 1, 1));
    let blob = instruction(&["blob", "1", "AAAA"]).len() as u64;
    let found = |kind: &str| counts.images.get(kind).map(|images| (images.count, images.bytes));
    assert_eq!((found("jpeg"), found("png")), (Some((1, 2 * blob)), Some((1, blob))));
    assert!(viewer.press().unwrap() > Duration::ZERO);
    assert_eq!(viewer.take_counts().unwrap().frames, 1);
    drop(viewer);
    thread.join().unwrap();
}

#[test]
fn reports_what_guacd_says() {
    let (address, thread) = Script::start(|guacd| {
        guacd.shake_hands();
        guacd.say(&["error", "no such desktop", "519"]);
        while !guacd.hear().is_empty() {}
    });
    let runtime = runtime();
    let error = format!("{:#}", attach(address, &runtime).wait_for_picture().unwrap_err());
    assert!(error.contains("no such desktop") && error.contains("519"), "{error}");
    thread.join().unwrap();
}

#[test]
fn takes_the_older_protocol() {
    let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(connect(&names("VERSION_1_1_0,port"), &[]), ["connect", "VERSION_1_1_0", ""]);
    let twice = [("port", "1"), ("port", "2")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(connect(&names("host,port"), &twice), ["connect", "", "2"]);
}
