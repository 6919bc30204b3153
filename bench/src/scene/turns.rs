//! Programs that take turns on one screen, for measurements that take long.

use anyhow::Result;

use super::Scene;
use super::moving::{Switch, Video};
use super::screen::Screen;
use super::text::Page;

/// Steps of one turn: twenty seconds at thirty steps a second.
const TURN_STEPS: u64 = 600;

/// Steps from one switch of windows to the next: half a second.
const SWITCH_STEPS: u64 = 15;

/// A page that scrolls, a film, and two windows in turn.
pub(super) struct Turns {
    page: Page,
    video: Video,
    switch: Switch,
}

impl Turns {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        Ok(Self {
            page: Page::new(screen)?,
            video: Video::new(screen)?,
            switch: Switch::new(screen)?,
        })
    }
}

impl Scene for Turns {
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()> {
        let begins = number.is_multiple_of(TURN_STEPS);
        match number / TURN_STEPS % 3 {
            0 => {
                if begins {
                    screen.raise(self.page.window)?;
                }
                self.page.step(screen, number)
            }
            1 => {
                if begins {
                    screen.raise(self.video.window)?;
                }
                self.video.step(screen, number)
            }
            _ if number.is_multiple_of(SWITCH_STEPS) => {
                self.switch.step(screen, number / SWITCH_STEPS)
            }
            _ => Ok(()),
        }
    }
}
