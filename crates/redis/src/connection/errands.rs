//! A time limit for every command without a timer for every command: one task looks now and then for those that have been
//! under way too long.
//!
//! Setting a timer and taking it back costs 0.6 µs of processor time, half of what else a session costs beside a bare
//! `GET`.

use crate::error::out_of_time;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use redis::RedisError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

/// How many looks there are within the limit: a command gets that much, and up to one part in so many more.
const LOOKS: u32 = 8;

/// Under way for nobody.
const IDLE: u64 = 0;
/// It took too long.
const CUT: u64 = u64::MAX;

/// All errands of one link.
pub(crate) struct Errands {
    /// How many looks there were, counted from one.
    looks: AtomicU64,
    all: Mutex<Vec<Arc<Errand>>>,
}

/// Carries one command after the other.
#[derive(Default)]
pub(crate) struct Errand {
    /// The look before which the present command began, or [`IDLE`], or [`CUT`].
    began: AtomicU64,
    waiting: AtomicWaker,
}

impl Default for Errands {
    fn default() -> Self {
        Self {
            looks: AtomicU64::new(1),
            all: Mutex::default(),
        }
    }
}

impl Errands {
    /// One more. It is forgotten once nobody else holds it.
    pub(crate) fn add(&self) -> Arc<Errand> {
        let errand = Arc::new(Errand::default());
        self.all.lock().push(Arc::clone(&errand));
        errand
    }

    /// The command's answer, or that there was none in time.
    pub(crate) fn carry<'a, T>(
        &self,
        errand: &'a Errand,
        mut command: Pin<&'a mut (impl Future<Output = Result<T, RedisError>> + Send)>,
    ) -> impl Future<Output = Result<T, RedisError>> + Send {
        self.begin(errand);
        poll_fn(move |context| {
            if let Poll::Ready(answer) = command.as_mut().poll(context) {
                errand.end();
                return Poll::Ready(answer);
            }
            errand.waiting.register(context.waker());
            if errand.began.load(Ordering::Acquire) == CUT {
                return Poll::Ready(Err(out_of_time()));
            }
            Poll::Pending
        })
    }

    fn begin(&self, errand: &Errand) {
        errand
            .began
            .store(self.looks.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// How long after one look the next is due.
    pub(crate) fn pause(limit: Duration) -> Duration {
        limit / LOOKS
    }

    /// Ends what has been under way for longer than the limit.
    pub(crate) fn look(&self) {
        let look = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        self.all.lock().retain(|errand| {
            errand.cut_if_begun_before(look.saturating_sub(u64::from(LOOKS)));
            Arc::strong_count(errand) > 1
        });
    }
}

impl Errand {
    fn end(&self) {
        self.began.store(IDLE, Ordering::Relaxed);
    }

    fn cut_if_begun_before(&self, look: u64) {
        let began = self.began.load(Ordering::Relaxed);
        if began == IDLE || began >= look {
            return;
        }
        // Unless another command has begun meanwhile.
        let cut = self
            .began
            .compare_exchange(began, CUT, Ordering::Release, Ordering::Relaxed);
        if cut.is_ok() {
            self.waiting.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::pin::pin;

    #[tokio::test]
    async fn what_takes_longer_than_the_limit_is_ended_and_what_does_not_is_left_alone() {
        let errands = Errands::default();
        let (slow, quick) = (errands.add(), errands.add());
        let never = pin!(pending::<Result<(), RedisError>>());
        let looking = async {
            for _ in 0..=LOOKS {
                errands.begin(&quick);
                errands.look();
                tokio::task::yield_now().await;
                assert_ne!(quick.began.load(Ordering::Relaxed), CUT);
                quick.end();
            }
        };
        let (answer, ()) = tokio::join!(errands.carry(&slow, never), looking);
        assert!(answer.is_err_and(|error| error.is_timeout()));
    }

    #[test]
    fn a_command_gets_the_whole_limit() {
        let errands = Errands::default();
        let errand = errands.add();
        errands.begin(&errand);
        for _ in 0..LOOKS {
            errands.look();
            assert_ne!(errand.began.load(Ordering::Relaxed), CUT);
        }
        errands.look();
        assert_eq!(errand.began.load(Ordering::Relaxed), CUT);
    }

    #[test]
    fn an_errand_that_nobody_holds_is_forgotten() {
        let errands = Errands::default();
        let errand = errands.add();
        drop(errands.add());
        errands.look();
        assert_eq!(errands.all.lock().len(), 1);
        drop(errand);
        errands.look();
        assert!(errands.all.lock().is_empty());
    }
}
