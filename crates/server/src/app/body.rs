//! Request bodies: JSON, or an HTML form where that is offered. Says what is wrong with them, and where.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use cloakroom::problem::{Code, Problem};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// The longest body that is read, in bytes.
pub const MOST: usize = 64 * 1024;
/// How long a client may take to send it.
const SLOW: Duration = Duration::from_secs(15);

/// How a request was made, and so how it wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// By a program: JSON.
    Json,
    /// By an HTML form: a redirect or a page.
    Form,
}

/// A JSON body; no body at all is an empty object. Anything else is 415.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body or an HTML form. A missing body is an empty object.
#[derive(Debug)]
pub struct Either<T>(pub Shape, pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = kind(&request);
        let bytes = read(request.into_body()).await?;
        match kind {
            Kind::Json => json(&bytes).map(Self),
            Kind::Nothing if bytes.is_empty() => json(&bytes).map(Self),
            _ => Err(Code::UnsupportedMediaType.into()),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Either<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = kind(&request);
        let bytes = read(request.into_body()).await?;
        match kind {
            Kind::Form => form(&bytes).map(|value| Self(Shape::Form, value)),
            Kind::Json => json(&bytes).map(|value| Self(Shape::Json, value)),
            Kind::Nothing if bytes.is_empty() => json(&bytes).map(|value| Self(Shape::Json, value)),
            Kind::Nothing | Kind::Other => Err(Problem::from(Code::UnsupportedMediaType)
                .saying("Send the body as application/json or as an HTML form.")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Form,
    Nothing,
    Other,
}

fn kind(request: &Request) -> Kind {
    let mut values = request.headers().get_all(CONTENT_TYPE).iter();
    let Some(first) = values.next() else {
        return Kind::Nothing;
    };
    let Ok(text) = first.to_str() else {
        return Kind::Other;
    };
    let essence = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match (essence.as_str(), values.next()) {
        ("application/json", None) => Kind::Json,
        ("application/x-www-form-urlencoded", None) => Kind::Form,
        _ => Kind::Other,
    }
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    let Ok(read) = timeout(SLOW, Limited::new(body, MOST).collect()).await else {
        return Err(Problem::from(Code::BadRequest).saying("The body did not arrive in time."));
    };
    match read {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::from(Code::TooLarge).saying(format!("The body is longer than {MOST} bytes.")))
        }
        Err(_) => Err(Problem::from(Code::BadRequest).saying("The body broke off.")),
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        match error.inner().classify() {
            serde_json::error::Category::Data if path == "." => does_not_fit("The JSON body", error.inner()),
            serde_json::error::Category::Data => {
                does_not_fit(&format!("The field `{}`", path.escape_default()), error.inner())
            }
            _ => not_json(error.inner()),
        }
    })?;
    reader.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::from(Code::BadRequest).saying(format!("The body is not valid JSON: {error}."))
}

fn does_not_fit(what: &str, error: &serde_json::Error) -> Problem {
    let why = without_value(&error.to_string());
    Problem::from(Code::BadRequest).saying(format!("{what} does not fit: {why}."))
}

fn form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_urlencoded::from_bytes(bytes).map_err(|error| {
        let why = without_value(&error.to_string());
        Problem::from(Code::BadRequest).saying(format!("The form does not fit: {why}."))
    })
}

/// The message without the value that did not fit: `invalid type: integer `12345678`, expected a string` would repeat a
/// password.
fn without_value(message: &str) -> String {
    match (message.split_once(": "), message.find(", expected ")) {
        (Some((kind @ ("invalid type" | "invalid value"), rest)), Some(expected)) => {
            let what: String = rest
                .chars()
                .take_while(|c| c.is_alphabetic() || *c == ' ')
                .collect();
            format!("{kind}: {}{}", what.trim_end(), &message[expected..])
        }
        _ => message.lines().next().unwrap_or_default().to_owned(),
    }
}
