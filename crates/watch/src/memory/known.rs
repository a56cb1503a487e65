//! A short list of what is known, the longest unseen of which goes first.

/// At most 16 of them.
pub(crate) struct Known<T>(Vec<(T, u64)>);

const MOST: usize = 16;

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Known<T> {
    pub fn holds(&self, item: &T) -> bool {
        self.0.iter().any(|(known, _)| known == item)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn forget(&mut self, item: Option<&T>) {
        self.0.retain(|(known, _)| Some(known) != item);
    }

    pub fn see(&mut self, item: &T, at: u64)
    where
        T: Clone,
    {
        if let Some((_, seen)) = self.0.iter_mut().find(|(known, _)| known == item) {
            *seen = at.max(*seen);
            return;
        }
        if self.0.len() == MOST
            && let Some(oldest) = (0..MOST).min_by_key(|at| self.0[*at].1)
        {
            self.0.swap_remove(oldest);
        }
        self.0.push((item.clone(), at));
    }
}
