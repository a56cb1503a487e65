//! Sessions to test with: "a session of alice, seen at ten, idle after sixty".

use crate::clock::START;
use crate::random::SeededRandom;
use cloakroom_core::{
    Actor, Bucket, Cause, Client, Epoch, Found, Identity, Key, Kind, Moved, Opening, Record, Revision,
    Rotation, SessionId, Subject, Swap, Timestamp, Token, TokenState, Touch, WhenFull,
};
use std::time::Duration;

/// A cause with every field filled in, so that a store which drops one is found out.
#[must_use]
pub fn cause(at: Timestamp) -> Cause {
    Cause {
        at,
        actor: Actor::Operator("Ops “night shift”".to_owned()),
        ip: "2001:db8::17".parse().ok(),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64) “test”".into()),
        detail: Some("because\tthe test says so: ünï ✓".into()),
    }
}

/// Draws sessions, keys and tokens from one seed.
#[derive(Debug)]
pub struct Sample {
    random: SeededRandom,
}

impl Sample {
    /// Everything drawn from it follows from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: SeededRandom::new(seed),
        }
    }

    /// The source of its secrets.
    #[must_use]
    pub fn random(&self) -> &SeededRandom {
        &self.random
    }

    /// The key of a new token in a bucket.
    #[must_use]
    pub fn key(&self, bucket: Bucket) -> Key {
        Token::mint(bucket, &self.random).unwrap().key()
    }

    /// A session of a subject, begun and last seen at `now`, that would live an hour without being used, and a day at most.
    #[must_use]
    pub fn session(&self, subject: &Subject, now: Timestamp) -> Draft {
        let identity = Identity {
            subject: subject.clone(),
            roles: vec!["admin".parse().unwrap(), "editor".parse().unwrap()],
            epoch: Epoch::default(),
            authenticated_at: now,
            methods: vec!["password".parse().unwrap()],
            remember: false,
        };
        self.draft(Bucket::of(subject), Some(identity), now)
    }

    /// A session of nobody, in a bucket.
    #[must_use]
    pub fn anonymous(&self, bucket: Bucket, now: Timestamp) -> Draft {
        self.draft(bucket, None, now)
    }

    fn draft(&self, bucket: Bucket, identity: Option<Identity>, now: Timestamp) -> Draft {
        let record = Record {
            id: SessionId::mint(&self.random).unwrap(),
            revision: Revision(1),
            identity,
            created_at: now,
            seen_at: now,
            expires_at: now + Duration::from_hours(24),
            token_at: now,
            token: TokenState::Confirmed { at: None },
            renew_now: false,
            challenged: false,
            client: Client::at([192, 0, 2, 1].into())
                .with_user_agent("test/1")
                .with_language("en"),
            sealed: Some(vec![0, 255, 1, 254].into()),
        };
        Draft {
            key: self.key(bucket),
            record,
            idle: Duration::from_hours(1),
        }
    }
}

/// A session that is not open yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where it will be.
    pub key: Key,
    /// What it will be.
    pub record: Record,
    /// How long it may go unused.
    pub idle: Duration,
}

impl Draft {
    /// Last seen then.
    #[must_use]
    pub fn seen(mut self, at: Timestamp) -> Self {
        self.record.seen_at = at;
        self
    }

    /// May go unused so many seconds.
    #[must_use]
    pub fn idle(mut self, seconds: u64) -> Self {
        self.idle = Duration::from_secs(seconds);
        self
    }

    /// With this absolute deadline.
    #[must_use]
    pub fn expires(mut self, at: Timestamp) -> Self {
        self.record.expires_at = at;
        self
    }

    /// Logged in during this epoch.
    #[must_use]
    pub fn epoch(mut self, epoch: Epoch) -> Self {
        self.record
            .identity
            .as_mut()
            .expect("somebody is logged in")
            .epoch = epoch;
        self
    }

    /// With this sealed data.
    #[must_use]
    pub fn sealed(mut self, bytes: &[u8]) -> Self {
        self.record.sealed = Some(bytes.into());
        self
    }

    /// Its handle.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.record.id
    }

    /// When inactivity would end it.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.record.deadline(self.idle)
    }

    /// What a reader is to find once it is open.
    #[must_use]
    pub fn found(&self) -> Found {
        Found {
            key: self.key,
            record: self.record.clone(),
        }
    }

    /// The step that opens it, at the moment it was last seen, without a limit.
    #[must_use]
    pub fn opening(&self) -> Opening {
        Opening {
            key: self.key,
            record: self.record.clone(),
            deadline: self.deadline(),
            max_sessions: 0,
            when_full: WhenFull::EvictOldest,
            replaces: None,
            cause: cause(self.record.seen_at),
        }
    }

    /// The step that opens it under a limit.
    #[must_use]
    pub fn opening_within(&self, max_sessions: u32, when_full: WhenFull) -> Opening {
        Opening {
            max_sessions,
            when_full,
            ..self.opening()
        }
    }

    /// The step that writes the next version, which holds these data.
    #[must_use]
    pub fn swap(&self, sealed: &[u8]) -> Swap {
        let mut record = self.record.clone();
        record.revision = record.revision.next();
        record.sealed = Some(sealed.into());
        Swap {
            key: self.key,
            expected: self.record.revision,
            record,
            deadline: self.deadline(),
            kind: Kind::Updated,
            cause: cause(self.record.seen_at),
        }
    }

    /// The step that moves it to a new key and leaves the way there for a minute.
    #[must_use]
    pub fn rotation(&self, to: Key) -> Rotation {
        let mut swap = self.swap(b"sealed anew");
        swap.kind = Kind::Renewed;
        let leave = Moved {
            id: self.id(),
            to,
            successor: b"sealed successor".as_slice().into(),
            confirmed_at: Some(START),
            expires_at: self.record.seen_at + Duration::from_mins(1),
        };
        Rotation {
            to,
            swap,
            leave: Some(leave),
        }
    }

    /// The step that notes that it was seen.
    #[must_use]
    pub fn touch(&self, seen_at: Timestamp) -> Touch {
        Touch {
            key: self.key,
            seen_at,
            deadline: (seen_at + self.idle).min(self.record.expires_at),
        }
    }
}
