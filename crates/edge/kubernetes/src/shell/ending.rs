//! What there is to do and to say once a program's stream is over.

use std::time::Duration;

use porthole_containers::{ENDING_SCRIPT, Frame, Outcome, Process, stdin, without_addresses};
use porthole_remote::{Blame, Ending};
use tokio::time::{sleep, timeout};

use super::{Stopped, end_of_input, stream::Account};
use crate::{
    departures::Departure,
    error::fault,
    files::run_script,
    pods::{self, After},
    server::Server,
    socket::{Arrived, Place, Receiver, Sender},
};

/// How long ending a session's processes may take.
const CLEAN_UP_MAX: Duration = Duration::from_secs(30);

/// How often ending them is tried.
const CLEAN_UP_TRIES: u32 = 3;

/// How long a program without a shell beside it has to end of its own accord.
const LEAVE_MAX: Duration = Duration::from_secs(2);

/// How often the pod is asked how an attached program ended: the news take a while to get there.
const ACCOUNT_TRIES: u32 = 10;

/// Between two of these questions.
const ACCOUNT_GAP: Duration = Duration::from_millis(500);

/// Codes above it are those of programs that a signal has ended.
const SIGNALS_ABOVE: u32 = 128;

/// What becomes of the program when its stream is over.
pub(super) enum Afterwards {
    /// It is ours: nothing of it stays.
    End { server: Server, place: Place, process: Option<Process>, departure: Departure },
    /// It is the container's own.
    Leave { server: Server, place: Place, has_terminal: bool },
}

impl Afterwards {
    pub(super) const fn has_terminal(&self) -> bool {
        match self {
            Self::End { .. } => true,
            Self::Leave { has_terminal, .. } => *has_terminal,
        }
    }

    /// The session is let go. A program that nothing else can end is asked to end itself.
    pub(super) async fn take_leave(&self, sender: &mut Sender, receiver: &mut Receiver) {
        let Self::End { process: None, .. } = self else { return };
        let asking = async {
            sender.send(stdin(b"\x03")).await?;
            sleep(Duration::from_millis(100)).await;
            // A shell's own word, and then what ends most programs that read.
            sender.send(stdin(b"\x15exit\r\x04")).await?;
            end_of_input(sender, true).await?;
            while !matches!(
                receiver.next().await?,
                Arrived::Closed | Arrived::Frame(Frame::Status(_))
            ) {}
            Ok::<_, porthole_dial::DialError>(())
        };
        if !matches!(timeout(LEAVE_MAX, asking).await, Ok(Ok(()))) {
            tracing::warn!(
                "a program in a container may have stayed: it has no shell to end it with"
            );
        }
    }

    /// How the program ended.
    pub(super) async fn account(&self, stopped: Stopped) -> Account {
        let ended = |ending| Account { ending: Some(ending), fault: None };
        let (Self::End { server, place, .. } | Self::Leave { server, place, .. }) = self;
        let outcome = match stopped {
            Stopped::LetGo => return Account::default(),
            Stopped::Ended(Outcome::Exited(code)) if code <= SIGNALS_ABOVE => {
                return ended(Ending::Exited(code));
            }
            Stopped::Ended(Outcome::NoProgram) => {
                return ended(Ending::Other("the container has no such program".to_owned()));
            }
            other => other,
        };
        // A program may have been killed because its pod was deleted. "Success" is said of that as
        // well, and of attached programs whatever came.
        let after = match (self, &outcome) {
            (Self::Leave { .. }, Stopped::Ended(_) | Stopped::Closed) => {
                after_attached(server, place).await
            }
            _ => pods::after(server, place).await,
        };
        match (after, outcome) {
            (After::Deleted, _) => ended(Ending::Other("the pod was deleted".to_owned())),
            (After::Exited(code), _) if matches!(self, Self::Leave { .. }) => {
                ended(Ending::Exited(code))
            }
            (_, Stopped::Ended(Outcome::Exited(code))) => ended(Ending::Exited(code)),
            (_, Stopped::Ended(Outcome::Success)) if matches!(self, Self::End { .. }) => {
                ended(Ending::Exited(0))
            }
            (_, Stopped::Ended(Outcome::Failed(words))) => {
                ended(Ending::Other(without_addresses(&words)))
            }
            (_, Stopped::Ended(_)) => {
                ended(Ending::Other("the container let go of the stream".to_owned()))
            }
            (_, lost) => {
                if let Stopped::Lost(error) = lost {
                    tracing::info!(%error, "the stream of a container was lost");
                }
                let words = "the connection to the container was cut, by a time limit or a fault on the way";
                let fault = fault("kubernetes_lost", Blame::Remote, words);
                Account { ending: None, fault: Some(fault) }
            }
        }
    }

    /// Ends what the session started, and what that started.
    pub(super) async fn clean_up(self) {
        let Self::End { server, place, process: Some(process), departure: _until_done } = self
        else {
            return;
        };
        let (pid, start) = (process.pid.to_string(), process.start.to_string());
        let cleaning = async {
            for attempt in 1..=CLEAN_UP_TRIES {
                match run_script(&server, &place, ENDING_SCRIPT, &[&pid, &start]).await {
                    Ok(ran) => return ran.outcome == Outcome::Success,
                    Err(error) => {
                        tracing::debug!(%error, attempt, "ending a session's processes failed");
                        sleep(Duration::from_secs(1)).await;
                    }
                }
            }
            false
        };
        let is_clean = timeout(CLEAN_UP_MAX, cleaning).await.unwrap_or(false);
        if !is_clean && !matches!(pods::after(&server, &place).await, After::Deleted) {
            let Place { namespace, pod, container, .. } = &place;
            tracing::warn!(
                namespace,
                pod,
                container,
                pid,
                "processes of a session may have stayed"
            );
        }
    }
}

/// How an attached program ended, as soon as the pod knows.
async fn after_attached(server: &Server, place: &Place) -> After {
    for _ in 0..ACCOUNT_TRIES {
        match pods::after(server, place).await {
            After::Running | After::Unknown => sleep(ACCOUNT_GAP).await,
            known => return known,
        }
    }
    After::Unknown
}
