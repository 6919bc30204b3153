//! When a remote that had been up is dialled once more: it was lost, or is to have another size.

use std::time::{Duration, Instant};

use porthole_dial::DialError;
use porthole_pixels::Size;
use porthole_remote::SizeWish;

/// Waits before the tries after a loss. There are as many tries as waits.
const WAITS: [Duration; 8] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(8),
    Duration::from_secs(8),
    Duration::from_secs(8),
];

/// A remote that stayed up for so long has all its tries again.
const STEADY: Duration = Duration::from_secs(30);

/// How long nobody may have changed a size before it is asked for, and the shortest time from the
/// moment that the remote was up to the next one that it is left for a size.
const SIZE_REST: Duration = Duration::from_secs(1);
const SIZE_GAP: Duration = Duration::from_secs(4);

/// Most redirections of one session. A farm needs one or two; a loop would have no end.
const REDIRECTS_MAX: u32 = 5;

/// What is known about one session's connections so far.
#[derive(Debug)]
pub(super) struct Redial {
    /// Whether a loss may be made good: the protocol has sessions that outlive a connection.
    heals: bool,
    /// When the remote was last up, if it ever was.
    up_at: Option<Instant>,
    is_up: bool,
    tries: usize,
    due: Option<Instant>,
    /// What a viewer wants, and when it said so.
    wish: Option<(SizeWish, Instant)>,
    /// What was last asked for by dialling. What came of it is the remote's business.
    asked: Option<SizeWish>,
    redirects: u32,
}

/// Why it is time to dial.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The remote was lost.
    Lost,
    /// The remote is to be like this.
    Size(SizeWish),
}

impl Redial {
    pub(super) const fn new(heals: bool) -> Self {
        Self {
            heals,
            up_at: None,
            is_up: false,
            tries: 0,
            due: None,
            wish: None,
            asked: None,
            redirects: 0,
        }
    }

    /// The remote is up.
    pub(super) fn handle_up(&mut self, now: Instant) {
        self.up_at = Some(now);
        self.is_up = true;
        self.due = None;
    }

    /// The connection ended with `error`. True: it will be dialled again; see [`Self::deadline`].
    pub(super) fn handle_loss(&mut self, now: Instant, error: &DialError) -> bool {
        let was_up = std::mem::take(&mut self.is_up);
        let Some(up_at) = self.up_at.filter(|_| self.heals && is_loss(error, was_up)) else {
            return false;
        };
        if was_up && now.saturating_duration_since(up_at) >= STEADY {
            self.tries = 0;
        }
        let wait = WAITS.get(self.tries);
        self.tries += 1;
        self.due = wait.map(|wait| now + *wait);
        self.due.is_some()
    }

    /// Whether the remote ever was up.
    pub(super) const fn was_up(&self) -> bool {
        self.up_at.is_some()
    }

    /// A viewer would like the remote to be like this.
    pub(super) fn handle_wish(&mut self, now: Instant, wish: SizeWish) {
        self.wish = Some((wish, now));
    }

    /// The remote is dialled to be like this.
    pub(super) const fn handle_dialled(&mut self, wish: SizeWish) {
        self.asked = Some(wish);
    }

    /// Whether the remote may send us to another place once more.
    pub(super) const fn may_follow(&mut self) -> bool {
        self.is_up = false;
        self.redirects += 1;
        self.redirects <= REDIRECTS_MAX
    }

    /// When [`Self::take_due`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let (_, wished_at) = self.wish.filter(|_| self.is_up).unzip();
        let free_at = self.up_at.map(|at| at + SIZE_GAP);
        self.due.or_else(|| wished_at.map(|at| at + SIZE_REST).max(wished_at.and(free_at)))
    }

    /// Whether it is time to dial. `current` is the size of the remote's picture.
    pub(super) fn take_due(&mut self, now: Instant, current: Size) -> Option<Due> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        if self.due.take().is_some() {
            return Some(Due::Lost);
        }
        let (wish, _) = self.wish.take()?;
        // A desktop whose things alone are to be larger is not worth another connection.
        if wish.size == current || self.asked.is_some_and(|asked| asked.size == wish.size) {
            return None;
        }
        self.asked = Some(wish);
        self.is_up = false;
        Some(Due::Size(wish))
    }
}

