//! Work that waits for a thread.
//!
//! Waking a sleeping thread takes tens of microseconds, ten times as long as a read. So one idle thread lingers: it
//! looks out for the next job for a moment before it sleeps, and nobody has to wake it. Looking out costs a core for that
//! moment, so where it is in vain time after time, because jobs are few and far between, it is only tried now and then.

use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// Jobs beyond which a queue takes no more: the disk hangs, and whoever waits has long been told.
const MOST: usize = 10_000;

/// So many times in vain, and a thread looks out only every so many times, until a job comes while it does. It then looks
/// out for longer: whoever has had to be woken with the last answer needs that long to bring the next job.
const TRIES: u32 = 8;
const NOW_AND_THEN: u32 = 16;
const LONGER: u32 = 3;

pub(crate) struct Queue<J> {
    inner: Mutex<Inner<J>>,
    bell: Condvar,
    /// As many as there are in `inner`, to be looked at without the lock.
    waiting: AtomicUsize,
    linger: Duration,
}

struct Inner<J> {
    jobs: VecDeque<J>,
    stopped: bool,
    asleep: usize,
    /// Whether a thread looks out already, or is about to; more than one would be a waste.
    lingering: bool,
    /// How often nothing came while a thread looked out, or might have, since something last did.
    in_vain: u32,
}

impl<J> Inner<J> {
    /// How many times as long as usual a thread should look out now, if at all; it is then taken to do so.
    fn may_linger(&mut self) -> Option<u32> {
        if self.lingering {
            return None;
        }
        if self.in_vain >= TRIES && !self.in_vain.is_multiple_of(NOW_AND_THEN) {
            self.in_vain = self.in_vain.wrapping_add(1);
            return None;
        }
        self.lingering = true;
        Some(if self.in_vain < TRIES { 1 } else { LONGER })
    }

    /// The thread that looked out is done with it.
    fn lingered(&mut self) {
        self.lingering = false;
        self.in_vain = if self.jobs.is_empty() {
            self.in_vain.wrapping_add(1)
        } else {
            0
        };
    }
}

/// How a job was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A thread that is awake will get to it at once.
    AtOnce,
    /// It waits for its turn, or for a thread to wake up.
    Later,
    /// There are too many, or no thread is there any more.
    Not,
}

impl<J> Queue<J> {
    pub(crate) fn new(linger: Duration) -> Self {
        let inner = Inner {
            jobs: VecDeque::new(),
            stopped: false,
            asleep: 0,
            lingering: false,
            in_vain: 0,
        };
        Self {
            inner: Mutex::new(inner),
            bell: Condvar::new(),
            waiting: AtomicUsize::new(0),
            linger,
        }
    }

    /// Adds a job for one of `threads` threads.
    pub(crate) fn push(&self, job: J, threads: usize) -> Taken {
        let mut inner = self.inner.lock();
        if inner.stopped || inner.jobs.len() >= MOST {
            return Taken::Not;
        }
        inner.jobs.push_back(job);
        self.waiting.store(inner.jobs.len(), Ordering::Release);
        let awake = threads.saturating_sub(inner.asleep);
        let taken = if inner.jobs.len() <= awake {
            Taken::AtOnce
        } else {
            Taken::Later
        };
        self.wake_one(inner);
        taken
    }

    /// To be called by a thread that has done its job but for giving the answer: whoever hears the answer and has the
    /// next job at once need not wake another thread for it. What it returns is for the thread's next `pop`.
    pub(crate) fn almost_free(&self) -> Option<Duration> {
        if self.linger.is_zero() {
            return None;
        }
        self.inner.lock().may_linger().map(|times| self.linger * times)
    }

    /// The next job, when there is one; nothing once the queue was stopped and is empty.
    pub(crate) fn pop(&self, almost_free: Option<Duration>) -> Option<J> {
        if let Some(job) = self.look_out(almost_free) {
            return Some(job);
        }
        let mut inner = self.inner.lock();
        loop {
            if let Some(job) = self.take(&mut inner) {
                self.wake_one(inner);
                return Some(job);
            }
            if inner.stopped {
                return None;
            }
            inner.asleep += 1;
            self.bell.wait(&mut inner);
            inner.asleep -= 1;
        }
    }

