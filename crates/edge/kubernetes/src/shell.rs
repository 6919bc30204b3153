//! A program in a container, as a byte stream with a size and an ending.

mod ending;
mod stream;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use porthole_containers::{
    CLOSE_STDIN, Frame, Introduced, Introduction, Outcome, PREAMBLE, Process, resize, stdin,
};
use porthole_dial::{BoxStream, DialError};
use porthole_remote::Cells;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf},
    sync::{oneshot, watch},
    time::{MissedTickBehavior, interval, timeout},
};

use self::ending::Afterwards;
pub(crate) use self::stream::{Account, Control, Shared, TerminalStream};
use crate::{
    departures::Departure,
    error::{broken, late},
    server::{ANSWER_MAX, Server},
    socket::{Arrived, Call, Place, Receiver, Sender, Socket},
};

/// Bytes that wait between the container and the terminal, each way.
const BUFFER_BYTES: usize = 256 << 10;

/// Longest piece of input in one frame.
const INPUT_MAX_BYTES: usize = 32 << 10;

/// How often the server is asked for a sign of life. After two times without one it is lost.
const PING_EVERY: Duration = Duration::from_secs(25);

/// How often the terminal's size is told anew: servers that cut streams where nothing happens count
/// that, and pings they do not.
const SIZE_EVERY: u32 = 24;

/// How long what the program wrote last may follow the news of its end.
const LAST_WORDS_MAX: Duration = Duration::from_secs(1);

/// Starts a program on a terminal. It ends with the stream, also when that is just dropped; so it does
/// when whoever asked for it waits no longer.
pub(crate) async fn exec(
    server: &Server,
    place: &Place,
    command: &[String],
    term: &str,
    size: Cells,
    departure: Departure,
) -> Result<(BoxStream, Control), DialError> {
    let (server, place) = (server.clone(), place.clone());
    let (command, term) = (command.to_vec(), term.to_owned());
    // A task of its own goes on to where the program can be ended.
    let begun =
        tokio::spawn(async move { begin(&server, &place, &command, &term, size, departure).await });
    begun.await.unwrap_or_else(|error| Err(broken(error.to_string())))
}

async fn begin(
    server: &Server,
    place: &Place,
    command: &[String],
    term: &str,
    size: Cells,
    departure: Departure,
) -> Result<(BoxStream, Control), DialError> {
    let words = ["/bin/sh", "-c", PREAMBLE, term].map(str::to_owned);
    let introduced: Vec<String> = words.iter().chain(command).cloned().collect();
    let (mut sender, mut receiver) =
        Socket::open(server, place, Call::Terminal(&introduced)).await?.split();
    sender.send(resize(size.columns, size.rows)).await?;
    let met = timeout(ANSWER_MAX, meet(&mut receiver)).await;
    let met = met.unwrap_or_else(|_elapsed| Err(late("start the program")))?;
    let (process, first) = if let Some(met) = met {
        met
    } else {
        tracing::info!(pod = place.pod, "this container has no shell to end its programs with");
        let call = Call::Terminal(command);
        (sender, receiver) = Socket::open(server, place, call).await?.split();
        sender.send(resize(size.columns, size.rows)).await?;
        (None, Vec::new())
    };
    let (server, place) = (server.clone(), place.clone());
    let afterwards = Afterwards::End { server, place, process, departure };
    Ok(start((sender, receiver), size, first, afterwards))
}

/// Joins the container's own program.
pub(crate) async fn attach(
    server: &Server,
    place: &Place,
    call: Call<'_>,
    size: Cells,
) -> Result<(BoxStream, Control), DialError> {
    let (mut sender, receiver) = Socket::open(server, place, call).await?.split();
    let has_terminal = matches!(call, Call::Attach { tty: true, .. });
    if has_terminal {
        // A program that has drawn its screen long ago draws it again when its size changes.
        let other = if size.rows > 1 { size.rows - 1 } else { size.rows + 1 };
        sender.send(resize(size.columns, other)).await?;
        sender.send(resize(size.columns, size.rows)).await?;
    }
    let afterwards =
        Afterwards::Leave { server: server.clone(), place: place.clone(), has_terminal };
    Ok(start((sender, receiver), size, Vec::new(), afterwards))
}

