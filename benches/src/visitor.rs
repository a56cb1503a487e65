//! Users who come with an ordinary browser, and five values in their sessions.

use anyhow::Result;
use cloakroom::{Client, Data, LogIn, Policy, Sessions, Token};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Its `User-Agent`.
pub const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
/// Its `Accept-Language`.
pub const LANGUAGE: &str = "en-GB,en;q=0.9,de;q=0.8";
/// How many log in at the same time.
const AT_ONCE: usize = 64;

/// The browser.
#[must_use]
pub fn client() -> Client {
    Client::at([192, 0, 2, 7].into())
        .with_user_agent(AGENT)
        .with_language(LANGUAGE)
}

/// A policy by which they are looked up and not written to, however long filling a store takes: a check is one `GET`.
pub fn policy() -> Result<Policy> {
    let policy = Policy::builder()
        .idle_timeout(Duration::from_hours(8))
        .touch_every(Duration::from_hours(1))
        .renew_after(None)
        .max_sessions(50);
    Ok(policy.build()?)
}

/// A log-in of this user.
pub fn log_in(user: &str, number: usize) -> Result<LogIn> {
    let mut data = Data::default();
    data.set_named("name", "Ada Lovelace")?;
    data.set_named("locale", "en-GB")?;
    data.set_named("theme", "dark")?;
    data.set_named("cart", &[number, number + 1, number + 2])?;
    data.set_named("returnTo", &format!("/orders/{number}"))?;
    Ok(LogIn::of(user.parse()?).with("password".parse()?).data(data))
}

/// Logs in so many users, each once. Answers the tokens of every so manieth, in no order.
pub async fn many(sessions: &Sessions, count: usize, every: usize) -> Result<Vec<Token>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (sessions, next, client) = (sessions.clone(), Arc::clone(&next), client());
        tasks.spawn(async move {
            let mut tokens = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(tokens);
                }
                let log_in = log_in(&format!("user-{number:08}"), number)?;
                let active = sessions.log_in(log_in, &client, None).await?;
                if number.is_multiple_of(every) {
                    tokens.push(active.token().clone());
                }
            }
        });
    }
    let mut tokens = Vec::new();
    while let Some(done) = tasks.join_next().await {
        tokens.extend(done??);
    }
    Ok(tokens)
}
