//! Many things at once.

use cloakroom_core::Store;
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Runs all tasks, each begun only when all are ready to begin. Answers in the order of the tasks.
pub(super) async fn at_once<T, F>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = tasks.into_iter().collect();
    let gate = Arc::new(Barrier::new(tasks.len()));
    let mut running = JoinSet::new();
    for (turn, task) in tasks.into_iter().enumerate() {
        let gate = gate.clone();
        running.spawn(async move {
            gate.wait().await;
            (turn, task.await)
        });
    }
    let mut done = running.join_all().await;
    done.sort_by_key(|(turn, _)| *turn);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Two handles on the same data, to be used in turn, as by two processes.
pub(super) struct Nodes(pub(super) [Arc<dyn Store>; 2]);

impl Nodes {
    pub(super) fn of(&self, turn: usize) -> Arc<dyn Store> {
        self.0[turn % 2].clone()
    }
}
