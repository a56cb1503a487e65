//! What was measured over several rounds: the median, and how far it wavered.

/// Figures of one thing, one for each round.
#[derive(Clone, Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// The figure of one more round.
    pub fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// The one in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.undercut_by_one_in(2)
    }

    /// What it comes to when nothing else is going on: one round in twenty takes less. Whatever else a machine does only
    /// adds, to the processor's clock, its caches and what it shares with other machines; the median has half of that in it.
    #[must_use]
    pub fn undisturbed(&self) -> f64 {
        self.undercut_by_one_in(20)
    }

    fn undercut_by_one_in(&self, rounds: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / rounds).copied().unwrap_or(f64::NAN)
    }

    /// The highest.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::max)
    }
}
