#![deny(unused_must_use)]

use cloakroom_core::{Store, StoreError, Swap};

async fn save(store: &dyn Store, swap: &Swap) -> Result<(), StoreError> {
    store.swap(swap).await?;
    Ok(())
}

fn main() {
    let _ = save;
}
