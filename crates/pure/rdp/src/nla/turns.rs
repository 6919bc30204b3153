//! An exchange that waits for a KDC in the middle of a message, without a socket.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use ironrdp_connector::sspi;
use ironrdp_connector::sspi::credssp::{ClientState, CredSspClient, TsRequest};
use ironrdp_connector::sspi::generator::{GeneratorState, NetworkRequest};

/// What a KDC has answered, or why there is no answer.
pub(crate) type Answer = Result<Vec<u8>, String>;

/// A message being worked on. It owns the client meanwhile, and gives it back.
pub(crate) struct Working {
    work: Pin<Box<dyn Future<Output = Done> + Send>>,
    desk: Arc<Mutex<Desk>>,
}

/// A message that has been worked on.
pub(crate) type Done = (CredSspClient, Result<ClientState, sspi::Error>);

/// Where a question and its answer are laid.
#[derive(Default)]
struct Desk {
    question: Option<NetworkRequest>,
    answer: Option<Answer>,
}

/// How far the work has come.
pub(crate) enum Turn {
    /// The KDC has to be asked.
    Ask(NetworkRequest),
    /// It is done.
    Done(Box<Done>),
}

impl fmt::Debug for Working {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client knows the password.
        f.debug_struct("Working").finish_non_exhaustive()
    }
}

impl Working {
    /// Has `client` work on `request`.
    pub(crate) fn on(mut client: CredSspClient, request: TsRequest) -> Self {
        let desk = Arc::<Mutex<Desk>>::default();
        let theirs = Arc::clone(&desk);
        let work = Box::pin(async move {
            let mut generator = client.process(request);
            let mut state = generator.start();
            let result = loop {
                state = match state {
                    GeneratorState::Completed(result) => break result,
                    GeneratorState::Suspended(question) => {
                        let answer = ask(&theirs, question).await.map_err(|reason| {
                            let kind = sspi::ErrorKind::NoAuthenticatingAuthority;
                            sspi::Error::new(kind, reason)
                        });
                        generator.resume(answer)
                    }
                };
            };
            drop(generator);
            (client, result)
        });
        Self { work, desk }
    }

    /// Goes on, with an answer where one is due.
    pub(crate) fn go_on(&mut self, answer: Option<Answer>) -> Option<Turn> {
        desk(&self.desk).answer = answer;
        // It waits for nothing but the desk, so nobody has to be woken.
        let mut context = Context::from_waker(Waker::noop());
        match self.work.as_mut().poll(&mut context) {
            Poll::Ready(done) => Some(Turn::Done(Box::new(done))),
            Poll::Pending => desk(&self.desk).question.take().map(Turn::Ask),
        }
    }
}

/// Lays a question on the desk, and waits for the answer to lie there.
async fn ask(theirs: &Mutex<Desk>, question: NetworkRequest) -> Answer {
    desk(theirs).question = Some(question);
    poll_fn(|_context| match desk(theirs).answer.take() {
        Some(answer) => Poll::Ready(answer),
        None => Poll::Pending,
    })
    .await
}

/// Nobody panics at the desk; if somebody did, its papers would still be whole.
fn desk(desk: &Mutex<Desk>) -> std::sync::MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
