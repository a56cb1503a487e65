//! The suite can fail: stores that are broken on purpose, each caught by the property that is there for it.

use cloakroom_core::{
    Bucket, Cause, CloseReason, Durability, Ended, EndedAll, Epoch, Event, Finding, Found, Key, Kind,
    Listing, MemoryStore, Opened, Opening, Page, Position, Rotation, SessionId, Shared, Slot, Store,
    StoreError, Subject, Swap, Swept, Term, Timestamp, Touch, WhenFull, Write,
};
use cloakroom_testkit::{Fixture, Trimming, async_trait, conformance};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// None: then no property may fail.
    None,
    /// A write to a session that is gone opens it again.
    SwapUpserts,
    /// A touch of a session that is gone opens nothing, but says that it is there.
    TouchLies,
    /// A log-in that began before "end all" gets in.
    EpochUnchecked,
    /// Whether there is room is asked in a step of its own.
    LimitAskedBefore,
    /// The revision is looked at in a step of its own, and then ignored.
    RevisionAskedBefore,
    /// One session of a subject is forgotten at "end all".
    EndAllForgetsOne,
    /// Touches move the absolute deadline.
    TouchExtends,
    /// The journal does not tell of rotations.
    RotationUntold,
    /// What happens is told a moment later than it happens.
    ToldLate,
    /// A page may leave out its first entry when others write at the same time.
    PageSkips,
    /// Renewed tokens are counted as sessions.
    RenewedCounted,
}

struct Flawed {
    sound: Arc<MemoryStore>,
    flaw: Flaw,
}

impl Flawed {
    async fn has_room(&self, opening: &Opening) -> Result<bool, StoreError> {
        let Some(subject) = opening.record.subject() else {
            return Ok(true);
        };
        let others = self.sound.list(subject).await?.len();
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(opening.max_sessions == 0 || others < opening.max_sessions as usize)
    }

    /// The same write, made from whatever is there now.
    async fn rebased(&self, swap: &Swap) -> Result<Swap, StoreError> {
        let mut swap = swap.clone();
        let read = self.sound.load(&swap.key).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
        if matches!(read, Some(Slot::Live(record)) if record.revision == swap.expected)
            && let Some(Slot::Live(now)) = self.sound.load(&swap.key).await?
        {
            swap.expected = now.revision;
        }
        Ok(swap)
    }

