//! Texts that many sessions share, kept once: there are far fewer browsers than sessions.
//!
//! It saves memory, and the comparison of a request's browser with the session's finds the text in the processor's cache.

use crate::client::Client;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

/// More different texts than this are no longer worth keeping; it begins anew.
const MOST: usize = 4096;

#[derive(Default)]
pub(super) struct Interned(Mutex<HashSet<Arc<str>>>);

impl Interned {
    /// The same client, with its texts shared.
    pub(super) fn share(&self, client: &mut Client) {
        let mut known = self.0.lock();
        if known.len() > MOST {
            known.clear();
        }
        for text in [&mut client.user_agent, &mut client.accept_language]
            .into_iter()
            .flatten()
        {
            match known.get(text) {
                Some(shared) => *text = Arc::clone(shared),
                None => {
                    known.insert(Arc::clone(text));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_become_one_and_their_number_is_bounded() {
        let known = Interned::default();
        let mut clients: Vec<_> = (0..3)
            .map(|_| Client::default().with_user_agent("Firefox"))
            .collect();
        for client in &mut clients {
            known.share(client);
        }
        let texts: Vec<_> = clients
            .iter()
            .map(|client| client.user_agent.clone().unwrap())
            .collect();
        assert!(Arc::ptr_eq(&texts[0], &texts[1]) && Arc::ptr_eq(&texts[1], &texts[2]));
        for n in 0..3 * MOST {
            known.share(&mut Client::default().with_user_agent(&n.to_string()));
        }
        assert!(known.0.lock().len() <= MOST + 1);
    }
}
