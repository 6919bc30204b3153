//! Deadlines that move with everything that happens.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Ends when nothing has happened for so long.
///
/// Something happens with each message, and a timer costs more to set than a small message to carry.
/// So beginning again only notes the time, and the timer is set again when it fires too early.
pub(super) struct Lapse {
    limit: Duration,
    since: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Lapse {
    pub(super) fn new(limit: Duration) -> Self {
        let since = Instant::now();
        Self { limit, since, timer: Box::pin(sleep_until(since + limit)) }
    }

    /// Something has happened.
    pub(super) fn begin_again(&mut self) {
        self.since = Instant::now();
    }
}

impl Future for Lapse {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            ready!(this.timer.as_mut().poll(context));
            let until = this.since + this.limit;
            if until <= Instant::now() {
                return Poll::Ready(());
            }
            this.timer.as_mut().reset(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::{Duration, Instant, advance, timeout};

    use super::Lapse;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn ends_when_nothing_happened_for_so_long() {
        let mut lapse = pin!(Lapse::new(LIMIT));
        let start = Instant::now();
        for _ in 0..3 {
            assert!(timeout(LIMIT / 2, &mut lapse).await.is_err());
            lapse.begin_again();
        }
        advance(LIMIT / 2).await;
        lapse.begin_again();
        lapse.as_mut().await;
        assert_eq!(start.elapsed(), 3 * LIMIT);

        // And from then on again.
        lapse.begin_again();
        lapse.as_mut().await;
        assert_eq!(start.elapsed(), 4 * LIMIT);
    }
}
