//! One SFTP connection: requests go out in order, answers come back in any, and nothing waits for
//! ever.
//!
//! A task owns the stream. When it ends, for whatever reason, everything that waits is told why,
//! and so is everything that is asked later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use porthole_dial::BoxStream;
use porthole_files::FilesError;
use porthole_sftp::{Abilities, Answer, Request, SftpError, take_answer, take_version};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, sleep_until, timeout},
};

/// How long a server may be silent, in both directions, while it owes an answer.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How long a server may take for one answer while it gives others.
const ANSWER_MAX: Duration = Duration::from_secs(300);

/// How long a server may take to say which version it speaks.
const HELLO_MAX: Duration = Duration::from_secs(15);

/// Most packets that wait for the stream. What is in them is bounded by [`IN_FLIGHT_MAX_KIB`].
const QUEUE_MAX_PACKETS: usize = 64;

/// Most KiB that all files of a connection have read ahead, and as many that they have written
/// without an answer.
const IN_FLIGHT_MAX_KIB: usize = 16 << 10;

/// Bytes that are written at a time, so that a slow path counts as a live one.
const WRITE_STEP_BYTES: usize = 32 << 10;

/// Bytes that are read at a time, at most.
const READ_STEP_BYTES: usize = 64 << 10;

/// What requests go into.
#[derive(Debug, Clone)]
pub(super) struct Line {
    queue: mpsc::Sender<BytesMut>,
    book: Arc<Book>,
    /// What may still be read ahead.
    pub(super) ahead: Budget,
    /// What may still be written without an answer.
    pub(super) behind: Budget,
}

/// Bytes that may still be under way, for all files together.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

/// An answer that is to come.
#[derive(Debug)]
pub(super) struct Ticket {
    answer: oneshot::Receiver<Answer>,
    book: Arc<Book>,
}

/// Who waits for what.
#[derive(Debug)]
struct Book {
    state: Mutex<State>,
    /// The first of several requests was written down.
    stirred: Notify,
}

#[derive(Debug)]
struct State {
    next_id: u32,
    waiting: HashMap<u32, Waiting>,
    /// When bytes last went either way, or the first of what waits was asked.
    moved_at: Instant,
    /// Why there is no connection any more.
    broken: Option<String>,
}

#[derive(Debug)]
struct Waiting {
    reply: oneshot::Sender<Answer>,
    asked_at: Instant,
    /// The answer is a handle, which is closed if nobody waits for it any more.
    opens: bool,
    /// What its bytes are counted with until then.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    fn new(kib: usize) -> Self {
        Self(Arc::new(Semaphore::new(kib)))
    }

    /// Room for so many bytes if there is some now.
    pub(super) fn try_reserve(&self, bytes: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_many_owned(bytes.div_ceil(1024)).ok()
    }

    /// Room for so many bytes, as soon as there is some.
    pub(super) async fn reserve(&self, bytes: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_many_owned(bytes.div_ceil(1024)).await.ok()
    }
}

impl Line {
    /// Begins to speak SFTP over a stream.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`]: the other end does not speak it, or not in time.
    pub(super) async fn open(mut stream: BoxStream) -> Result<(Self, Abilities), FilesError> {
        let mut arrived = BytesMut::new();
        let hello = async {
            stream.write_all(&Request::hello()).await.map_err(|error| lost(&error))?;
            stream.flush().await.map_err(|error| lost(&error))?;
            loop {
                if let Some(abilities) =
                    take_version(&mut arrived).map_err(|error| broken(&error))?
                {
                    return Ok(abilities);
                }
                if stream.read_buf(&mut arrived).await.map_err(|error| lost(&error))? == 0 {
                    return Err("the server has no SFTP, or closed it at once".to_owned());
                }
            }
        };
        let abilities = timeout(HELLO_MAX, hello).await;
        let abilities = abilities.unwrap_or_else(|_elapsed| Err(silent())).map_err(unavailable)?;
        let (queue, packets) = mpsc::channel(QUEUE_MAX_PACKETS);
        let book = Arc::new(Book::new());
        tokio::spawn(run(stream, arrived, packets, queue.downgrade(), Arc::clone(&book)));
        let (ahead, behind) = (Budget::new(IN_FLIGHT_MAX_KIB), Budget::new(IN_FLIGHT_MAX_KIB));
        Ok((Self { queue, book, ahead, behind }, abilities))
    }

    /// Whether anything can still be asked.
    pub(super) fn is_up(&self) -> bool {
        self.book.state().broken.is_none()
    }

    /// Sends a request as soon as the stream takes it. Cancel-safe: it is sent or it is not.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`]
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Ticket, FilesError> {
        self.send_counted(request, None).await
    }

    /// The same, and what the request is counted with is free again once it is answered, whether
    /// anybody looks at the answer or not.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`]
    pub(super) async fn send_counted(
        &self,
        request: &Request<'_>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Ticket, FilesError> {
        let slot = self.queue.reserve().await.map_err(|_gone| self.book.fault())?;
        let (id, ticket) = self.book.note(request.opens(), permit)?;
        slot.send(request.encode(id));
        Ok(ticket)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`]
    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Answer, FilesError> {
        self.send(request).await?.wait().await
    }

    /// Ends as if the connection was lost.
    #[cfg(test)]
    pub(super) fn cut(&self) {
        self.book.close("it was cut".to_owned());
    }

    /// Closes a handle and waits for nothing.
    pub(super) fn release(&self, handle: Bytes) {
        release(&self.queue, &self.book, handle);
    }
}

impl Ticket {
    /// Waits for the answer. Cancel-safe, but not to be called again after it.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`]
    pub(super) async fn wait(&mut self) -> Result<Answer, FilesError> {
        (&mut self.answer).await.map_err(|_gone| self.book.fault())
    }

