//! All sessions there are and ever were, as their owners know them.

use crate::client::Opened;
use crate::dice::Dice;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// A session and its newest token.
pub struct Session {
    pub number: u32,
    pub id: String,
    token: Mutex<String>,
}

impl Session {
    pub fn new(number: u32, opened: Opened) -> Self {
        Self {
            number,
            id: opened.id,
            token: Mutex::new(opened.token),
        }
    }

    pub fn token(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    /// The successor of a token, unless another answer has brought a later one.
    pub fn keep(&self, old: &str, successor: String) {
        let mut token = self.token.lock().unwrap();
        if *token == old {
            *token = successor;
        }
    }
}

/// A user with one or a few sessions. Nothing is opened for them any more once one of these was ended: an ending whose
/// answer was lost may still be under way.
pub struct User {
    pub name: String,
    pub sessions: Vec<Arc<Session>>,
}

/// Users who are there, and sessions that somebody has tried to end.
#[derive(Default)]
pub struct Sessions {
    numbers: AtomicU32,
    live: Mutex<Vec<User>>,
    ended: Mutex<Vec<Arc<Session>>>,
}

impl Sessions {
    /// A number that nothing else has.
    pub fn number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub fn add(&self, user: User) {
        self.live.lock().unwrap().push(user);
    }

    pub fn live(&self) -> usize {
        let live = self.live.lock().unwrap();
        live.iter().map(|user| user.sessions.len()).sum()
    }

    /// Somebody to be logged out.
    pub fn take(&self, dice: &mut Dice) -> Option<User> {
        let mut live = self.live.lock().unwrap();
        let index = dice.below(live.len());
        (!live.is_empty()).then(|| live.swap_remove(index))
    }

    /// Nobody may accept these any more.
    pub fn bury(&self, sessions: Vec<Arc<Session>>) {
        self.ended.lock().unwrap().extend(sessions);
    }

    pub fn a_live_one(&self, dice: &mut Dice) -> Option<Arc<Session>> {
        let live = self.live.lock().unwrap();
        let user = dice.one_of(&live)?;
        dice.one_of(&user.sessions).cloned()
    }

    /// One that was ended; a recent one as often as any other.
    pub fn an_ended_one(&self, dice: &mut Dice) -> Option<Arc<Session>> {
        let ended = self.ended.lock().unwrap();
        let recent = ended.len().saturating_sub(20);
        if dice.percent(50) {
            dice.one_of(&ended[recent..]).cloned()
        } else {
            dice.one_of(&ended).cloned()
        }
    }

    pub fn all(&self) -> Vec<Arc<Session>> {
        let live = self.live.lock().unwrap();
        let live = live.iter().flat_map(|user| user.sessions.iter().cloned());
        live.chain(self.ended.lock().unwrap().iter().cloned()).collect()
    }
}
