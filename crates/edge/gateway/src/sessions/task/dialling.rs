//! How a session's remote is dialled: with what viewers wish for, again, elsewhere, and with what
//! somebody was asked.

use std::time::Instant;

use porthole_dial::DialError;
use porthole_link::Hello;
use porthole_remote::{Credentials, Input, Redirect, SizeWish};

use super::super::{ask::Question, redial::Due, remote::RemoteSide};
use super::Runner;

impl Runner {
    /// A viewer would like the desktop to begin with its own size.
    pub(super) fn wish(&mut self, hello: &Hello) {
        if !self.connected && !self.redial.was_up() {
            let size = self.plan.beginning.size.unwrap_or(hello.size);
            let wish = SizeWish { size, scale_percent: hello.scale_percent };
            let wish = self.plan.beginning.scaled(wish);
            self.plan.driver.wish(wish);
            self.plan.driver.set_time_zone(&hello.time_zone);
            self.remote.wish(wish, &hello.time_zone);
            self.redial.handle_dialled(wish);
        }
    }

    /// A viewer would like the desktop to be like this, now that it is up.
    pub(super) fn resize(&mut self, wish: SizeWish) {
        let wish = self.plan.beginning.scaled(wish);
        if self.plan.resize_by_dialling {
            self.redial.handle_wish(Instant::now(), wish);
        } else {
            self.remote.handle_input(Input::Resize(wish));
        }
    }

    /// Dials a remote that was lost, or that is to have another size.
    pub(super) fn redial_when_due(&mut self) {
        let current = self.session.surface_mut().size();
        match self.redial.take_due(Instant::now(), current) {
            None => return,
            Some(Due::Lost) => self.plan.driver.set_size(current),
            Some(Due::Size(wish)) => {
                tracing::info!(session = self.name, "dialling again for another size");
                self.plan.driver.wish(wish);
            }
        }
        self.dial_again();
    }

    /// Leaves the remote, if it is there, for another connection.
    fn dial_again(&mut self) {
        self.connected = false;
        self.remote.leave();
        self.session.handle_redial();
        self.remote = RemoteSide::dial(&self.app, &self.plan);
    }

    /// The remote sends us elsewhere.
    pub(super) fn follow(&mut self, redirect: &Redirect) {
        let followed = if self.redial.may_follow() {
            self.plan.follow(redirect)
        } else {
            Err(DialError::Redirected { reason: "there were too many before" })
        };
        match followed {
            Ok(()) => {
                let hosts = redirect.hosts.len();
                tracing::info!(session = self.name, hosts, "the remote redirects the connection");
                self.dial_again();
            }
            Err(error) => self.handle_fault(&error.into()),
        }
    }

    /// What to ask for after `error`, if that may help and somebody is there.
    pub(super) fn question(&mut self, error: &DialError) -> Option<Question> {
        let is_in = self.connected && !self.plan.driver.logs_on_late();
        if is_in || !self.session.can_ask() {
            return None;
        }
        self.asking.after(error)
    }

    /// Somebody has answered: another try.
    pub(super) fn handle_credentials(&mut self, answer: &Credentials) {
        self.plan.driver.credentials_mut().fill(self.asking.asked(), answer);
        self.remote = RemoteSide::dial(&self.app, &self.plan);
    }
}