    /// The answer if it is there.
    pub(super) fn take(&mut self) -> Option<Result<Answer, FilesError>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(Ok(answer)),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(self.book.fault())),
        }
    }
}

impl Book {
    fn new() -> Self {
        let state =
            State { next_id: 0, waiting: HashMap::new(), moved_at: Instant::now(), broken: None };
        Self { state: Mutex::new(state), stirred: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that somebody waits.
    fn note(
        self: &Arc<Self>,
        opens: bool,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<(u32, Ticket), FilesError> {
        let (reply, answer) = oneshot::channel();
        let now = Instant::now();
        let mut state = self.state();
        if let Some(reason) = &state.broken {
            return Err(unavailable(reason.clone()));
        }
        if state.waiting.is_empty() {
            state.moved_at = now;
            self.stirred.notify_one();
        }
        let id = state.next_id;
        state.next_id = id.wrapping_add(1);
        // Four thousand million requests later nothing of the same number waits any more: it would
        // have broken the connection.
        state.waiting.insert(id, Waiting { reply, asked_at: now, opens, _permit: permit });
        Ok((id, Ticket { answer, book: Arc::clone(self) }))
    }

    fn moved(&self) {
        self.state().moved_at = Instant::now();
    }

    /// When the server will have been waited for long enough, if it owes anything.
    fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let oldest = state.waiting.values().map(|waiting| waiting.asked_at).min()?;
        Some((state.moved_at + SILENCE_MAX).min(oldest + ANSWER_MAX))
    }

    fn close(&self, reason: String) {
        let mut state = self.state();
        state.broken.get_or_insert(reason);
        state.waiting.clear();
    }

    fn fault(&self) -> FilesError {
        let reason = self.state().broken.clone();
        unavailable(reason.unwrap_or_else(|| "the connection is closed".to_owned()))
    }
}

/// Closes a handle without waiting, above all not for the queue: whoever reads answers must not.
fn release(queue: &mpsc::Sender<BytesMut>, book: &Arc<Book>, handle: Bytes) {
    let close = |slot: mpsc::Permit<'_, BytesMut>, book: &Arc<Book>, handle: &[u8]| {
        if let Ok((id, _unheard)) = book.note(false, None) {
            slot.send(Request::Close(handle).encode(id));
        }
    };
    match (queue.try_reserve(), tokio::runtime::Handle::try_current()) {
        (Ok(slot), _) => close(slot, book, &handle),
        (Err(_full), Ok(runtime)) => {
            let (queue, book) = (queue.clone(), Arc::clone(book));
            runtime.spawn(async move {
                if let Ok(slot) = queue.reserve().await {
                    close(slot, &book, &handle);
                }
            });
        }
        // The runtime is going, and the connection with it.
        (Err(_full), Err(_no_runtime)) => {}
    }
}

/// Carries packets until there is nobody to carry for, or nothing to carry over.
async fn run(
    stream: BoxStream,
    arrived: BytesMut,
    packets: mpsc::Receiver<BytesMut>,
    queue: mpsc::WeakSender<BytesMut>,
    book: Arc<Book>,
) {
    let (reading, writing) = tokio::io::split(stream);
    let reason = tokio::select! {
        reason = write(writing, packets, &book) => reason,
        reason = read(reading, arrived, &queue, &book) => reason,
        reason = watch(&book) => reason,
    };
    book.close(reason);
}

async fn write(
    mut stream: WriteHalf<BoxStream>,
    mut packets: mpsc::Receiver<BytesMut>,
    book: &Book,
) -> String {
    while let Some(packet) = packets.recv().await {
        for piece in packet.chunks(WRITE_STEP_BYTES) {
            if let Err(error) = stream.write_all(piece).await {
                return lost(&error);
            }
            book.moved();
        }
        if packets.is_empty()
            && let Err(error) = stream.flush().await
        {
            return lost(&error);
        }
    }
    // Everybody has left. What the server thinks of that does not matter any more.
    let _unheard = timeout(HELLO_MAX, stream.shutdown()).await;
    "the connection is closed".to_owned()
}

async fn read(
    mut stream: ReadHalf<BoxStream>,
    mut arrived: BytesMut,
    queue: &mpsc::WeakSender<BytesMut>,
    book: &Arc<Book>,
) -> String {
    loop {
        loop {
            let (id, answer) = match take_answer(&mut arrived) {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error) => return broken(&error),
            };
            let Some(waiting) = book.state().waiting.remove(&id) else {
                return "the server answers what it was not asked".to_owned();
            };
            if let Err(Answer::Handle(handle)) = waiting.reply.send(answer)
                && waiting.opens
                && let Some(queue) = queue.upgrade()
            {
                release(&queue, book, handle);
            }
        }
        arrived.reserve(READ_STEP_BYTES);
        match stream.read_buf(&mut arrived).await {
            Ok(0) => return "the connection was closed by the server".to_owned(),
            Ok(_) => book.moved(),
            Err(error) => return lost(&error),
        }
    }
}

/// Ends when the server owes an answer for too long.
async fn watch(book: &Book) -> String {
    loop {
        match book.deadline() {
            None => book.stirred.notified().await,
            Some(deadline) if deadline <= Instant::now() => return silent(),
            Some(deadline) => sleep_until(deadline).await,
        }
    }
}

fn unavailable(reason: String) -> FilesError {
    FilesError::Unavailable { reason }
}

fn silent() -> String {
    "the server does not answer".to_owned()
}

fn lost(error: &std::io::Error) -> String {
    tracing::debug!(%error, "a connection for files is lost");
    "the connection was lost".to_owned()
}

fn broken(error: &SftpError) -> String {
    format!("the server breaks the protocol: {error}")
}
