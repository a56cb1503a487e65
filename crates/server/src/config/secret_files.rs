//! `store_file`, `admin.keys_file` and their like: secrets that are given by the name of a file.

use std::path::Path;

use super::keys::WEBHOOK;
use super::secret;
use super::setting::{Raw, Settings, text};

/// Reads the files that hold secrets, and gives what is in them to the keys that they stand for.
pub(super) fn resolve(settings: &mut Settings) {
    stand_in(settings, "store", "store_file", |lines| match lines {
        [url] => Ok(Raw::Word(url.clone())),
        _ => Err("must hold one line, the store URL"),
    });
    stand_in(settings, "admin.keys", "admin.keys_file", |lines| {
        Ok(Raw::List(lines.iter().cloned().map(Raw::Text).collect()))
    });
    stand_in(
        settings,
        "mail.password",
        "mail.password_file",
        |lines| match lines {
            [password] => Ok(Raw::Word(password.clone())),
            _ => Err("must hold one line, the password"),
        },
    );
    for name in settings.named(WEBHOOK) {
        let [key, file_key] = ["secret", "secret_file"].map(|field| format!("{WEBHOOK}.{name}.{field}"));
        stand_in(settings, &key, &file_key, |lines| {
            Ok(Raw::List(lines.iter().cloned().map(Raw::Text).collect()))
        });
    }
}

fn stand_in(
    settings: &mut Settings,
    key: &str,
    file_key: &str,
    value: impl FnOnce(&[String]) -> Result<Raw, &'static str>,
) {
    let Some(file) = settings.get(file_key).cloned() else {
        return;
    };
    let rank = settings.get(key).map(|setting| setting.place.rank());
    match rank.map(|rank| rank.cmp(&file.place.rank())) {
        Some(std::cmp::Ordering::Equal) => {
            return settings.refuse(
                file_key,
                &file.raw,
                format!("must not be given together with {key}"),
            );
        }
        // The stronger source wins, whichever of the two spellings it uses.
        Some(std::cmp::Ordering::Greater) => return settings.forget(file_key),
        Some(std::cmp::Ordering::Less) | None => {}
    }
    let path = match text(&file.raw) {
        Ok(path) => Path::new(path),
        Err(bound) => return settings.refuse(file_key, &file.raw, bound),
    };
    match secret::read_lines(path) {
        Ok(lines) => match value(&lines) {
            Ok(raw) => settings.keep(key.to_owned(), raw, file.place),
            Err(bound) => settings.refuse(file_key, &file.raw, bound),
        },
        Err(problem) => settings.problem(file.place, file_key, problem),
    }
}