    async fn extend(&self, touch: &Touch) -> Result<(), StoreError> {
        if let Some(Slot::Live(mut record)) = self.sound.load(&touch.key).await? {
            record.expires_at = record.expires_at.max(touch.deadline);
            let expected = record.revision;
            let cause = Cause {
                at: touch.seen_at,
                ..Cause::default()
            };
            let (key, deadline) = (touch.key, touch.deadline);
            let _ = self
                .sound
                .swap(&Swap {
                    key,
                    expected,
                    record,
                    deadline,
                    kind: Kind::Updated,
                    cause,
                })
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Flawed {
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        self.sound.load(key).await
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        self.sound.epoch(subject).await
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        let mut opening = opening.clone();
        if self.flaw == Flaw::LimitAskedBefore && self.has_room(&opening).await? {
            opening.max_sessions = 0;
        }
        if let (Flaw::EpochUnchecked, Some(who)) = (self.flaw, &mut opening.record.identity) {
            who.epoch = self.sound.epoch(&who.subject).await?;
        }
        self.sound.open(&opening).await
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        if self.flaw == Flaw::RevisionAskedBefore {
            return self.sound.swap(&self.rebased(swap).await?).await;
        }
        let outcome = self.sound.swap(swap).await?;
        if outcome == Write::Gone && self.flaw == Flaw::SwapUpserts {
            let Swap {
                key,
                record,
                deadline,
                cause,
                ..
            } = swap.clone();
            let (max_sessions, when_full, replaces) = (0, WhenFull::EvictOldest, None);
            let _ = self
                .sound
                .open(&Opening {
                    key,
                    record,
                    deadline,
                    max_sessions,
                    when_full,
                    replaces,
                    cause,
                })
                .await?;
        }
        Ok(outcome)
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        let answers = self.sound.touch(touches).await?;
        match self.flaw {
            Flaw::TouchLies => return Ok(vec![true; touches.len()]),
            Flaw::TouchExtends => {
                for touch in touches {
                    self.extend(touch).await?;
                }
            }
            _ => {}
        }
        Ok(answers)
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        self.sound.rotate(rotation).await
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        self.sound.close(key, reason, cause).await
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        let mut except = except;
        if self.flaw == Flaw::EndAllForgetsOne && except.is_none() {
            except = self
                .sound
                .list(subject)
                .await?
                .first()
                .map(|found| found.record.id);
        }
        self.sound.close_subject(subject, except, reason, cause).await
    }

    fn term(&self, bucket: Bucket) -> Term {
        self.sound.term(bucket)
    }

    async fn durability(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError> {
        self.sound.durability(bucket, term).await
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        self.sound.find(id).await
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        self.sound.list(subject).await
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        self.sound.scan(from, at_most).await
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        self.sound.sweep(now, at_most).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let renewed = match self.flaw {
            Flaw::RenewedCounted => {
                let all = self
                    .sound
                    .journal(&Position::start(), 10_000, Duration::ZERO)
                    .await?;
                all.entries
                    .iter()
                    .filter(|entry| entry.event.kind == Kind::Renewed)
                    .count() as u64
            }
            _ => 0,
        };
        Ok(self.sound.count().await? + renewed)
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.sound.append(event).await
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        self.sound.journal_end().await
    }

    async fn confirm(&self) -> Result<Position, StoreError> {
        self.sound.confirm().await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        self.sound.lease(wanted, now).await
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        let mut page = self.sound.journal(after, at_most, wait).await?;
        match self.flaw {
            Flaw::RotationUntold => page.entries.retain(|entry| entry.event.kind != Kind::Renewed),
            // A position that commits before an earlier one, as sequences in a database do.
            Flaw::PageSkips if !wait.is_zero() && page.entries.len() > 1 => drop(page.entries.remove(0)),
            Flaw::ToldLate if page.entries.len() < at_most => {
                page.entries.pop();
                page.next = page
                    .entries
                    .last()
                    .map_or_else(|| after.clone(), |entry| entry.position.clone());
            }
            _ => {}
        }
        Ok(page)
    }

    fn shared(&self) -> &dyn Shared {
        self.sound.shared()
    }

    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        self.sound.examine(now).await
    }

    fn describe(&self) -> String {
        format!("memory, flaw: {:?}", self.flaw)
    }
}

#[async_trait]
impl Fixture for Flawed {
    async fn store(&self) -> Arc<dyn Store> {
        self.again().await
    }

    async fn again(&self) -> Arc<dyn Store> {
        Arc::new(Self {
            sound: self.sound.clone(),
            flaw: self.flaw,
        })
    }

    async fn trim_journal(&self, keep: usize) -> Trimming {
        self.sound.trim_journal(keep);
        Trimming::Done
    }
}

fn holds(flaw: Flaw, property: &str) -> bool {
    let make = async || Flawed {
        sound: Arc::default(),
        flaw,
    };
    catch_unwind(AssertUnwindSafe(|| conformance::check(make, property))).is_ok()
}

#[test]
fn each_flaw_is_caught_by_the_property_that_is_there_for_it() {
    for (flaw, property) in [
        (
            Flaw::SwapUpserts,
            "invariant_2_no_write_brings_back_a_closed_session",
        ),
        (
            Flaw::SwapUpserts,
            "invariant_2_no_write_brings_back_a_swept_session",
        ),
        (
            Flaw::TouchLies,
            "a_touch_racing_with_a_sweep_is_true_to_its_answer",
        ),
        (
            Flaw::EpochUnchecked,
            "invariant_1_a_log_in_begun_before_end_all_is_refused",
        ),
        (
            Flaw::EpochUnchecked,
            "invariant_1_log_ins_racing_with_end_all_do_not_survive_it",
        ),
        (
            Flaw::LimitAskedBefore,
            "invariant_7_fifty_log_ins_at_once_never_leave_six_sessions_when_rejecting",
        ),
        (
            Flaw::LimitAskedBefore,
            "invariant_7_fifty_log_ins_at_once_never_leave_six_sessions_when_evicting",
        ),
        (
            Flaw::RevisionAskedBefore,
            "invariant_3_of_many_writers_on_one_revision_exactly_one_is_done",
        ),
        (
            Flaw::EndAllForgetsOne,
            "invariant_1_end_all_ends_every_session_of_the_subject_alone",
        ),
        (
            Flaw::TouchExtends,
            "invariant_6_touch_never_moves_the_absolute_deadline",
        ),
        (
            Flaw::RotationUntold,
            "invariant_8_a_rotation_writes_its_kind_and_the_old_key",
        ),
        (Flaw::ToldLate, "invariant_8_opening_writes_one_entry"),
        (
            Flaw::ToldLate,
            "invariant_8_what_can_be_seen_is_in_the_journal_already",
        ),
        (
            Flaw::PageSkips,
            "invariant_8_followers_read_every_entry_once_and_in_order_while_others_write",
        ),
        (
            Flaw::RenewedCounted,
            "invariant_7_a_renewed_token_is_not_a_second_session",
        ),
    ] {
        assert!(!holds(flaw, property), "{property} does not catch {flaw:?}");
    }
}

#[test]
fn nothing_is_caught_where_nothing_is_broken() {
    for property in conformance::names() {
        assert!(holds(Flaw::None, property), "{property}");
    }
}

#[test]
fn the_model_catches_a_flaw_and_names_few_steps() {
    let make = async || Flawed {
        sound: Arc::default(),
        flaw: Flaw::SwapUpserts,
    };
    let caught = catch_unwind(|| cloakroom_testkit::model::run(make, 500)).unwrap_err();
    let said = caught.downcast_ref::<String>().unwrap();
    let steps = said.matches("Step {").count();
    assert!((1..=8).contains(&steps), "{steps} steps: {said}");
}
