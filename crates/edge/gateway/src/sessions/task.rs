//! One session's task: the only owner of its remote, its surface and its state.

mod dialling;

use std::{
    collections::HashMap,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use porthole_dial::DialError;
use porthole_link::{Category, ErrorRecord, Hello, ToGateway};
use porthole_remote::{Ending, Event, Input, Questions};
use porthole_session::{
    Attach, EndCause, Finished, Output, Permissions, Session, SessionConfig, ViewerId,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    ask::{Asking, Question},
    compute::Encodings,
    drive::{DriveDesk, DriveNews, Offered},
    files::{FileDesk, Written},
    open::hex,
    place,
    redial::Redial,
    registry::{Place, SessionId},
    remote::{RemoteNews, RemoteSide},
};
use crate::{App, GatewayError, Plan};

/// How much may wait for the remote before it is handed more of files.
const REMOTE_WAITING_MAX_BYTES: usize = 1 << 20;

/// How often it is then looked whether it has taken that.
const REMOTE_LOOK: Duration = Duration::from_millis(10);

/// How long a session rests at the most.
const REST_MAX: Duration = Duration::from_secs(3600);

/// What viewers and the registry ask of a session.
#[derive(Debug)]
pub(super) enum Command {
    /// A viewer wants in.
    Attach {
        hello: Hello,
        permissions: Permissions,
        secret: [u8; 32],
        outgoing: mpsc::UnboundedSender<ToViewer>,
        reply: oneshot::Sender<Result<ViewerId, GatewayError>>,
    },
    /// A viewer said something.
    Message(ViewerId, ToGateway),
    /// A viewer's socket took a message of so many bytes.
    Written(ViewerId, usize),
    /// A viewer's socket is gone.
    Detach(ViewerId),
    /// Show every viewer a sentence.
    Notice(&'static str),
    /// End, because the gateway leaves.
    Stop,
}

/// What a session has for a viewer's socket.
#[derive(Debug)]
pub(super) enum ToViewer {
    /// One WebSocket message.
    Message(Bytes),
    /// The last record; then close.
    Close(ErrorRecord),
}

/// What a session begins with.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) id: SessionId,
    /// Random, and told to nobody.
    pub(super) seed: u64,
    /// Leaves the registry with the session.
    pub(super) place: Place,
}

/// Runs a session until it ends.
pub(super) async fn run(
    app: Arc<App>,
    plan: Plan,
    opening: Opening,
    mut commands: mpsc::Receiver<Command>,
) {
    app.metrics.session_opened();
    let started_at = Instant::now();
    let Opening { id, seed, place: _place } = opening;
    let label = plan.label.clone();
    let mut runner = Runner::new(&app, plan, id, seed);
    // The viewer that opened the session is on its way. A remote that is refused at once must find
    // it here, or it would never learn why.
    if let Some(command) = commands.recv().await {
        runner.handle_command(command);
    }
    let mut timer = pin!(sleep(REST_MAX));
    let cause = loop {
        let deadline = match runner.settle() {
            Next::Wait(deadline) => deadline,
            Next::End(cause) => break cause,
        };
        // A session has no deadline only while it has viewers and nothing moves.
        let deadline = deadline.into_iter().chain(runner.redial.deadline()).min();
        let wake_at = deadline.unwrap_or_else(|| Instant::now() + REST_MAX);
        // What the remote reads of files waits until it has taken what it was sent before.
        let is_full = runner.remote.waiting_bytes() > REMOTE_WAITING_MAX_BYTES;
        let wake_at = if is_full { wake_at.min(Instant::now() + REMOTE_LOOK) } else { wake_at };
        // A timer that fires too early costs less than one that is set anew for each message.
        if timer.is_elapsed() || wake_at < timer.deadline().into_std() {
            timer.as_mut().reset(wake_at.into());
        }
        tokio::select! {
            event = runner.remote.next(runner.session.surface_mut()) => runner.handle_remote(event),
            command = commands.recv() => match command {
                Some(command) => runner.handle_command(command),
                // The registry holds a sender as long as this session lives.
                None => runner.handle_stop(),
            },
            finished = runner.encodings.next() => runner.handle_encoded(finished),
            (key, result, written) = runner.files.next() => {
                runner.session.handle_file(key, result);
                if let Some(Written { path, size }) = written {
                    runner.session.handle_file_written(key, &path, size);
                }
            }
            news = runner.drive.next(), if !is_full => runner.handle_drive(news),
            () = &mut timer => {}
        }
    };
    let cause = runner.fault.unwrap_or(cause.cause());
    app.metrics.session_ended(cause);
    for _viewer in &runner.viewers {
        app.metrics.viewer_detached();
    }
    tracing::info!(
        session = runner.name,
        connection = label,
        cause,
        seconds = started_at.elapsed().as_secs(),
        "session ended"
    );
    runner.remote.shutdown().await;
}

/// What a round of polling came to.
enum Next {
    Wait(Option<Instant>),
    End(EndCause),
}

struct Runner {
    app: Arc<App>,
    id: SessionId,
    name: String,
    session: Session,
    remote: RemoteSide,
    /// What to dial. Holds credentials until the remote is up.
    plan: Plan,
    asking: Asking,
    encodings: Encodings,
    files: FileDesk,
    drive: DriveDesk,
    viewers: HashMap<ViewerId, mpsc::UnboundedSender<ToViewer>>,
    viewers_ever: u64,
    redial: Redial,
    connected: bool,
    single_use: bool,
    /// Why the session failed, if it did; more telling than that the remote is gone.
    fault: Option<&'static str>,
}

impl Runner {
    fn new(app: &Arc<App>, plan: Plan, id: SessionId, seed: u64) -> Self {
        let config = SessionConfig {
            lossy: plan.lossy,
            passes_video: plan.driver.has_video(),
            age_max: plan.session_max,
            clipboard_max_bytes: plan.clipboard_max_bytes,
            files: plan.drive.is_some() || plan.printing,
            sound: plan.sound,
            text: plan.text,
            ..app.config.session.each.clone()
        };
        let printing = plan.printing.then(|| app.printing.clone());
        let place = (plan.drive.is_some() || plan.printing)
            .then(|| Arc::new(place::Place::new(plan.drive.clone(), printing, &hex(&id))));
        if let (Some(place), Some(sftp)) = (&place, &plan.sftp) {
            place.offer(Arc::new(sftp.store(&app.policy, app.config.timeouts)));
        }
        Self {
            app: Arc::clone(app),
            id,
            name: hex(&id),
            session: Session::new(Instant::now(), seed, config),
            remote: RemoteSide::dial(app, &plan),
            files: FileDesk::new(place.clone()),
            drive: DriveDesk::new(place),
            redial: Redial::new(plan.driver.heals()),
            plan,
            asking: Asking::default(),
            encodings: Encodings::default(),
            viewers: HashMap::new(),
            viewers_ever: 0,
            connected: false,
            single_use: app.config.tokens.single_use,
            fault: None,
        }
    }

    /// Carries out what the session asks for until it has nothing more to ask.
    fn settle(&mut self) -> Next {
        self.session.handle_decoded(Instant::now());
        self.redial_when_due();
        loop {
            match self.session.poll(Instant::now()) {
                Output::Send { viewer, message } => self.send(viewer, ToViewer::Message(message)),
                Output::Close { viewer, error } => {
                    self.app.metrics.link_failed(close_cause(&error));
                    self.send(viewer, ToViewer::Close(error));
                    self.forget(viewer);
                }
                Output::Input(Input::Resize(wish)) => self.resize(wish),
                Output::Input(input) => self.remote.handle_input(input),
                Output::Credentials(answer) => self.handle_credentials(&answer),
                Output::Replies(replies) => self.remote.answer(Some(replies)),
                Output::Encode(job) => {
                    if let Some(finished) = self.encodings.start(*job) {
                        self.handle_encoded(finished);
                    }
                }
                Output::File(key, order) => self.files.start(key, order),
                Output::Painted(latency) => self.app.metrics.frame_latency(latency),
                Output::End(cause) => return Next::End(cause),
                Output::Wait(deadline) => return Next::Wait(deadline),
            }
        }
    }

    fn handle_remote(&mut self, news: Result<RemoteNews, DialError>) {
        let now = Instant::now();
        match news {
            Ok(RemoteNews::Event(event)) => self.handle_event(now, event),
            Ok(RemoteNews::Progress(words)) => self.session.handle_progress(words),
            Ok(RemoteNews::Questions(questions)) => self.handle_questions(now, questions),
            Ok(RemoteNews::Files(files)) => self.drive.offer(files),
            Ok(RemoteNews::Closed(ending)) => {
                self.fault = Some("remote_closed");
                self.session.handle_gone(&end_record(ending));
            }
            Err(error) => match self.question(&error) {
                Some(Question { fields, reason }) => {
                    tracing::info!(
                        session = self.name,
                        cause = error.cause(),
                        "asking for {fields}"
                    );
                    self.remote = RemoteSide::Gone;
                    // One that says late what it thinks of credentials was up, and is no more.
                    if std::mem::take(&mut self.connected) {
                        self.session.handle_redial();
                    }
                    self.session.handle_prompt(now, fields, reason);
                }
                None if self.redial.handle_loss(now, &error) => {
                    tracing::warn!(
                        session = self.name,
                        cause = error.cause(),
                        %error,
                        "remote lost, dialling again"
                    );
                    self.app.metrics.dial_failed(error.cause());
                    self.connected = false;
                    self.remote = RemoteSide::Gone;
                    self.session.handle_redial();
                }
                None => self.handle_fault(&error.into()),
            },
        }
    }

    fn handle_event(&mut self, now: Instant, event: Event) {
        match event {
            // What the operator forbids, the viewers need not know to be possible.
            Event::ResizeSupported(_) if !self.plan.resize => {}
            Event::Unverified(words) => tracing::warn!(session = self.name, "{words}"),
            Event::Drive(request) => self.drive.start(request),
            Event::Ticket(ticket) => self.plan.driver.resume(&ticket),
            Event::Redirected(redirect) => self.follow(&redirect),
            Event::Connected => self.handle_connected(now),
            event => self.session.handle_event(now, event),
        }
    }

    /// The remote asks before it lets us in.
    fn handle_questions(&mut self, now: Instant, questions: Questions) {
        if self.session.can_ask() {
            self.session.handle_questions(now, questions);
        } else {
            self.remote.answer(None);
        }
    }

    fn handle_drive(&mut self, news: DriveNews) {
        match news {
            DriveNews::Reply(reply) => self.remote.handle_input(Input::Drive(reply)),
            DriveNews::Offered(Offered { path, size }) => {
                self.session.handle_file_offered(&path, size);
            }
            DriveNews::Notice(words) => self.session.handle_notice(words),
        }
    }

    fn handle_connected(&mut self, now: Instant) {
        self.connected = true;
        self.redial.handle_up(now);
        if !self.plan.driver.logs_on_late() {
            self.asking.handle_up();
        }
        self.drive.reset();
        self.plan.forget_credentials();
        tracing::info!(session = self.name, "remote connected");
        self.session.handle_event(now, Event::Connected);
        if self.plan.resize_by_dialling {
            self.session.handle_event(now, Event::ResizeSupported(true));
        }
    }

    fn handle_fault(&mut self, error: &GatewayError) {
        if let GatewayError::Dial(dial) = error {
            self.app.metrics.dial_failed(dial.cause());
        }
        tracing::warn!(session = self.name, cause = error.cause(), %error, "session failed");
        self.fault = Some(error.cause());
        let mut record = error.record();
        // The link has been used up: another try needs another link.
        record.retry &= !self.single_use;
        self.session.handle_gone(&record);
    }

    fn handle_stop(&mut self) {
        self.fault = Some("draining");
        self.session.handle_gone(&GatewayError::Draining.record());
    }

    fn handle_encoded(&mut self, finished: Result<Finished, GatewayError>) {
        match finished {
            Ok(finished) => {
                for (codec, bytes) in finished.images() {
                    self.app.metrics.image_sent(codec, bytes);
                }
                self.app.metrics.frame_sent(finished.len_bytes());
                self.session.handle_encoded(Instant::now(), finished);
            }
            Err(error) => self.handle_fault(&error),
        }
    }

    fn handle_command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Attach { hello, permissions, secret, outgoing, reply } => {
                let viewer = ViewerId(self.viewers_ever);
                self.wish(&hello);
                self.viewers_ever += 1;
                let attach = Attach { viewer, hello, permissions, session: self.id, secret };
                let attached = self.session.handle_attach(now, &attach);
                if attached.is_ok() {
                    self.viewers.insert(viewer, outgoing);
                    self.app.metrics.viewer_attached();
                }
                let answer = attached.map(|()| viewer).map_err(GatewayError::from);
                if reply.send(answer).is_err() {
                    // Its socket closed while it was waiting.
                    self.session.handle_detach(now, viewer);
                    self.forget(viewer);
                }
            }
            Command::Message(viewer, message) => self.session.handle_message(now, viewer, message),
            Command::Written(viewer, bytes) => self.session.handle_written(viewer, bytes),
            Command::Detach(viewer) => {
                self.session.handle_detach(now, viewer);
                self.forget(viewer);
            }
            Command::Notice(words) => self.session.handle_notice(words),
            Command::Stop => self.handle_stop(),
        }
    }

    fn send(&self, viewer: ViewerId, message: ToViewer) {
        if let Some(outgoing) = self.viewers.get(&viewer) {
            // A socket that has just closed says so with a command of its own.
            let _closed = outgoing.send(message);
        }
    }

    fn forget(&mut self, viewer: ViewerId) {
        if self.viewers.remove(&viewer).is_some() {
            self.app.metrics.viewer_detached();
        }
    }
}

/// What viewers are told of a remote that ended in good order.
fn end_record(ending: Option<Ending>) -> ErrorRecord {
    let (cause, message) = match ending {
        None | Some(Ending::Exited(0)) => ("remote_closed", "the remote ended the session".into()),
        Some(Ending::Exited(code)) => ("exited", format!("it ended with exit code {code}")),
        Some(Ending::Killed(signal)) => ("killed", format!("it was ended by signal {signal}")),
        Some(Ending::Other(words)) => ("remote_closed", words),
    };
    ErrorRecord { category: Category::Ended, retry: false, cause: cause.into(), message }
}

/// A label for the metrics: causes of closed sets, as far as this record tells them.
fn close_cause(error: &ErrorRecord) -> &'static str {
    match error.category {
        Category::Token => "token",
        Category::Policy => "policy",
        Category::Credentials => "credentials",
        Category::Remote => "remote",
        Category::Gateway => "gateway",
        Category::Protocol => "protocol",
        Category::Ended => "ended",
    }
}
