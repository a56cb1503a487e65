//! `[cache]`: how large the near cache may grow, and how long it may answer unheard.

use cloakroom::{NearOptions, NearOptionsError};

use super::setting::{Raw, Settings, number, text};
use super::span::Span;
use super::{Cache, policy};

impl Cache {
    /// The near cache that is wanted; none where either key is zero, and then every check asks the store.
    pub fn near(&self) -> Result<Option<NearOptions>, NearOptionsError> {
        if self.entries == 0 || self.lease == Span::default() {
            return Ok(None);
        }
        NearOptions::new(self.entries, self.lease.into()).map(Some)
    }
}

impl Default for Cache {
    fn default() -> Self {
        let usual = NearOptions::default();
        Self {
            entries: usual.entries(),
            lease: usual.lease().into(),
        }
    }
}

/// Reads the section and notes what is out of bounds.
pub(super) fn read(settings: &mut Settings) -> Cache {
    let usual = Cache::default();
    Cache {
        entries: settings.read("cache.entries", entries).unwrap_or(usual.entries),
        lease: settings.read("cache.lease", lease).unwrap_or(usual.lease),
    }
}

fn entries(raw: &Raw) -> Result<usize, String> {
    let most = i64::try_from(NearOptions::MOST).unwrap_or(i64::MAX);
    number(raw, 0, most)
}

fn lease(raw: &Raw) -> Result<Span, String> {
    if text(raw).is_ok_and(|text| text.parse() == Ok(Span::default())) {
        return Ok(Span::default());
    }
    policy::span(raw, NearOptions::SHORTEST.into(), NearOptions::LONGEST.into())
        .map_err(|bound| format!("{bound}, or 0s for no near cache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_of_either_is_none_at_all() {
        for (entries, millis, near) in [
            (7, 10, true),
            (10_000_000, 10_000, true),
            (7, 0, false),
            (0, 10, false),
            (0, 0, false),
        ] {
            let lease = Span::from_millis(millis);
            let options = Cache { entries, lease }.near().unwrap();
            assert_eq!(options.is_some(), near, "{entries} for {lease}");
            let Some(options) = options else { continue };
            assert_eq!((options.entries(), Span::from(options.lease())), (entries, lease));
        }
    }

    #[test]
    fn what_is_configured_without_a_word_is_what_the_engine_takes_by_itself() {
        assert_eq!(Cache::default().near().unwrap(), Some(NearOptions::default()));
    }
}