    /// What else is waiting, at most so many.
    pub(crate) fn drain(&self, at_most: usize) -> Vec<J> {
        let mut inner = self.inner.lock();
        let count = inner.jobs.len().min(at_most);
        let jobs = inner.jobs.drain(..count).collect();
        self.waiting.store(inner.jobs.len(), Ordering::Release);
        jobs
    }

    /// Lets the threads finish what is waiting, and end.
    pub(crate) fn stop(&self) {
        self.inner.lock().stopped = true;
        self.bell.notify_all();
    }

    /// The next job, if it comes soon. The thread may have said before that it looks out.
    fn look_out(&self, said: Option<Duration>) -> Option<J> {
        let until = Instant::now() + said.or_else(|| self.almost_free())?;
        while self.waiting.load(Ordering::Acquire) == 0 && Instant::now() < until {
            // Whoever else wants the core may have it meanwhile.
            yield_now();
        }
        let mut inner = self.inner.lock();
        inner.lingered();
        let job = self.take(&mut inner);
        self.wake_one(inner);
        job
    }

    fn take(&self, inner: &mut Inner<J>) -> Option<J> {
        let job = inner.jobs.pop_front();
        self.waiting.store(inner.jobs.len(), Ordering::Release);
        job
    }

    /// Wakes a thread if there is more to do than the one that looks out will take. Whoever takes a job calls this, too:
    /// a job must never wait for a thread that is busy while another sleeps.
    fn wake_one(&self, inner: MutexGuard<'_, Inner<J>>) {
        let wanted = inner.asleep > 0 && inner.jobs.len() > usize::from(inner.lingering);
        drop(inner);
        if wanted {
            self.bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::iter;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn every_job_is_done_once_whether_threads_linger_or_sleep() {
        for linger in [Duration::ZERO, Duration::from_micros(20)] {
            let queue = Arc::new(Queue::new(linger));
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let queue = Arc::clone(&queue);
                    thread::spawn(move || {
                        let mut mine = Vec::new();
                        while let Some(job) = queue.pop(None) {
                            mine.push(job);
                        }
                        mine
                    })
                })
                .collect();
            for job in 0..5_000_u32 {
                assert_ne!(queue.push(job, 3), Taken::Not);
                if job % 100 == 0 {
                    thread::sleep(Duration::from_micros(100));
                }
            }
            queue.stop();
            let mut done: Vec<_> = threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect();
            done.sort_unstable();
            assert_eq!(done, (0..5_000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn looking_out_in_vain_is_given_up_and_tried_again_until_it_pays() {
        let queue: Queue<u32> = Queue::new(Duration::from_micros(20));
        let looks_out = || {
            let said = queue.almost_free();
            said.is_some() && queue.look_out(said).is_none()
        };
        assert_eq!((0..TRIES).filter(|_| looks_out()).count(), 8);
        let most = (0..10 * NOW_AND_THEN).filter(|_| looks_out()).count();
        assert!((5..=11).contains(&most), "{most}");
        let said = iter::repeat_with(|| queue.almost_free()).find_map(|said| said);
        assert_eq!(queue.push(1, 1), Taken::AtOnce);
        assert_eq!(queue.look_out(said), Some(1));
        assert_eq!((0..TRIES).filter(|_| looks_out()).count(), 8);
    }

    #[test]
    fn a_queue_that_nobody_empties_is_bounded() {
        let queue = Queue::new(Duration::ZERO);
        let taken = (0..20_000)
            .filter(|job| queue.push(*job, 0) != Taken::Not)
            .count();
        assert_eq!(taken, MOST);
    }

    #[test]
    fn a_stopped_queue_takes_nothing_and_still_gives_what_it_has() {
        let queue = Queue::new(Duration::from_micros(20));
        assert_eq!(queue.push(1, 1), Taken::AtOnce);
        queue.stop();
        assert_eq!(queue.push(2, 1), Taken::Not);
        assert_eq!((queue.pop(None), queue.pop(None)), (Some(1), None));
    }
}
