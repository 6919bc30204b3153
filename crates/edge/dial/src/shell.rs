//! What transports of shells have beside a stream of bytes, and how they ask whoever waits for them.

use porthole_remote::{Cells, Ending, Questions, Replies};
use tokio::sync::{mpsc, oneshot};

use crate::error::DialError;

/// Most news of one connection that wait to be read. More are not told.
const NEWS_MAX: usize = 16;

/// What a shell is told and asked beside its bytes.
pub trait ShellControl: Send {
    /// Its terminal has another size. It does not wait; the newest size counts.
    fn resize(&mut self, size: Cells);

    /// How the program ended, if that is known. Asked once its bytes have come to their end.
    fn ending(&mut self) -> Option<Ending>;
}

/// Whoever waits for a connection that is being set up.
#[derive(Debug, Clone)]
pub struct Caller(mpsc::Sender<CallerNews>);

/// What a connection that is being set up has to say.
#[derive(Debug)]
pub enum CallerNews {
    /// How far it has come: one printable line for the page, without an address.
    Progress(String),
    /// It needs answers. When they are dropped, there will be none.
    Ask(Questions, oneshot::Sender<Replies>),
    /// Something was accepted without proof: one line for the log.
    Unverified(String),
}

impl Caller {
    /// A caller, and what it is told.
    pub fn new() -> (Self, mpsc::Receiver<CallerNews>) {
        let (sender, receiver) = mpsc::channel(NEWS_MAX);
        (Self(sender), receiver)
    }

    /// Says how far the connection has come, if the news before it have been heard.
    pub fn progress(&self, words: impl Into<String>) {
        // Who does not listen misses nothing but this.
        let _unheard = self.0.try_send(CallerNews::Progress(words.into()));
    }

    /// Says what was accepted without proof.
    pub async fn unverified(&self, words: impl Into<String>) {
        let _unheard = self.0.send(CallerNews::Unverified(words.into())).await;
    }

    /// Asks the person at the screen. Waits as long as that takes.
    ///
    /// # Errors
    ///
    /// [`DialError::Unasked`]: nobody is there who may answer.
    pub async fn ask(&self, questions: Questions) -> Result<Replies, DialError> {
        let (reply, answer) = oneshot::channel();
        let asked = self.0.send(CallerNews::Ask(questions, reply)).await;
        asked.map_err(|_gone| DialError::Unasked)?;
        answer.await.map_err(|_gone| DialError::Unasked)
    }
}
