//! Following the journal: apply what it says, confirm the lease, write what was seen, say again what a new primary missed.

use super::Near;
use super::lease::Heard;
use crate::journal::{Page, Position};
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Entries of one read.
const PAGE: usize = 1000;
/// How long a read waits for the first entry. It is no longer, so that a follower whose sessions are gone ends soon.
const WAIT: Duration = Duration::from_secs(1);
/// The first pause after a failure; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two confirmations, however long the lease.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often the lease of the deployment is renewed; a store forgets it after [`LEASE_KEPT`](crate::LEASE_KEPT).
const RENEW_LEASE: Duration = Duration::from_secs(20);
/// A touch waits no longer than this.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Reads, confirms and flushes until it is no longer wanted; then flushes once more.
pub(super) async fn follow(
    near: Arc<Near>,
    store: Arc<dyn Store>,
    touch_every: Duration,
    wanted: impl Fn() -> bool + Send + Sync,
) {
    let reading = read(&near, &*store, &wanted);
    let confirming = confirm(&near, &*store, &wanted);
    let flushing = flush(&near, &*store, touch_every, &wanted);
    let saying = say_again(&near, &*store, &wanted);
    tokio::join!(reading, confirming, flushing, saying);
    near.flush(&*store).await;
}

/// Applies the journal's entries, in order.
async fn read(near: &Near, store: &dyn Store, wanted: &(impl Fn() -> bool + Sync)) {
    let mut pause = FIRST_PAUSE;
    while wanted() {
        match turn(near, store).await {
            Ok(()) => pause = FIRST_PAUSE,
            Err(error) => {
                tracing::debug!(%error, "the journal can not be followed at the moment");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }
}

/// One read, from where the last one ended.
async fn turn(near: &Near, store: &dyn Store) -> Result<(), StoreError> {
    let Some(position) = near.lease.position() else {
        return find_place(near, store).await;
    };
    let page = store.journal(&position, PAGE, WAIT).await?;
    let same = page.next.same_history(&position);
    if page.gap || !same {
        let what = if same {
            "the journal has a gap"
        } else {
            "another primary took over, or it was restarted"
        };
        tracing::warn!("{what}: the near cache forgets everything");
        near.lease.lose_place();
        return find_place(near, store).await;
    }
    take(near, &position, page);
    Ok(())
}

/// Begins at the journal's end. What is read from the store after that is as new as everything before it, so the cache
/// begins empty, and what is being read at this moment is not taken.
async fn find_place(near: &Near, store: &dyn Store) -> Result<(), StoreError> {
    let end = store.journal_end().await?;
    near.clear();
    if near.lease.begin(end) {
        near.revoked.owe();
    }
    Ok(())
}

/// Says again what was seen revoked, each time that another primary has taken over.
async fn say_again(near: &Near, store: &dyn Store, wanted: &(impl Fn() -> bool + Sync)) {
    while wanted() {
        // A limit, so that it ends soon when it is no longer wanted.
        if tokio::time::timeout(WAIT, near.revoked.owed()).await.is_err() {
            continue;
        }
        match near
            .revoked
            .say(store, near.clock.steady(), near.clock.now())
            .await
        {
            Ok(0) => {}
            Ok(said) => tracing::warn!(
                said,
                "what was revoked of late was said again to the present primary"
            ),
            Err(error) => {
                tracing::debug!(%error, "what was revoked of late can not be said again at the moment");
                tokio::time::sleep(FIRST_PAUSE).await;
            }
        }
    }
}

/// Applies a page, and only then says that it was read.
fn take(near: &Near, from: &Position, page: Page) {
    for entry in &page.entries {
        near.apply(&entry.event);
    }
    // Somebody may have found out meanwhile that this place belongs to another history.
    if near.lease.position().as_ref() == Some(from) {
        near.lease.advance(page.next);
    }
}

/// Has the lease confirmed, three times as often as it runs out, and that of the deployment kept.
async fn confirm(near: &Near, store: &dyn Store, wanted: &(impl Fn() -> bool + Sync)) {
    let every = (near.lease.span() / 3).min(LONGEST_PAUSE);
    let mut renewed = near.clock.steady();
    while wanted() {
        let began = near.clock.steady();
        if let Err(error) = keep(near, store, &mut renewed).await {
            tracing::debug!(%error, "the lease can not be confirmed at the moment");
        }
        let took = near.clock.steady().saturating_sub(began);
        tokio::time::sleep(every.saturating_sub(took).max(Duration::from_millis(1))).await;
    }
}

/// Renews what was agreed if that is due, and only then confirms: a node that was away for long may come back to others
/// who rely on a shorter lease.
async fn keep(near: &Near, store: &dyn Store, renewed: &mut Duration) -> Result<(), StoreError> {
    let now = near.clock.steady();
    if now.saturating_sub(*renewed) >= RENEW_LEASE {
        let span = near.lease.span();
        let agreed = store.lease(span, near.clock.now()).await?;
        if agreed < span {
            tracing::warn!(
                ?agreed,
                "other nodes have agreed on a shorter lease; keeping to it"
            );
            near.lease.shorten(agreed);
        }
        *renewed = now;
    }
    ask(near, store).await
}

async fn ask(near: &Near, store: &dyn Store) -> Result<(), StoreError> {
    let asked = near.clock.steady();
    let Some(before) = near.lease.position() else {
        return Ok(());
    };
    let end = store.confirm().await?;
    if near.lease.promise(asked, &before, end) == Heard::OtherHistory {
        tracing::warn!(
            "the primary has another history than what was read: the near cache forgets everything"
        );
        near.lease.lose_place();
        near.clear();
    }
    Ok(())
}

/// Writes what was seen: often enough that nobody takes a session that is in use for an idle one.
async fn flush(near: &Near, store: &dyn Store, touch_every: Duration, wanted: &(impl Fn() -> bool + Sync)) {
    let every = FLUSH_EVERY.min(touch_every / 4).max(Duration::from_millis(10));
    while wanted() {
        tokio::time::sleep(every).await;
        near.flush(store).await;
    }
}
