//! The configuration file.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Place, Problem};
use super::keys;
use super::secret::{self, Readers};
use super::setting::{Raw, Settings, text};
use super::store_url::StoreUrl;

/// Adds what the file at `path` says.
pub(super) fn gather(path: &Path, settings: &mut Settings) {
    let mut exposed = None;
    let source = secret::read(path, |file| {
        exposed = secret::exposure(file, path, Readers::Group);
        None
    });
    match source {
        Ok(source) => {
            Walk {
                path,
                source: &source,
                exposed: exposed.as_ref(),
                settings,
            }
            .document();
        }
        Err(problem) => settings.problem(Place::File(path.to_owned(), 0), "", problem),
    }
}

/// A walk through the tables of one file.
struct Walk<'a> {
    path: &'a Path,
    source: &'a str,
    exposed: Option<&'a Problem>,
    settings: &'a mut Settings,
}

impl Walk<'_> {
    fn document(&mut self) {
        let (document, errors) = DeTable::parse_recoverable(self.source);
        for error in &errors {
            let message = error.message().to_owned();
            let place = self.place(error.span().map_or(0, |span| span.start));
            self.settings.problem(place, "", Problem::Syntax { message });
        }
        // What a parser guesses after an error would only raise more of them.
        if errors.is_empty() {
            self.table("", document.get_ref());
        }
    }

    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let name = name.get_ref();
            let path = if prefix.is_empty() {
                name.to_string()
            } else {
                format!("{prefix}.{name}")
            };
            self.entry(&path, value);
        }
    }

    fn entry(&mut self, path: &str, value: &Spanned<DeValue<'_>>) {
        let place = self.place(value.span().start);
        if let Some(key) = keys::key(path) {
            let raw = raw(value.get_ref());
            self.check_exposure(&key, &raw, &place);
            self.settings.keep(key, raw, place);
        } else if keys::is_section(path) {
            match value.get_ref() {
                DeValue::Table(table) => self.table(path, table),
                other => {
                    let problem = Problem::Refused {
                        value: raw(other).to_string(),
                        bound: "must be a table".to_owned(),
                    };
                    self.settings.problem(place, path, problem);
                }
            }
        } else {
            let near = keys::hint(path, str::to_owned);
            self.settings.problem(place, path, Problem::Unknown { near });
        }
    }

    /// A file that everybody on the machine can read must not hold a password. Admin keys stand in it as hashes, which
    /// open nothing.
    fn check_exposure(&mut self, key: &str, value: &Raw, place: &Place) {
        let url = (key == "store").then(|| text(value).ok()).flatten();
        let holds_secret = url
            .and_then(|url| url.parse::<StoreUrl>().ok())
            .is_some_and(|url| url.has_password())
            || (key != "admin.keys" && keys::is_secret(key));
        if let Some(problem) = self.exposed.filter(|_| holds_secret) {
            self.settings.problem(place.clone(), key, problem.clone());
        }
    }

    /// The place of a byte of the file.
    fn place(&self, at: usize) -> Place {
        let before = self.source.get(..at).unwrap_or(self.source);
        Place::File(self.path.to_owned(), before.matches('\n').count() + 1)
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or(Raw::Other("a number too large"), Raw::Integer)
        }
        DeValue::Boolean(value) => Raw::Bool(*value),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        DeValue::Float(_) => Raw::Other("a number with a point"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}
