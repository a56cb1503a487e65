//! Reading from nobody who may not write.
//!
//! A primary that was cut off from its replicas stops writing, where `min-replicas-to-write` is set, and another may take its
//! place and revoke sessions; but it goes on answering reads. So a task writes something small to every primary, and while
//! one refuses for that reason nothing is read from it either: what it says may be the past.
//!
//! A server that never had a replica is not asked: nobody could take its place.

use crate::call::sign_of_life;
use crate::connection::link::Link;
use crate::connection::routes::Routes;
use crate::error::is_fenced;
use crate::names::Names;
use cloakroom_core::Bucket;
use futures_util::future::join_all;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::sleep;

/// A third of the usual lease: what a fence hides is noticed no later than what a near cache has not heard.
const EVERY: Duration = Duration::from_millis(300);

/// Watches for as long as somebody uses the routes.
pub(crate) async fn watch(routes: Weak<Routes>, names: Names) {
    loop {
        sleep(EVERY).await;
        let Some(routes) = routes.upgrade() else { return };
        // Where nobody answers, nothing is read either.
        let primaries = routes.primaries().await.unwrap_or_default();
        join_all(
            primaries
                .iter()
                .map(|(link, buckets)| probe(link, buckets, &names)),
        )
        .await;
    }
}

async fn probe(link: &Arc<Link>, buckets: &[Bucket], names: &Names) {
    let Some(bucket) = buckets.first() else { return };
    if link.number() == 0 || !link.may_be_replaced().await {
        return;
    }
    match link.send_regardless(&sign_of_life(&names.alive(*bucket))).await {
        Ok(_) => link.set_fenced(false),
        Err(error) if is_fenced(&error) => link.set_fenced(true),
        // It did not say why: nothing is known.
        Err(_) => {}
    }
}
