//! From a Hello and a token to a place in a session: a new one, or the one it left.

use std::{net::SocketAddr, sync::Arc};

use porthole_link::{Hello, Resume};
use porthole_session::{Permissions, ViewerId};
use porthole_token::Verified;
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};

use super::{
    registry::{Handle, Registry, SessionId},
    task::{self, Command, Opening, ToViewer},
};
use crate::{App, GatewayError, Plan};

/// Commands that wait for a session's task. A viewer that sends faster is slowed by TCP.
const COMMANDS_MAX: usize = 64;

/// A viewer's place in a session.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) viewer: ViewerId,
    /// To the session.
    pub(super) commands: mpsc::Sender<Command>,
    /// From the session. It bounds by itself what it puts in.
    pub(super) messages: mpsc::UnboundedReceiver<ToViewer>,
    /// For the log.
    pub(super) session: String,
}

/// Opens the session that `token` names, or finds the one that `hello` comes back to.
///
/// # Errors
///
/// What to tell the viewer.
pub(super) async fn open(
    app: &Arc<App>,
    hello: &Hello,
    token: Option<&str>,
    peer: SocketAddr,
) -> Result<Attached, GatewayError> {
    let token = token.ok_or(GatewayError::NoToken)?;
    match &hello.resume {
        Some(resume) => come_back(app, hello, resume, token).await,
        None => start(app, hello, token, peer).await,
    }
}

async fn start(
    app: &Arc<App>,
    hello: &Hello,
    token: &str,
    peer: SocketAddr,
) -> Result<Attached, GatewayError> {
    let rejected = |error: porthole_token::TokenError| {
        app.metrics.token_rejected(error.cause());
        GatewayError::from(error)
    };
    let verified = app.tokens.verify(token).await.map_err(rejected)?;
    if app.draining.is_on() {
        return Err(GatewayError::Draining);
    }
    let (verified, plan) = plan(app, verified).await?;
    let id: SessionId = random()?;
    let (commands, received) = mpsc::channel(COMMANDS_MAX);
    let handle =
        Handle { commands: commands.clone(), issuer: plan.issuer.clone(), jti: plan.jti.clone() };
    let place = Registry::enter(app, id, handle)?;
    // Last, so that a link is not used up by a gateway that is full.
    app.tokens.spend(&verified).map_err(rejected)?;

    let session = hex(&id);
    tracing::info!(
        session, user = plan.user, issuer = plan.issuer, jti = porthole_wire::text(plan.jti.as_bytes()),
        connection = plan.label, %peer, "session opened"
    );
    let permissions = Permissions(plan.permissions);
    let secret = random()?;
    let seed = u64::from_le_bytes(random()?);
    let hello = Hello { view_only: hello.view_only || plan.view_only, ..hello.clone() };
    // Nothing may fail from here on: the session waits for its first viewer.
    tokio::spawn(task::run(Arc::clone(app), plan, Opening { id, seed, place }, received));
    attach(commands, id, hello, permissions, secret).await
}

/// What `verified` asks for. Where it brings secrets it is made where time may be spent: the function
/// that makes a key of a passphrase is slow on purpose.
async fn plan(app: &Arc<App>, verified: Verified) -> Result<(Verified, Plan), GatewayError> {
    if verified.secrets().is_empty() {
        let plan = Plan::new(&verified, &app.config)?;
        return Ok((verified, plan));
    }
    let app = Arc::clone(app);
    let make = move || Plan::new(&verified, &app.config).map(|plan| (verified, plan));
    spawn_blocking(make).await.unwrap_or(Err(GatewayError::Internal { what: "a token's secrets" }))
}

/// The secret in the Hello is what counts; the token must be the one that opened the session,
/// though it may have expired since.
async fn come_back(
    app: &Arc<App>,
    hello: &Hello,
    resume: &Resume,
    token: &str,
) -> Result<Attached, GatewayError> {
    let returning = app.tokens.verify_returning(token).await.inspect_err(|error| {
        app.metrics.token_rejected(error.cause());
    })?;
    let claims = returning.claims();
    let handle = app.registry.find(&resume.session).ok_or(GatewayError::SessionEnded)?;
    if handle.issuer != claims.iss || handle.jti != claims.jti {
        return Err(GatewayError::SessionEnded);
    }
    let secret = random()?;
    attach(handle.commands, resume.session, hello.clone(), Permissions::default(), secret).await
}

async fn attach(
    commands: mpsc::Sender<Command>,
    id: SessionId,
    hello: Hello,
    permissions: Permissions,
    secret: [u8; 32],
) -> Result<Attached, GatewayError> {
    let (outgoing, messages) = mpsc::unbounded_channel();
    let (reply, answer) = oneshot::channel();
    let attach = Command::Attach { hello, permissions, secret, outgoing, reply };
    commands.send(attach).await.map_err(|_gone| GatewayError::SessionEnded)?;
    let viewer = answer.await.map_err(|_gone| GatewayError::SessionEnded)??;
    Ok(Attached { viewer, commands, messages, session: hex(&id) })
}

fn random<const N: usize>() -> Result<[u8; N], GatewayError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| GatewayError::Internal { what: "random numbers" })?;
    Ok(bytes)
}

/// A session's name for the log. It opens nothing without its secret.
pub(super) fn hex(id: &SessionId) -> String {
    use std::fmt::Write as _;

    id.iter().fold(String::with_capacity(32), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}
