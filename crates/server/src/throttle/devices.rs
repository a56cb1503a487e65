//! Browsers that have logged in before: a cookie that proves it, and nothing else.
//!
//! It holds a random number and, for each of the last few accounts, a keyed hash of both. Whoever steals it gets a budget of
//! wrong passwords, and no step nearer to an account. The key is kept in the session store, so that all nodes have the same; if
//! it is lost, every browser is a stranger once more.

use aws_lc_rs::hmac;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloakroom::{Label, Memo, MemoWrite, Sessions, StoreError};
use cookie::{Cookie, SameSite};
use std::fmt;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::sync::OnceCell;

/// How long a browser stays known: the longest that browsers keep a cookie (RFC 6265bis §5.5).
const KNOWN_FOR: Duration = Duration::from_hours(400 * 24);
/// How many accounts of one browser are remembered.
const ACCOUNTS: usize = 5;
const ID: usize = 12;
const PROOF: usize = 16;

/// The random number of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceId([u8; ID]);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Knows browsers again.
pub struct Devices {
    sessions: Sessions,
    key: OnceCell<hmac::Key>,
    secure: bool,
}

/// What a browser's cookie says: not yet whether it is true.
struct Card {
    id: DeviceId,
    proofs: Vec<[u8; PROOF]>,
}

impl Devices {
    pub(super) fn new(sessions: Sessions, secure: bool) -> Self {
        Self {
            sessions,
            key: OnceCell::new(),
            secure,
        }
    }

    /// The browser, if it has logged in to this account before.
    pub async fn known(&self, headers: &HeaderMap, account: &str) -> Result<Option<DeviceId>, StoreError> {
        let Some(card) = self.card(headers) else {
            return Ok(None);
        };
        let expected = proof(self.key().await?, card.id, account);
        let good = card.proofs.iter().any(|given| given.ct_eq(&expected).into());
        Ok(good.then_some(card.id))
    }

    /// The cookie for a browser that has just logged in to this account.
    pub async fn remember(
        &self,
        headers: &HeaderMap,
        account: &str,
    ) -> Result<Option<HeaderValue>, StoreError> {
        let key = self.key().await?;
        let mut card = match self.card(headers) {
            Some(card) => card,
            None => Card {
                id: DeviceId(self.random()?),
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
            id: DeviceId(*id),
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
        HeaderValue::try_from(cookie.to_string()).ok()
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

fn proof(key: &hmac::Key, id: DeviceId, account: &str) -> [u8; PROOF] {
    let tag = hmac::sign(key, &[&id.0[..], account.as_bytes()].concat());
    let mut proof = [0; PROOF];
    proof.copy_from_slice(&tag.as_ref()[..PROOF]);
    proof
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom::{MemoryStore, Policy};
    use cloakroom_testkit::{HandClock, SeededRandom};
    use std::sync::Arc;

    impl DeviceId {
        pub(in crate::throttle) fn for_tests(number: u8) -> Self {
            Self([number; ID])
        }
    }

    /// A node of its own on a store.
    fn devices(store: &Arc<MemoryStore>, seed: u64) -> Devices {
        let (clock, random) = (HandClock::new(), SeededRandom::new(seed));
        let sessions = Sessions::new(store.clone(), Policy::default(), clock, random);
        Devices::new(sessions, true)
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
        let (a, b) = (devices(&store, 1), devices(&store, 2));
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
        let devices = devices(&Arc::new(MemoryStore::new()), 1);
        let mut headers = HeaderMap::new();
        for n in 0..=ACCOUNTS {
            let cookie = devices.remember(&headers, &n.to_string()).await.unwrap().unwrap();
            headers = carrying(&value(&cookie));
        }
        assert_eq!(devices.known(&headers, "0").await.unwrap(), None);
        for n in 1..=ACCOUNTS {
            assert!(devices.known(&headers, &n.to_string()).await.unwrap().is_some());
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
                devices.known(&headers, "ada").await.unwrap(),
                None,
                "{made_up:.40}"
            );
            assert!(devices.remember(&headers, "ada").await.unwrap().is_some());
        }
    }
}
