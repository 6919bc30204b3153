//! Programs that are still to be ended, for whoever wants to stop and leave none behind.

use tokio::sync::watch;

/// Counts the programs that sessions started and that have not been ended yet. Clones count as one.
#[derive(Debug, Clone)]
pub struct Departures(watch::Sender<usize>);

impl Default for Departures {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Departures {
    /// Waits until there are none. Without an end of sessions there is no end of their programs, so
    /// sessions are to be let go before. Cancel-safe.
    pub async fn ended(&self) {
        let mut count = self.0.subscribe();
        // The sender is `self`, so this cannot fail.
        drop(count.wait_for(|count| *count == 0).await);
    }

    /// One more, until what is returned is dropped.
    pub(crate) fn add(&self) -> Departure {
        self.0.send_modify(|count| *count += 1);
        Departure(self.clone())
    }
}

/// A program that is to be ended.
#[derive(Debug)]
pub(crate) struct Departure(Departures);

impl Drop for Departure {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::Departures;

    #[tokio::test]
    async fn waits_for_the_last() {
        let departures = Departures::default();
        departures.ended().await;
        let (first, second) = (departures.add(), departures.clone().add());
        let waiting = tokio::spawn({
            let departures = departures.clone();
            async move { departures.ended().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(second);
        waiting.await.unwrap();
    }
}
