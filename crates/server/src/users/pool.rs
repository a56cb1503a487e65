//! A bound on how much password hashing goes on at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::error::UserError;

/// So many jobs at a time, so many waiting, and no more.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    /// One permit for each job that is running or waiting.
    admission: Arc<Semaphore>,
    /// One permit for each job that is running.
    workers: Arc<Semaphore>,
}

/// A place in the pool, held until its job is done.
struct Place {
    _worker: OwnedSemaphorePermit,
    _admission: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool of `workers`, at least one, with room for `queue` jobs that wait.
    pub(super) fn new(workers: usize, queue: usize) -> Self {
        let workers = workers.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = queue.min(Semaphore::MAX_PERMITS / 2);
        Self {
            admission: Arc::new(Semaphore::new(workers + queue)),
            workers: Arc::new(Semaphore::new(workers)),
        }
    }

    /// Runs a job off the async threads, when its turn comes; [`UserError::Busy`] at once when the queue is full.
    /// A job that has begun keeps its place even if nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, UserError> + Send + 'static,
    ) -> Result<T, UserError> {
        let admission = Arc::clone(&self.admission)
            .try_acquire_owned()
            .map_err(|_| UserError::Busy)?;
        let worker = Arc::clone(&self.workers)
            .acquire_owned()
            .await
            .map_err(|_| UserError::Stopped)?;
        let place = Place {
            _worker: worker,
            _admission: admission,
        };
        let run = spawn_blocking(move || {
            let result = job();
            drop(place);
            result
        });
        run.await.map_err(|_| UserError::Stopped)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_queue_is_told_at_once_and_the_waiting_get_their_turn() {
        let pool = Pool::new(1, 1);
        let (begun, has_begun) = mpsc::channel();
        let (let_go, wait) = mpsc::channel::<()>();
        let running = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(move || {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                    Ok(1)
                })
                .await
            }
        });
        spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(|| Ok(2)).await }
        });
        while pool.admission.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(pool.run(|| Ok(3)).await, Err(UserError::Busy)));

        // Nobody waits for the running job any more, and still the next one does not start beside it.
        running.abort();
        assert!(running.await.is_err());
        assert_eq!(pool.workers.available_permits(), 0);
        let_go.send(()).unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), 2);
        while pool.admission.available_permits() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| Ok(4)).await.unwrap(), 4);
    }
}
