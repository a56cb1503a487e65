//! What is remembered of a subject that has had a session.

use super::known::Known;
use super::tally::Tally;
use crate::places::Country;
use crate::sight::Sight;
use cloakroom_core::SessionId;
use std::sync::Arc;

/// At most 12 stays, 16 devices, 16 countries, and tallies of 64 each: about 6 KB when all are full.
#[derive(Default)]
pub(crate) struct Person {
    /// Sessions in places, each as it was seen last.
    pub stays: Vec<Stay>,
    pub openings: Tally,
    /// Sessions that were logged out by the user, or replaced in the same browser.
    pub log_outs: Tally,
    pub failures: Tally,
    pub devices: Known<Arc<str>>,
    pub countries: Known<Country>,
    pub usual: Usual,
    /// How often a browser of a known name had forgotten that it logged in before, less how often one had not.
    forgetful: u8,
}

/// A session in one place.
pub(crate) struct Stay {
    /// As it was seen there last.
    pub last: Sight,
    /// Whether its session is open, as far as is known.
    pub live: bool,
}

const STAYS: usize = 12;
/// So many log-ins of browsers that have forgotten (private windows, cookies that are deleted), and it is a habit.
const HABIT: u8 = 2;

impl Person {
    /// What a live session was last seen on.
    pub fn device_of(&self, session: SessionId) -> Option<&Sight> {
        let of_session = self
            .stays
            .iter()
            .filter(|stay| stay.last.session == Some(session));
        of_session
            .map(|stay| &stay.last)
            .filter(|sight| sight.device.is_some())
            .max_by_key(|sight| sight.at)
    }

    /// Where a session was seen, earliest first.
    pub fn seen_in(&self, session: SessionId) -> Vec<Sight> {
        let of_session = self
            .stays
            .iter()
            .filter(|stay| stay.last.session == Some(session));
        let mut seen: Vec<_> = of_session.map(|stay| stay.last.clone()).collect();
        seen.sort_by_key(|sight| sight.at);
        seen
    }

    /// Whether somebody was seen on a device of this name.
    pub fn knows_device_of(&self, sight: &Sight) -> bool {
        sight
            .device
            .as_ref()
            .is_some_and(|device| self.devices.holds(device))
    }

    /// Whether their browsers mostly forget that they logged in.
    pub fn is_forgetful(&self) -> bool {
        self.forgetful >= HABIT
    }

    /// Notes where somebody is. A session that stays in its network, or has no address, stays.
    pub fn note(&mut self, sight: &Sight) {
        match sight.known {
            Some(true) => self.forgetful = self.forgetful.saturating_sub(1),
            Some(false) if self.knows_device_of(sight) => {
                self.forgetful = self.forgetful.saturating_add(1).min(2 * HABIT);
            }
            _ => {}
        }
        if let Some(device) = &sight.device {
            self.devices.see(device, sight.at);
        }
        if let Some(country) = sight.place.evident() {
            self.countries.see(&country, sight.at);
        }
        if sight.session.is_none() || sight.ip.is_none() {
            return;
        }
        let same = |stay: &&mut Stay| {
            stay.last.session == sight.session
                && stay.last.network() == sight.network()
                && stay.last.at <= sight.at
        };
        if let Some(stay) = self.stays.iter_mut().find(same) {
            stay.last = sight.clone();
            return;
        }
        if self.stays.len() == STAYS
            && let Some(oldest) = (0..STAYS).min_by_key(|at| (self.stays[*at].live, self.stays[*at].last.at))
        {
            self.stays.swap_remove(oldest);
        }
        self.stays.push(Stay {
            last: sight.clone(),
            live: true,
        });
    }

    /// What a session was seen on, and where, is not the user's, as far as no other session was seen there: it is new again.
    pub fn disowned(&mut self, session: SessionId) {
        let (foreign, own): (Vec<_>, Vec<_>) = std::mem::take(&mut self.stays)
            .into_iter()
            .partition(|stay| stay.last.session == Some(session));
        self.stays = own;
        for Stay { last, .. } in foreign {
            let elsewhere = |same: &dyn Fn(&Sight) -> bool| self.stays.iter().any(|stay| same(&stay.last));
            if !elsewhere(&|sight| sight.device == last.device) {
                self.devices.forget(last.device.as_ref());
            }
            if !elsewhere(&|sight| sight.place.evident() == last.place.evident()) {
                self.countries.forget(last.place.evident().as_ref());
            }
        }
    }

    pub fn ended(&mut self, session: SessionId) {
        for stay in &mut self.stays {
            if stay.last.session == Some(session) {
                stay.live = false;
            }
        }
    }
}

/// How many sessions a subject opens in a day on which it opens any.
#[derive(Default)]
pub(crate) struct Usual {
    day: u64,
    today: u32,
    mean: f32,
}

const DAY: u64 = 86_400_000;

impl Usual {
    pub fn opened(&mut self, at: u64) {
        let day = at / DAY;
        if day != self.day {
            // What was one wild day must not become usual at once.
            let counted = f32::from(u16::try_from(self.today.min(50)).unwrap_or(50));
            self.mean = if self.mean == 0.0 {
                counted
            } else {
                self.mean * 0.8 + counted * 0.2
            };
            (self.day, self.today) = (day, 0);
        }
        self.today = self.today.saturating_add(1);
    }

    pub fn per_day(&self) -> f32 {
        self.mean.max(1.0)
    }
}
