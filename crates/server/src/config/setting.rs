//! Settings as they were given, before anybody looked at what they mean.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::error::{ConfigError, Place, Problem};
use super::keys;
use super::store_url::redacted;

/// A value as given. The file knows types; the environment and the command line know only text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// Text in quotes.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Bool(bool),
    /// A list of the file.
    List(Vec<Raw>),
    /// Text from outside the file: whatever its key wants.
    Word(String),
    /// A kind of value that no key takes.
    Other(&'static str),
}

impl fmt::Display for Raw {
    /// As it would stand in the file, passwords of URLs hidden, and cut short where it is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 120;
        match self {
            Self::Text(text) | Self::Word(text) => {
                let shown = redacted(text);
                let cut: String = shown.chars().take(LONGEST).collect();
                let dots = if cut.len() < shown.len() { "…" } else { "" };
                write!(f, "{cut:?}{dots}")
            }
            Self::Integer(number) => write!(f, "{number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::List(items) => write!(f, "a list of {}", items.len()),
            Self::Other(kind) => f.write_str(kind),
        }
    }
}

/// A value and where it was given.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) raw: Raw,
    pub(super) place: Place,
}

/// What all sources gave, the strongest setting of each key, and what was wrong on the way.
#[derive(Debug, Default)]
pub(super) struct Settings {
    by_key: BTreeMap<Cow<'static, str>, Setting>,
    pub(super) errors: Vec<ConfigError>,
}

impl Settings {
    /// Keeps a setting, over a weaker one of the same key. Sources come weakest first.
    pub(super) fn keep(&mut self, key: impl Into<Cow<'static, str>>, raw: Raw, place: Place) {
        self.by_key.insert(key.into(), Setting { raw, place });
    }

    /// The setting of a key, if any source gave one.
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.by_key.get(key)
    }

    /// The names in `SECTION.NAME.…` of which anything was given.
    pub(super) fn named(&self, section: &str) -> Vec<String> {
        let keys = self
            .by_key
            .keys()
            .filter_map(|key| key.strip_prefix(section)?.strip_prefix('.'));
        let names: BTreeSet<&str> = keys.filter_map(|rest| Some(rest.split_once('.')?.0)).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Forgets a setting.
    pub(super) fn forget(&mut self, key: &str) {
        self.by_key.remove(key);
    }

    /// Where a key was given.
    pub(super) fn place(&self, key: &str) -> Place {
        self.get(key)
            .map_or(Place::Default, |setting| setting.place.clone())
    }

    /// Notes a problem with `key` at `place`.
    pub(super) fn problem(&mut self, place: Place, key: &str, problem: Problem) {
        self.errors.push(ConfigError {
            place,
            key: key.to_owned(),
            problem,
        });
    }

    /// Notes that nobody gave `key`, which has no default.
    pub(super) fn missing(&mut self, key: &str, bound: &str) {
        let bound = bound.to_owned();
        self.problem(Place::Default, key, Problem::Missing { bound });
    }

    /// Notes that `raw`, given for `key`, breaks `bound`.
    pub(super) fn refuse(&mut self, key: &str, raw: &Raw, bound: impl fmt::Display) {
        let value = if keys::is_secret(key) {
            "***".to_owned()
        } else {
            raw.to_string()
        };
        self.problem(
            self.place(key),
            key,
            Problem::Refused {
                value,
                bound: bound.to_string(),
            },
        );
    }

    /// Notes that a value which fits by itself contradicts another. Nothing happens when nobody gave it.
    pub(super) fn contradiction(&mut self, key: &str, bound: impl fmt::Display) {
        if let Some(Setting { raw, .. }) = self.get(key).cloned() {
            self.refuse(key, &raw, bound);
        }
    }

    /// The value of `key` by `parse`; nothing when nobody gave it or it broke a bound, which is then noted.
    pub(super) fn read<T, E: fmt::Display>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&Raw) -> Result<T, E>,
    ) -> Option<T> {
        let raw = self.get(key)?.raw.clone();
        parse(&raw).map_err(|bound| self.refuse(key, &raw, bound)).ok()
    }

    /// The values of a list by `parse`, one by one; the ones that break a bound are noted and left out.
    pub(super) fn read_list<T, E: fmt::Display>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let items = match self.get(key).map(|setting| setting.raw.clone()) {
            None => return Vec::new(),
            Some(Raw::List(items)) => items,
            Some(Raw::Word(text)) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| Raw::Word(part.to_owned())).collect()
            }
            // One secret need not be a list; it holds no comma.
            Some(one @ Raw::Text(_)) if keys::is_secret(key) && key != "admin.keys" => vec![one],
            Some(other) => {
                self.refuse(key, &other, "must be a list of texts, as in [\"…\", \"…\"]");
                return Vec::new();
            }
        };
        let mut values = Vec::new();
        for item in items {
            match text(&item).map(&parse) {
                Ok(Ok(value)) => values.push(value),
                Ok(Err(bound)) => self.refuse(key, &item, bound),
                Err(bound) => self.refuse(key, &item, bound),
            }
        }
        values
    }
}

/// The text of a value that must be text.
pub(super) fn text(raw: &Raw) -> Result<&str, &'static str> {
    match raw {
        Raw::Text(text) | Raw::Word(text) => Ok(text),
        _ => Err("must be text in quotes"),
    }
}

/// A path; none if the text is empty.
pub(super) fn path(raw: &Raw) -> Result<Option<PathBuf>, &'static str> {
    let path = text(raw)?;
    Ok((!path.is_empty()).then(|| path.into()))
}

/// A whole number within bounds, which fit into its type.
pub(super) fn number<T: TryFrom<i64>>(raw: &Raw, least: i64, most: i64) -> Result<T, String> {
    let number = match raw {
        Raw::Integer(number) => Some(*number),
        Raw::Word(text) => text.parse().ok(),
        _ => None,
    };
    let fitting = number
        .filter(|number| (least..=most).contains(number))
        .and_then(|number| T::try_from(number).ok());
    fitting.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

/// A size or a length of time, if it is within bounds.
pub(super) fn within<T: Copy + PartialOrd + fmt::Display>(value: T, least: T, most: T) -> Result<T, String> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(format!("must be from {least} to {most}"))
    }
}

/// `true` or `false`.
pub(super) fn boolean(raw: &Raw) -> Result<bool, &'static str> {
    match raw {
        Raw::Bool(value) => Ok(*value),
        Raw::Word(text) if text == "true" => Ok(true),
        Raw::Word(text) if text == "false" => Ok(false),
        _ => Err("must be true or false"),
    }
}

/// One of several words.
pub(super) fn choice<T: Copy>(raw: &Raw, choices: &[(&str, T)]) -> Result<T, String> {
    let given = text(raw).unwrap_or_default();
    let found = choices
        .iter()
        .find(|(word, _)| *word == given)
        .map(|(_, value)| *value);
    found.ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("must be one of {}", words.join(", "))
    })
}
