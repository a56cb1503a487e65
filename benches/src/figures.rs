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
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The lowest.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::min)
    }

    /// The highest.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::max)
    }

    /// How much more this is than a reference: the median of what it is in each round. Both saw the same weather then.
    #[must_use]
    pub fn above(&self, reference: &Self) -> f64 {
        let pairs = self.0.iter().zip(&reference.0);
        Self(pairs.map(|(figure, reference)| figure - reference).collect()).median()
    }
}
