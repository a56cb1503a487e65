//! What nodes share, for those of one process.

use super::MemoryStore;
use super::log::Log;
use crate::rate::Rate;
use crate::shared::{Label, Memo, MemoWrite, Shared, Spend};
use crate::store::StoreError;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::collections::HashMap;
use std::time::Duration;

#[derive(Default)]
pub(super) struct Notes {
    memos: HashMap<Label, (Memo, Timestamp)>,
    limits: HashMap<Label, Timestamp>,
}

impl Notes {
    fn memo(&self, label: &Label, now: Timestamp) -> Option<&Memo> {
        let (memo, until) = self.memos.get(label)?;
        (*until > now).then_some(memo)
    }

    fn keep(&mut self, write: &MemoWrite, log: &mut Log) -> Option<u64> {
        let present = self.memo(&write.label, write.now).map(|memo| memo.version);
        if present != write.expected {
            return None;
        }
        let version = Memo::next_version(present, write.now);
        let bytes = write.bytes.clone();
        self.memos
            .insert(write.label.clone(), (Memo { version, bytes }, write.until));
        if let Some(event) = &write.event {
            log.push(event.clone());
        }
        Some(version)
    }

    fn spend(&mut self, label: &Label, rate: Rate, spend: Spend, now: Timestamp) -> Option<Duration> {
        let full_at = self.limits.get(label).copied().unwrap_or_default();
        match rate.take(full_at, now) {
            Ok(full_at) => {
                if spend == Spend::Take {
                    self.limits.insert(label.clone(), full_at);
                }
                None
            }
            Err(wait) => Some(wait),
        }
    }

    /// Forgets what has lapsed.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.memos.retain(|_, (_, until)| *until > now);
        self.limits.retain(|_, full_at| *full_at > now);
    }
}

#[async_trait]
impl Shared for MemoryStore {
    async fn memo(&self, label: &Label, now: Timestamp) -> Result<Option<Memo>, StoreError> {
        Ok(self.state.lock().notes.memo(label, now).cloned())
    }

    async fn keep_memo(&self, write: &MemoWrite) -> Result<Option<u64>, StoreError> {
        write.check()?;
        Ok(self.step(|state| state.notes.keep(write, &mut state.log)))
    }

    async fn spend(
        &self,
        label: &Label,
        rate: Rate,
        spend: Spend,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        Ok(self.state.lock().notes.spend(label, rate, spend, now))
    }
}
