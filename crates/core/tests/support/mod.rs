//! What the tests of the engine start from: sessions over a memory store, a hand-wound clock, repeatable secrets.

#![allow(dead_code, reason = "each test file uses its own part of it")]

use cloakroom_core::{
    Active, Activity, Cause, Changes, Client, CloseReason, Event, Field, Key, Kind, LogIn, MemoryStore,
    Policy, PolicyBuilder, Position, Record, SessionError, Sessions, Slot, Store, Subject, Swap, Timestamp,
    Token, Word, Write,
};
use cloakroom_testkit::{FaultyStore, HandClock, SeededRandom};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A field that log-in drops.
pub const NOTE: Field<String> = Field::new("note");
/// A field that log-in carries over.
pub const CART: Field<Vec<String>> = Field::new("cart").survives_log_in();
/// A counter.
pub const HITS: Field<u32> = Field::new("hits");

pub const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

/// Sessions and what they stand on.
pub struct Desk {
    pub clock: HandClock,
    pub store: Arc<FaultyStore>,
    pub sessions: Sessions,
    pub client: Client,
}

impl Desk {
    /// With the default policy.
    pub fn new() -> Self {
        Self::with(Policy::builder())
    }

    pub fn with(policy: PolicyBuilder) -> Self {
        Self::over(FaultyStore::new(MemoryStore::new()), policy)
    }

    /// With tokens that are renewed every hour, and an idle timeout that is not in the way; and Alice's session, whose
    /// token is due.
    pub async fn at_the_edge() -> (Arc<Self>, Active) {
        let desk = Arc::new(Self::with(hourly()));
        let active = desk.log_in("alice").await;
        desk.wait(3600);
        (desk, active)
    }

    pub fn over(store: Arc<FaultyStore>, policy: PolicyBuilder) -> Self {
        let clock = HandClock::new();
        let random = SeededRandom::new(7);
        let sessions = Sessions::new(store.clone(), policy.build().unwrap(), clock.clone(), random);
        let client = client();
        Self {
            clock,
            store,
            sessions,
            client,
        }
    }

    /// The same store under another policy, as after a change of configuration or on another node.
    pub fn under(&self, policy: PolicyBuilder, seed: u64) -> Sessions {
        let random = SeededRandom::new(seed);
        Sessions::new(
            self.store.clone(),
            policy.build().unwrap(),
            self.clock.clone(),
            random,
        )
    }

    pub fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub async fn log_in(&self, name: &str) -> Active {
        self.sessions.log_in(who(name), &self.client, None).await.unwrap()
    }

    pub async fn anonymous(&self, changes: &Changes) -> Active {
        self.sessions.open_anonymous(&self.client, changes).await.unwrap()
    }

    /// What a request of the user's own browser gets.
    pub async fn show(&self, token: &Token) -> Option<Active> {
        self.try_show(token).await.unwrap()
    }

    pub async fn try_show(&self, token: &Token) -> Result<Option<Active>, SessionError> {
        self.sessions.resolve(token, &self.client, Activity::User).await
    }

    /// A request under way.
    pub fn showing(self: &Arc<Self>, token: &Token) -> JoinHandle<Result<Option<Active>, SessionError>> {
        let (desk, token) = (self.clone(), token.clone());
        tokio::spawn(async move { desk.try_show(&token).await })
    }

    /// The session after so many renewals, an hour apart, each of which reached the client.
    pub async fn renewed(&self, active: &Active, times: usize) -> Active {
        let mut present = active.clone();
        for _ in 0..times {
            self.wait(3600);
            let offered = self.show(present.token()).await.unwrap();
            assert!(offered.is_new_token());
            present = self.show(offered.token()).await.unwrap();
        }
        present
    }

    /// What a page gets that polls in the background.
    pub async fn poll(&self, token: &Token) -> Option<Active> {
        self.sessions
            .resolve(token, &self.client, Activity::Background)
            .await
            .unwrap()
    }

