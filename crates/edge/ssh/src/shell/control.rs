//! What a shell is told and asked beside its bytes.

use std::sync::{Arc, Mutex, PoisonError};

use porthole_dial::ShellControl;
use porthole_remote::{Cells, Ending};
use russh::{ChannelWriteHalf, client::Msg};
use tokio::sync::watch;

/// How a program ended, once somebody knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends(Arc<Mutex<Option<Ending>>>);

impl Ends {
    pub(super) fn set(&self, ending: Ending) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
    }

    fn take(&self) -> Option<Ending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The terminal's size, as it is wished. The channel is closed when the last holder is gone.
pub(super) type Size = Arc<watch::Sender<Cells>>;

/// A shell's terminal, and its end.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) size: Size,
    pub(super) ends: Ends,
}

impl ShellControl for Control {
    fn resize(&mut self, size: Cells) {
        self.size.send_if_modified(|now| std::mem::replace(now, size) != size);
    }

    fn ending(&mut self) -> Option<Ending> {
        self.ends.take()
    }
}

/// Tells the server of each size, and that the channel is closed in the end.
pub(super) async fn follow(channel: ChannelWriteHalf<Msg>, mut sizes: watch::Receiver<Cells>) {
    while sizes.changed().await.is_ok() {
        let Cells { columns, rows } = *sizes.borrow_and_update();
        if channel.window_change(columns.into(), rows.into(), 0, 0).await.is_err() {
            return;
        }
    }
    // Nobody is left who would hear of a failure.
    let _gone = channel.close().await;
}
