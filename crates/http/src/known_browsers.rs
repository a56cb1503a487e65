//! Browsers that have logged in before: a cookie that proves it, and nothing else.
//!
//! It holds a random number and, for each of the last few accounts, a keyed hash of both. Whoever steals it gets a budget of
//! wrong passwords, and no step nearer to an account. The key is kept in the session store, so that all nodes have the same; if
//! it is lost, every browser is a stranger once more.

use ::cookie::{Cookie, SameSite};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloakroom_core::{Label, Memo, MemoWrite, SessionError, Sessions, StoreError};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use std::fmt;
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long a browser stays known: the longest that browsers keep a cookie (RFC 6265bis §5.5).
const KNOWN_FOR: Duration = Duration::from_hours(400 * 24);
/// How many accounts of one browser are remembered.
const ACCOUNTS: usize = 5;
const ID: usize = 12;
const PROOF: usize = 16;

/// The random number of a browser: for a budget of its own, so that whoever guesses at an account does not lock out its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserId([u8; ID]);

impl BrowserId {
    /// From bytes that were kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; ID]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for BrowserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Knows browsers again that have logged in to an account before (OWASP device cookies).
///
/// A stranger with the password mostly has the same kind of browser as the account's owner, and is told apart by this alone.
/// The journal says of a log-in what [`LogIn::known_browser`](crate::LogIn::known_browser) said.
///
/// ```
/// # #[cfg(feature = "axum")] mod example {
/// use axum::{Extension, http::header::SET_COOKIE, response::AppendHeaders};
/// use cloakroom_http::{KnownBrowsers, LogIn, Refused, Session};
/// use http::{HeaderMap, HeaderName, HeaderValue};
/// use std::sync::Arc;
///
/// async fn log_in(
///     session: Session,
///     Extension(browsers): Extension<Arc<KnownBrowsers>>,
///     headers: HeaderMap,
/// ) -> Result<AppendHeaders<Option<(HeaderName, HeaderValue)>>, Refused> {
///     // ... check the password of "alice", then:
///     let known = browsers.known(&headers, "alice").await?.is_some();
///     session.log_in(LogIn::of("alice".parse()?).known_browser(known)).await?;
///     let cookie = browsers.remember(&headers, "alice").await?;
///     Ok(AppendHeaders(cookie.map(|cookie| (SET_COOKIE, cookie))))
/// }
/// # }
/// ```
pub struct KnownBrowsers {
    sessions: Sessions,
    key: OnceCell<hmac::Key>,
    secure: bool,
}

/// What a browser's cookie says: not yet whether it is true.
struct Card {
    id: BrowserId,
    proofs: Vec<[u8; PROOF]>,
}

impl KnownBrowsers {
    /// By a cookie called `__Host-known`, and a key that is kept in the store of these sessions.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            key: OnceCell::new(),
            secure: true,
        }
    }

    /// By a cookie called `known`, which also goes over plain HTTP. For development.
    #[must_use]
    pub fn danger_insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    /// The browser, if it has logged in to this account before.
    pub async fn known(&self, headers: &HeaderMap, account: &str) -> Result<Option<BrowserId>, SessionError> {
        let Some(card) = self.card(headers) else {
            return Ok(None);
        };
        let expected = proof(self.key().await?, card.id, account);
        let good = card
            .proofs
            .iter()
            .any(|given| verify_slices_are_equal(given, &expected).is_ok());
        Ok(good.then_some(card.id))
    }

    /// The cookie (`Set-Cookie`) for a browser that has just logged in to this account.
    pub async fn remember(
        &self,
        headers: &HeaderMap,
        account: &str,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let key = self.key().await?;
        let mut card = match self.card(headers) {
            Some(card) => card,
            None => Card {
                id: BrowserId(self.random()?),
                proofs: Vec::new(),
            },
        };
        let proof = proof(key, card.id, account);
        card.proofs.retain(|given| *given != proof);
        card.proofs.insert(0, proof);
        card.proofs.truncate(ACCOUNTS);
        Ok(self.cookie(&card))
    }

    fn name(&self) -> &'static str {
        if self.secure { "__Host-known" } else { "known" }
    }

    fn card(&self, headers: &HeaderMap) -> Option<Card> {
        let lines = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok());
        let mut cookies = lines.flat_map(|line| line.split(';'));
        let value = cookies.find_map(|pair| pair.trim().strip_prefix(self.name())?.strip_prefix('='))?;
        if value.len() > 4 * (ID + PROOF * ACCOUNTS) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (id, proofs) = bytes.split_first_chunk()?;
        let (proofs, []) = proofs.as_chunks() else {
            return None;
        };
        (proofs.len() <= ACCOUNTS).then(|| Card {
            id: BrowserId(*id),
            proofs: proofs.to_vec(),
        })
    }

    fn cookie(&self, card: &Card) -> Option<HeaderValue> {
        let bytes = [&card.id.0[..], card.proofs.as_flattened()].concat();
        let mut cookie = Cookie::new(self.name(), URL_SAFE_NO_PAD.encode(bytes));
        cookie.set_http_only(true);
        cookie.set_secure(self.secure);
        cookie.set_same_site(SameSite::Strict);
        cookie.set_path("/");
        let age = i64::try_from(KNOWN_FOR.as_secs()).ok()?;
        cookie.set_max_age(cookie::time::Duration::seconds(age));
        let mut value = HeaderValue::try_from(cookie.to_string()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    async fn key(&self) -> Result<&hmac::Key, StoreError> {
        self.key.get_or_try_init(|| self.agree()).await
    }

    /// The key that all nodes have: read, or made by whoever comes first. Reading it keeps it for as long again.
    async fn agree(&self) -> Result<hmac::Key, StoreError> {
        let (label, now) = (Label::new("known-devices"), self.sessions.now());
        let shared = self.sessions.store().shared();
        loop {
            let present: Option<Memo> = shared.memo(&label, now).await?;
            let fresh: [u8; 32] = self.random()?;
            let bytes = present.as_ref().map_or(&fresh[..], |memo| &memo.bytes);
            let write = MemoWrite {
                label: label.clone(),
                expected: present.as_ref().map(|memo| memo.version),
                bytes: bytes.to_vec(),
                until: now + KNOWN_FOR,
                now,
                event: None,
            };
            if shared.keep_memo(&write).await?.is_some() {
                return Ok(hmac::Key::new(hmac::HMAC_SHA256, &write.bytes));
            }
        }
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        let filled = self.sessions.random().fill(&mut bytes);
        filled.map_err(|error| StoreError::Unavailable(error.to_string().into()))?;
        Ok(bytes)
    }
}

fn proof(key: &hmac::Key, id: BrowserId, account: &str) -> [u8; PROOF] {
    let tag = hmac::sign(key, &[&id.0[..], account.as_bytes()].concat());
    let mut proof = [0; PROOF];
    proof.copy_from_slice(&tag.as_ref()[..PROOF]);
    proof
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::{MemoryStore, Policy};
    use cloakroom_testkit::{HandClock, SeededRandom};
    use std::sync::Arc;

    /// A node of its own on a store.
    fn browsers(store: &Arc<MemoryStore>, seed: u64) -> KnownBrowsers {
        let (clock, random) = (HandClock::new(), SeededRandom::new(seed));
        let sessions = Sessions::new(store.clone(), Policy::default(), clock, random);
        KnownBrowsers::new(sessions)
    }

    fn carrying(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        headers
    }

    fn value(header: &HeaderValue) -> String {
        let text = header.to_str().unwrap();
        text.split(';').next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_browser_is_known_to_the_accounts_it_logged_in_to_on_every_node() {
        let store = Arc::new(MemoryStore::new());
        let (a, b) = (browsers(&store, 1), browsers(&store, 2));
        let empty = HeaderMap::new();
        assert_eq!(a.known(&empty, "ada").await.unwrap(), None);
        let cookie = a.remember(&empty, "ada").await.unwrap().unwrap();
        let text = cookie.to_str().unwrap();
        assert!(
            text.starts_with("__Host-known=") && text.contains("SameSite=Strict"),
            "{text}"
        );
        let headers = carrying(&format!("x=y; {}", value(&cookie)));
        let id = b.known(&headers, "ada").await.unwrap();
        assert!(id.is_some());
        assert_eq!(b.known(&headers, "bob").await.unwrap(), None);
        let both = b.remember(&headers, "bob").await.unwrap().unwrap();
        for name in ["ada", "bob"] {
            assert_eq!(a.known(&carrying(&value(&both)), name).await.unwrap(), id);
        }
    }

    #[tokio::test]
    async fn the_last_few_accounts_are_remembered_and_what_is_made_up_is_nobody() {
        let browsers = browsers(&Arc::new(MemoryStore::new()), 1);
        let mut headers = HeaderMap::new();
        for n in 0..=ACCOUNTS {
            let cookie = browsers
                .remember(&headers, &n.to_string())
                .await
                .unwrap()
                .unwrap();
            headers = carrying(&value(&cookie));
        }
        assert_eq!(browsers.known(&headers, "0").await.unwrap(), None);
        for n in 1..=ACCOUNTS {
            assert!(browsers.known(&headers, &n.to_string()).await.unwrap().is_some());
        }
        let long = "A".repeat(100_000);
        for made_up in [
            "",
            "AAAA",
            "....",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            &long,
        ] {
            let headers = carrying(&format!("__Host-known={made_up}"));
            assert_eq!(
                browsers.known(&headers, "ada").await.unwrap(),
                None,
                "{made_up:.40}"
            );
            assert!(browsers.remember(&headers, "ada").await.unwrap().is_some());
        }
    }
}
