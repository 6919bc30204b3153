//! From a target to an open container.

use std::sync::Arc;

use porthole_dial::{BoxStream, Caller, DialError, ShellControl, Target, TargetPolicy, Timeouts};
use porthole_files::Store;

use crate::{
    access::Entrance,
    config::{KubernetesConfig, Run},
    departures::Departures,
    files::ContainerStore,
    log, pods,
    server::Server,
    shell,
    socket::Call,
    wait,
};

/// An open container.
pub struct ContainerSession {
    /// What the terminal shows, and what is typed. Dropping it ends the session and, with it, a program
    /// that the session started; what is typed to a log goes nowhere. A connection that breaks is an
    /// error of it.
    pub stream: BoxStream,
    /// The terminal's size, and how it ended.
    pub control: Box<dyn ShellControl>,
    /// The container's files, if they were asked for.
    pub files: Option<Arc<dyn Store>>,
    /// Whether the API server is on this machine.
    pub is_local: bool,
}

impl std::fmt::Debug for ContainerSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContainerSession").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Opens the container that `config` names on the API server at `target`, if `policy` lets us reach
/// that. Waits for a pod that is starting, and tells `caller` how far it has come.
///
/// It needs Tokio's runtime, for as long as the session lives and some seconds beyond, which
/// `departures` tells the end of. Safe to drop.
///
/// # Errors
///
/// [`DialError`]: the server is not to be reached, not to be trusted, or refuses; there is no such pod
/// or container; it does not start. Messages name no address.
pub async fn open(
    target: &Target,
    config: &KubernetesConfig,
    policy: &TargetPolicy,
    timeouts: &Timeouts,
    caller: &Caller,
    departures: &Departures,
) -> Result<ContainerSession, DialError> {
    let entrance = Entrance::find(target, &config.access).await?;
    let namespace = config.namespace.clone().or_else(|| entrance.namespace.clone());
    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
    let server = Server::new(entrance, policy, timeouts);
    let (pod, container) = wait::ready(&server, &namespace, config, caller).await?;
    let place = pods::place(&pod, &namespace, &container);
    let size = config.size.clamped();
    let (stream, control): (BoxStream, Box<dyn ShellControl>) = match &config.run {
        Run::Exec(command) => {
            let (stream, control) =
                shell::exec(&server, &place, command, &config.term, size, departures.add()).await?;
            (stream, Box::new(control))
        }
        Run::Attach => {
            let spec = pods::container(&pod, Some(&container))?;
            let (tty, stdin) = (spec.tty.unwrap_or(false), spec.stdin.unwrap_or(false));
            let call = Call::Attach { tty, stdin };
            let (stream, control) = shell::attach(&server, &place, call, size).await?;
            (stream, Box::new(control))
        }
        Run::Logs(view) => {
            let (stream, control) = log::open(&server, place.clone(), *view).await?;
            (stream, Box::new(control))
        }
    };
    let files = config.files.as_ref().map(|files| {
        Arc::new(ContainerStore::new(server.clone(), place.clone(), files)) as Arc<dyn Store>
    });
    Ok(ContainerSession { stream, control, files, is_local: server.is_local() })
}
