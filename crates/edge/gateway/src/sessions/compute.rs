//! Where frames are encoded.
//!
//! Encoders belong to threads, not to sessions: an idle session holds none, and a thread that
//! has been idle for long is given back with its encoder.

use std::cell::RefCell;

use porthole_session::{Finished, Job};
use porthole_tiles::{Encoder, TilesError};
use tokio::task::{JoinSet, spawn_blocking};

use crate::GatewayError;

/// Below this many pixels (four tiles), encoding is cheaper than waking another thread.
const INLINE_MAX_PIXELS: u32 = 4 * 64 * 64;

/// From this many pixels on, a frame is cut into pieces that are encoded side by side.
const SPLIT_MIN_PIXELS: u32 = 512 * 1024;

/// Most pieces of a frame. More would serve one session at the cost of all others.
const PIECES_MAX: usize = 4;

thread_local! {
    static ENCODER: RefCell<Option<Encoder>> = const { RefCell::new(None) };
}

/// Frames being encoded for one session.
#[derive(Debug, Default)]
pub(super) struct Encodings {
    running: JoinSet<Result<Finished, GatewayError>>,
}

impl Encodings {
    /// Encodes a small frame at once, and starts encoding a large one on other threads.
    pub(super) fn start(&mut self, job: Job) -> Option<Result<Finished, GatewayError>> {
        let pixels = job.pixels();
        if pixels <= INLINE_MAX_PIXELS {
            return Some(with_encoder(|encoder| job.run(encoder)));
        }
        if pixels < SPLIT_MIN_PIXELS {
            self.running.spawn_blocking(move || with_encoder(|encoder| job.run(encoder)));
        } else {
            self.running.spawn(encode_in_pieces(job));
        }
        None
    }

    /// The next frame to be ready. Never ready while none is being encoded. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Finished, GatewayError> {
        match self.running.join_next().await {
            Some(Ok(finished)) => finished,
            Some(Err(_panicked)) => Err(BROKEN),
            None => std::future::pending().await,
        }
    }
}

const BROKEN: GatewayError = GatewayError::Internal { what: "encoding" };

async fn encode_in_pieces(job: Job) -> Result<Finished, GatewayError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (frame, pieces) = job.split(threads.min(PIECES_MAX));
    let running: Vec<_> = pieces
        .into_iter()
        .map(|piece| spawn_blocking(move || with_encoder(|encoder| piece.run(encoder))))
        .collect();
    let mut encoded = Vec::with_capacity(running.len());
    for piece in running {
        encoded.push(piece.await.map_err(|_panicked| BROKEN)??);
    }
    Ok(frame.finish(encoded))
}

/// Runs `encode` with this thread's encoder.
fn with_encoder<T>(
    encode: impl FnOnce(&mut Encoder) -> Result<T, TilesError>,
) -> Result<T, GatewayError> {
    let fault = |error| {
        tracing::error!(%error, "a frame could not be encoded");
        BROKEN
    };
    ENCODER.with_borrow_mut(|held| {
        let encoder = match held {
            Some(encoder) => encoder,
            None => held.insert(Encoder::new().map_err(fault)?),
        };
        encode(encoder).map_err(fault)
    })
}
