//! What the address of a request says, besides its path: unreadable parts are problems like all others.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use cloakroom::problem::{Code, Problem};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// The query, for programs: what can not be read is 400.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        read(query).map(Self)
    }
}

/// The query, for pages: what can not be read is as if it were not there.
#[derive(Debug)]
pub struct Lenient<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequestParts<S> for Lenient<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(read(query).unwrap_or_default()))
    }
}

/// The one part of the path that varies. What is no text names nothing, so it is 404.
#[derive(Debug)]
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let first = params
            .ok()
            .and_then(|params| params.iter().next().map(|(_, value)| value.to_owned()));
        first.map(Self).ok_or_else(|| Code::NotFound.into())
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let wrong = |why: String| Problem::from(Code::BadRequest).saying(why);
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_| wrong("The query can not be read.".to_owned()))?;
    let mut names = BTreeSet::new();
    if let Some((twice, _)) = pairs.iter().find(|(name, _)| !names.insert(name.as_str())) {
        return Err(wrong(format!(
            "The parameter `{}` is there twice.",
            twice.escape_default()
        )));
    }
    let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        wrong(match path.as_str() {
            "." => format!("The query does not fit: {}.", error.inner()),
            name => format!(
                "The parameter `{}` does not fit: {}.",
                name.escape_default(),
                error.inner()
            ),
        })
    })
}
