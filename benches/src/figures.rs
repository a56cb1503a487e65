//! What was measured over several rounds: the median, and how far it wavered.

/// Figures of one thing, one for each round.
#[derive(Clone, Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// The figure of one more round.
    pub fn push(&mut self, figure: f64) {
        let at = self.0.partition_point(|other| *other < figure);
        self.0.insert(at, figure);
    }

    /// The one in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The lowest.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The highest.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }
}