/// Waits until a program is introduced. `None`: the container has no shell.
async fn meet(receiver: &mut Receiver) -> Result<Option<(Option<Process>, Vec<u8>)>, DialError> {
    let mut introduction = Introduction::default();
    loop {
        match receiver.next().await? {
            Arrived::Frame(Frame::Output(bytes)) if !bytes.is_empty() => {
                match introduction.take(&bytes) {
                    Introduced::More => {}
                    Introduced::As(process, rest) => return Ok(Some((process, rest))),
                    Introduced::Not(rest) => return Ok(Some((None, rest))),
                }
            }
            Arrived::Frame(Frame::Status(status)) => match Outcome::read(&status) {
                Outcome::Failed(words) => {
                    return Err(broken(format!("the program cannot be started: {words}")));
                }
                // A shell that ends before it says anything is none worth the name.
                Outcome::NoProgram | Outcome::Success | Outcome::Exited(_) => return Ok(None),
            },
            Arrived::Closed => return Ok(None),
            Arrived::Frame(_) | Arrived::Pong => {}
        }
    }
}

fn start(
    halves: (Sender, Receiver),
    size: Cells,
    first: Vec<u8>,
    afterwards: Afterwards,
) -> (BoxStream, Control) {
    let (ours, theirs) = tokio::io::duplex(BUFFER_BYTES);
    let shared = Arc::new(Shared::default());
    let (resized, sizes) = watch::channel(size);
    let (held, let_go) = oneshot::channel();
    let stream = TerminalStream::new(theirs, Arc::clone(&shared), held);
    let control = Control::new(resized, Arc::clone(&shared));
    tokio::spawn(run(halves, ours, first, sizes, let_go, shared, afterwards));
    (Box::new(stream), control)
}

/// Why bytes no longer move.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The server says how the program ended.
    Ended(Outcome),
    /// The server closed the stream and said nothing.
    Closed,
    /// The connection is lost.
    Lost(DialError),
    /// Nobody wants the stream any more.
    LetGo,
}

async fn run(
    (mut sender, mut receiver): (Sender, Receiver),
    ours: DuplexStream,
    first: Vec<u8>,
    sizes: watch::Receiver<Cells>,
    let_go: oneshot::Receiver<std::convert::Infallible>,
    shared: Arc<Shared>,
    afterwards: Afterwards,
) {
    let (reader, mut writer) = tokio::io::split(ours);
    let life = Life::default();
    let has_terminal = afterwards.has_terminal();
    let stopped = tokio::select! {
        stopped = downwards(&mut receiver, &mut writer, first, &life, has_terminal) => stopped,
        stopped = upwards(&mut sender, reader, sizes, &life, has_terminal) => stopped,
        _ = let_go => Stopped::LetGo,
    };
    tracing::debug!(?stopped, "a container's stream has come to its end");
    let is_let_go = matches!(stopped, Stopped::LetGo);
    if is_let_go {
        afterwards.take_leave(&mut sender, &mut receiver).await;
    } else {
        shared.set(afterwards.account(stopped).await);
    }
    // Now whoever reads learns of the end.
    drop(writer);
    sender.close().await;
    afterwards.clean_up().await;
}

/// Whether the server still shows signs of life.
#[derive(Debug, Default)]
struct Life {
    heard: AtomicBool,
    /// Nobody listens to the server, because the terminal takes no more.
    is_deaf: AtomicBool,
}

