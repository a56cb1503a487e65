//! What a request knows of its session so far.

use cloakroom_core::{Active, Changes, Data, SessionError};
use std::time::Duration;

/// How much the request has wanted of its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing.
    #[default]
    Untouched,
    /// To read it; that may have failed.
    Asked,
    /// It is read.
    Loaded,
}

/// What the answer does to the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CookieChange {
    #[default]
    None,
    Set,
    Clear,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) stage: Stage,
    active: Option<Active>,
    /// The data as this request sees it: what is stored, with the changes made so far. Made when it is needed.
    view: Option<Data>,
    /// Changes that are being written, or could not be. What is changed meanwhile must not get lost behind them.
    pub(super) under_way: Changes,
    changes: Changes,
    pub(super) cookie: CookieChange,
    /// An act has given the client a new cookie, or taken it.
    pub(super) acted: bool,
    /// The answer has left, or is about to.
    pub(super) answered: bool,
    /// Too many tokens that open nothing came from this network, and this was one.
    pub(super) held_up: Option<Duration>,
}

impl State {
    /// Notes that the session is asked for. Answers whether it has yet to be read.
    pub(super) fn ask(&mut self) -> bool {
        if self.stage == Stage::Untouched {
            self.stage = Stage::Asked;
        }
        self.stage == Stage::Asked
    }

    pub(super) fn active(&self) -> Option<&Active> {
        self.active.as_ref()
    }

    /// The session, unless it wants a step-up first.
    pub(super) fn trusted(&self) -> Option<&Active> {
        self.active().filter(|active| active.mismatch().is_none())
    }

    pub(super) fn wants_step_up(&self) -> bool {
        self.active.is_some() && self.trusted().is_none()
    }

    /// Takes over what the engine returned. Collected changes stay to be written.
    pub(super) fn adopt(&mut self, active: Option<Active>) {
        self.stage = Stage::Loaded;
        if active.as_ref().is_some_and(Active::is_new_token) {
            self.cookie = CookieChange::Set;
        }
        self.view = None;
        self.active = active;
    }

    /// Takes over the result of an act that begins or ends a session: what was collected before belongs to the other.
    pub(super) fn act(&mut self, active: Option<Active>) {
        self.drop_changes();
        self.acted = true;
        if active.is_none() {
            self.cookie = CookieChange::Clear;
        }
        self.adopt(active);
    }

    /// Takes over the session of a log-in. Changes that a visitor made to what survives log-in come along; those made as
    /// somebody else do not.
    pub(super) fn log_in(&mut self, active: Active) {
        let before = self.active.as_ref().and_then(Active::subject);
        let mut carried = [Changes::none(), Changes::none()];
        if before.is_none() || before == active.subject() {
            carried = [self.under_way.carried(), self.changes.carried()];
        }
        self.act(Some(active));
        [self.under_way, self.changes] = carried;
    }

    /// The session ended under this request: to the client that is as if it had never had one.
    pub(super) fn lose(&mut self) {
        self.drop_changes();
        if self.cookie == CookieChange::Set {
            self.cookie = CookieChange::None;
        }
        self.adopt(None);
    }

    pub(super) fn drop_changes(&mut self) {
        self.under_way = Changes::none();
        self.changes = Changes::none();
        self.view = None;
    }

    pub(super) fn has_changes(&self) -> bool {
        !(self.under_way.is_empty() && self.changes.is_empty())
    }

    /// What is to be written next.
    pub(super) fn next_changes(&mut self) -> Option<Changes> {
        if self.under_way.is_empty() {
            self.under_way = std::mem::take(&mut self.changes);
        }
        (!self.under_way.is_empty()).then(|| self.under_way.clone())
    }

    /// The data as this request sees it.
    pub(super) fn view(&mut self) -> Result<&mut Data, SessionError> {
        let view = match self.view.take() {
            Some(view) => view,
            None => self.read()?,
        };
        Ok(self.view.insert(view))
    }

    fn read(&self) -> Result<Data, SessionError> {
        let mut data = self.trusted().map(Active::data).transpose()?.unwrap_or_default();
        self.under_way.apply(&mut data)?;
        self.changes.apply(&mut data)?;
        Ok(data)
    }

    /// Collects a change, if it can be made to what this request sees.
    pub(super) fn change(
        &mut self,
        add: impl FnOnce(&mut Changes) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        let mut changes = self.changes.clone();
        add(&mut changes)?;
        if let Err(error) = changes.apply_last(self.view()?) {
            // Half of it may be in the view, but none of it in the changes.
            self.view = None;
            return Err(error.into());
        }
        self.changes = changes;
        Ok(())
    }
}
