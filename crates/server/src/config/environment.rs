//! The environment: `CLOAKROOM_` and the path of a key in capitals, with `__` between its parts.

use std::ffi::OsString;

use super::error::{Place, Problem};
use super::keys;
use super::setting::{Raw, Settings};

/// What the names of our variables begin with.
const PREFIX: &str = "CLOAKROOM_";

/// Adds what the environment says.
pub(super) fn gather(variables: &[(OsString, OsString)], settings: &mut Settings) {
    for (name, value) in variables {
        // A name that is no Unicode is none of ours.
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        if is_from_orchestrator(name) {
            continue;
        }
        let place = Place::Environment(name.to_owned());
        let known = keys::key(&path(name)).filter(|key| variable(key) == name);
        match (known, value.to_str()) {
            (Some(key), Some(value)) => settings.keep(key, Raw::Word(value.to_owned()), place),
            (Some(key), None) => {
                let value = "***".to_owned();
                settings.problem(
                    place,
                    &key,
                    Problem::Refused {
                        value,
                        bound: "must be UTF-8 text".to_owned(),
                    },
                );
            }
            (None, _) => {
                let path = path(name);
                let near = keys::hint(&path, variable);
                settings.problem(place, &path, Problem::Unknown { near });
            }
        }
    }
}

/// The variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// The key that a variable would be.
fn path(variable: &str) -> String {
    variable[PREFIX.len()..].replace("__", ".").to_ascii_lowercase()
}

/// Kubernetes and Docker tell every container about a service called `cloakroom` by variables that look like ours.
fn is_from_orchestrator(name: &str) -> bool {
    let rest = &name[PREFIX.len()..];
    let of_port = rest
        .strip_prefix("PORT_")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let of_service = rest == "SERVICE_HOST" || rest == "SERVICE_PORT" || rest.starts_with("SERVICE_PORT_");
    rest == "PORT" || of_port || of_service
}