/// Passes on what the program writes.
async fn downwards(
    receiver: &mut Receiver,
    writer: &mut WriteHalf<DuplexStream>,
    first: Vec<u8>,
    life: &Life,
    has_terminal: bool,
) -> Stopped {
    let mut bytes = Bytes::from(first);
    let mut ended: Option<Outcome> = None;
    loop {
        if !bytes.is_empty() {
            life.is_deaf.store(true, Ordering::Relaxed);
            if writer.write_all(&bytes).await.is_err() {
                return Stopped::LetGo;
            }
            life.is_deaf.store(false, Ordering::Relaxed);
        }
        bytes = Bytes::new();
        let arrived = match &ended {
            None => receiver.next().await,
            Some(_) => match timeout(LAST_WORDS_MAX, receiver.next()).await {
                Ok(arrived) => arrived,
                Err(_elapsed) => Ok(Arrived::Closed),
            },
        };
        life.heard.store(true, Ordering::Relaxed);
        match (arrived, ended.take()) {
            (Ok(Arrived::Frame(Frame::Output(more) | Frame::Errors(more))), outcome) => {
                bytes = if has_terminal { more } else { with_carriage_returns(&more) };
                ended = outcome;
            }
            (Ok(Arrived::Frame(Frame::Status(status))), _) => ended = Some(Outcome::read(&status)),
            (Ok(Arrived::Frame(_) | Arrived::Pong), outcome) => ended = outcome,
            (Ok(Arrived::Closed) | Err(_), Some(outcome)) => return Stopped::Ended(outcome),
            (Ok(Arrived::Closed), None) => return Stopped::Closed,
            (Err(fault), None) => return Stopped::Lost(fault),
        }
    }
}

/// Passes on what is typed, and asks for signs of life.
async fn upwards(
    sender: &mut Sender,
    mut reader: ReadHalf<DuplexStream>,
    mut sizes: watch::Receiver<Cells>,
    life: &Life,
    has_terminal: bool,
) -> Stopped {
    let mut input = BytesMut::with_capacity(INPUT_MAX_BYTES);
    let mut is_open = true;
    let mut ticks = 0_u32;
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let sent = tokio::select! {
            read = reader.read_buf(&mut input), if is_open => match read {
                Ok(0) | Err(_) => {
                    is_open = false;
                    end_of_input(sender, has_terminal).await
                }
                Ok(_) => {
                    if !has_terminal {
                        // The Enter key, to a program that reads lines.
                        input.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
                    }
                    let frame = stdin(&input);
                    input.clear();
                    sender.send(frame).await
                }
            },
            Ok(()) = sizes.changed() => {
                let size = *sizes.borrow_and_update();
                send_size(sender, size, has_terminal).await
            }
            _ = pings.tick() => {
                ticks += 1;
                let is_deaf = life.is_deaf.load(Ordering::Relaxed);
                if !life.heard.swap(false, Ordering::Relaxed) && !is_deaf && ticks > 1 {
                    Err(broken("it shows no sign of life"))
                } else {
                    if ticks.is_multiple_of(SIZE_EVERY) {
                        let size = *sizes.borrow();
                        let _lost_is_seen_by_the_ping = send_size(sender, size, has_terminal).await;
                    }
                    sender.ping().await
                }
            }
        };
        if let Err(fault) = sent {
            return Stopped::Lost(fault);
        }
    }
}

/// What a program without a terminal writes, as a terminal would have made it.
fn with_carriage_returns(bytes: &[u8]) -> Bytes {
    let mut shown = BytesMut::with_capacity(bytes.len() + bytes.len() / 16);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.split_last() {
            Some((b'\n', line)) => {
                shown.extend_from_slice(line);
                shown.extend_from_slice(b"\r\n");
            }
            _ => shown.extend_from_slice(line),
        }
    }
    shown.freeze()
}

async fn send_size(sender: &mut Sender, size: Cells, has_terminal: bool) -> Result<(), DialError> {
    if has_terminal { sender.send(resize(size.columns, size.rows)).await } else { Ok(()) }
}

/// There is no more to type. Version 4 has no way to say so but a terminal's own.
async fn end_of_input(sender: &mut Sender, has_terminal: bool) -> Result<(), DialError> {
    if sender.closes_stdin {
        sender.send(Bytes::from_static(&CLOSE_STDIN)).await
    } else if has_terminal {
        sender.send(stdin(b"\x04")).await
    } else {
        Ok(())
    }
}