    /// Whether a token is good, without leaving a trace.
    pub async fn is_alive(&self, token: &Token) -> bool {
        self.sessions.introspect(token).await.unwrap().is_some()
    }

    pub async fn commit(&self, active: &Active, changes: &Changes) -> Result<Active, SessionError> {
        self.sessions.commit(active, changes, &self.client).await
    }

    /// Everything that happened, oldest first.
    pub async fn journal(&self) -> Vec<Event> {
        let page = self
            .store
            .journal(&Position::start(), 10_000, Duration::ZERO)
            .await
            .unwrap();
        page.entries.into_iter().map(|entry| entry.event).collect()
    }

    /// How sessions ended, in order.
    pub async fn endings(&self) -> Vec<&'static str> {
        let journal = self.journal().await;
        journal
            .iter()
            .filter_map(|event| event.reason)
            .map(CloseReason::as_str)
            .collect()
    }

    /// How many live sessions a subject has.
    pub async fn live(&self, name: &str) -> usize {
        self.sessions.list(&subject(name)).await.unwrap().len()
    }

    /// What the store holds under a token.
    pub async fn slot(&self, token: &Token) -> Option<Slot> {
        self.store.load(&token.key()).await.unwrap()
    }
}

/// Renewed every hour, and idle long enough not to be in the way.
pub fn hourly() -> PolicyBuilder {
    Policy::builder().idle_timeout(hours(2))
}

pub fn client() -> Client {
    Client::at([192, 0, 2, 7].into())
        .with_user_agent(CHROME)
        .with_language("en-GB,en;q=0.9")
}

pub fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

pub fn word(word: &str) -> Word {
    word.parse().unwrap()
}

pub fn words<const N: usize>(words: [&str; N]) -> Vec<Word> {
    words.map(word).to_vec()
}

pub fn who(name: &str) -> LogIn {
    LogIn::of(subject(name)).with(word("password"))
}

pub fn set(field: Field<String>, value: &str) -> Changes {
    let mut changes = Changes::none();
    changes.set(field, &value.to_owned()).unwrap();
    changes
}

pub fn note(text: &str) -> Changes {
    set(NOTE, text)
}

/// Adds to the cart, whatever is in it.
pub fn add_to_cart(article: &'static str) -> Changes {
    let mut changes = Changes::none();
    changes.update(CART, move |cart| cart.push(article.to_owned()));
    changes
}

/// Counts one more.
pub fn hit() -> Changes {
    let mut changes = Changes::none();
    changes.update(HITS, |hits| *hits += 1);
    changes
}

pub fn noted(active: &Active) -> Option<String> {
    active.data().unwrap().get(NOTE).unwrap()
}

pub fn cart(active: &Active) -> Vec<String> {
    active.data().unwrap().get(CART).unwrap().unwrap_or_default()
}

pub fn hits(active: &Active) -> u32 {
    active.data().unwrap().get(HITS).unwrap().unwrap_or_default()
}

/// The token as text, to compare.
pub fn text(token: &Token) -> String {
    token.expose().to_string()
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// So long before a moment.
pub fn before(moment: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_millis(moment.as_millis() - u64::try_from(span.as_millis()).unwrap())
}

/// Runs all at once on a runtime with several threads. Answers in order.
pub async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    tasks: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let running: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut done = Vec::new();
    for task in running {
        done.push(task.await.unwrap());
    }
    done
}

/// Writes a record over the one under a key, behind the engine's back.
pub async fn overwrite(store: &dyn Store, key: Key, mut record: Record) {
    let expected = record.revision;
    record.revision = expected.next();
    let (deadline, cause) = (record.expires_at, Cause::default());
    let swap = Swap {
        key,
        expected,
        record,
        deadline,
        kind: Kind::Updated,
        cause,
    };
    assert_eq!(store.swap(&swap).await.unwrap(), Write::Done);
}
