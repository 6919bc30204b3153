//! Where frames are encoded.
//!
//! Encoders belong to threads, not to sessions: an idle session holds none, and a thread that
//! has been idle for long is given back with its encoder.

use std::cell::RefCell;

use porthole_session::{Finished, Job};
use porthole_tiles::Encoder;
use tokio::task::JoinSet;

use crate::GatewayError;

/// Below this many pixels (four tiles), encoding is cheaper than waking another thread.
const INLINE_MAX_PIXELS: u32 = 4 * 64 * 64;

thread_local! {
    static ENCODER: RefCell<Option<Encoder>> = const { RefCell::new(None) };
}

/// Frames being encoded for one session.
#[derive(Debug, Default)]
pub(super) struct Encodings {
    running: JoinSet<Result<Finished, GatewayError>>,
}

impl Encodings {
    /// Encodes a small frame at once, and starts encoding a large one on another thread.
    pub(super) fn start(&mut self, job: Job) -> Option<Result<Finished, GatewayError>> {
        if job.pixels() <= INLINE_MAX_PIXELS {
            return Some(encode(job));
        }
        self.running.spawn_blocking(move || encode(job));
        None
    }

    /// The next frame to be ready. Never ready while none is being encoded. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Finished, GatewayError> {
        match self.running.join_next().await {
            Some(Ok(finished)) => finished,
            Some(Err(_panicked)) => Err(GatewayError::Internal { what: "encoding" }),
            None => std::future::pending().await,
        }
    }
}

fn encode(job: Job) -> Result<Finished, GatewayError> {
    let fault = |error| {
        tracing::error!(%error, "a frame could not be encoded");
        GatewayError::Internal { what: "encoding" }
    };
    ENCODER.with_borrow_mut(|held| {
        let encoder = match held {
            Some(encoder) => encoder,
            None => held.insert(Encoder::new().map_err(fault)?),
        };
        job.run(encoder).map_err(fault)
    })
}