/// Whether `error` is of a path or machine that may be there again in a moment. Of a remote that was
/// up, only its going silent is: it may not want us again.
fn is_loss(error: &DialError, was_up: bool) -> bool {
    match error {
        DialError::Broken(_) | DialError::WriteStalled { .. } => true,
        DialError::Remote(error) => error.is_loss(),
        DialError::Connect { .. }
        | DialError::Timeout { .. }
        | DialError::Resolve { .. }
        | DialError::NoAddresses => !was_up,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::{Duration, Instant};

    use porthole_dial::DialError;
    use porthole_pixels::Size;
    use porthole_remote::{Blame, RemoteError, SizeWish};

    use super::{Due, REDIRECTS_MAX, Redial, WAITS};

    const NOW: Size = Size { width: 800, height: 600 };

    fn broken() -> DialError {
        DialError::Broken(io::ErrorKind::ConnectionReset.into())
    }

    fn refused() -> DialError {
        let source = io::ErrorKind::ConnectionRefused.into();
        DialError::Connect { peer: "10.0.0.1".to_owned(), source }
    }

    #[test]
    fn a_lost_remote_is_dialled_a_few_times() {
        let start = Instant::now();
        let mut redial = Redial::new(true);
        assert!(!redial.handle_loss(start, &broken()), "it never was up");
        redial.handle_up(start);
        assert!(redial.handle_loss(start, &broken()));
        let mut now = start;
        for wait in WAITS {
            assert_eq!(redial.take_due(now, NOW), None);
            now += wait;
            assert_eq!(redial.take_due(now, NOW), Some(Due::Lost));
            let more = redial.handle_loss(now, &refused());
            assert_eq!(more, redial.deadline().is_some());
        }
        assert!(!redial.handle_loss(now, &refused()), "enough");
        // One that comes and goes has no more tries than one that is away.
        redial.handle_up(now);
        assert!(!redial.handle_loss(now + Duration::from_secs(1), &broken()));
        redial.handle_up(now);
        assert!(redial.handle_loss(now + Duration::from_secs(31), &broken()));
    }

    #[test]
    fn a_remote_that_wants_no_more_is_left_alone() {
        let now = Instant::now();
        let refusal = || DialError::from(RemoteError::new("no", Blame::Remote, "no".into()));
        for error in [refusal(), refused()] {
            let mut redial = Redial::new(true);
            redial.handle_up(now);
            assert!(!redial.handle_loss(now, &error), "{error}");
        }
        let mut redial = Redial::new(false);
        redial.handle_up(now);
        assert!(!redial.handle_loss(now, &broken()), "its protocol has no such thing");
        let ended = RemoteError::new("ended", Blame::Remote, "gone".into()).by_loss();
        let mut redial = Redial::new(true);
        redial.handle_up(now);
        assert!(redial.handle_loss(now, &ended.into()));
    }

    #[test]
    fn a_size_is_asked_for_when_the_window_rests() {
        let start = Instant::now();
        let [first, second, now]: [SizeWish; 3] =
            [Size::new(900, 700), Size::new(1000, 700), NOW].map(Into::into);
        let at = |ms| start + Duration::from_millis(ms);
        let mut redial = Redial::new(true);
        redial.handle_wish(start, first);
        assert_eq!(redial.deadline(), None, "it is not up yet");
        redial.handle_up(start);
        assert_eq!(redial.take_due(at(3_900), NOW), None, "it has hardly come up");
        redial.handle_wish(at(3_900), second);
        assert_eq!(redial.take_due(at(4_800), NOW), None, "somebody drags the window");
        assert_eq!(redial.take_due(at(4_900), NOW), Some(Due::Size(second)));
        redial.handle_up(at(5_000));
        redial.handle_wish(at(5_000), second);
        assert_eq!(redial.take_due(at(20_000), NOW), None, "the remote did not give it");
        redial.handle_wish(at(20_000), now);
        assert_eq!(redial.take_due(at(22_000), NOW), None, "it has it");
        let larger = SizeWish { scale_percent: 150, ..now };
        redial.handle_wish(at(22_000), larger);
        assert_eq!(redial.take_due(at(24_000), NOW), None, "its size stays");
        let elsewhere = SizeWish { scale_percent: 150, ..first };
        redial.handle_wish(at(24_000), elsewhere);
        assert_eq!(redial.take_due(at(26_000), NOW), Some(Due::Size(elsewhere)));
    }

    #[test]
    fn redirections_are_counted() {
        let mut redial = Redial::new(true);
        let followed = (0..100).take_while(|_| redial.may_follow()).count();
        assert_eq!(followed, REDIRECTS_MAX as usize);
    }
}
