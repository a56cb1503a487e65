//! Request bodies: JSON, or an HTML form where that is offered. Says what is wrong with them, and where.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use cloakroom::problem::{Code, Problem};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

/// The longest body that is read, in bytes.
pub const MOST: usize = 64 * 1024;

/// How a request was made, and so how it wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// By a program: JSON.
    Json,
    /// By an HTML form: a redirect or a page.
    Form,
}

/// A JSON body. Anything else is 415.
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
            Kind::Nothing if bytes.is_empty() => json(b"{}").map(|value| Self(Shape::Json, value)),
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
    match Limited::new(body, MOST).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::from(Code::TooLarge).saying(format!("The body is longer than {MOST} bytes.")))
        }
        Err(_) => Err(Problem::from(Code::BadRequest).saying("The body broke off.")),
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "The JSON body does not fit",
            _ => "The body is not valid JSON",
        };
        // serde's words name fields, types and places, never values of strings beyond what the client itself sent.
        Problem::from(Code::BadRequest).saying(format!("{what}: {}.", first_line(&error.to_string())))
    })
}

fn form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_urlencoded::from_bytes(bytes).map_err(|error| {
        Problem::from(Code::BadRequest).saying(format!(
            "The form does not fit: {}.",
            first_line(&error.to_string())
        ))
    })
}

/// The message without the value that did not fit: `invalid type: string "…", expected …` would repeat a password.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    match (line.find('"'), line.rfind('"')) {
        (Some(from), Some(to)) if to > from => format!("{}…{}", &line[..=from], &line[to..]),
        _ => line.to_owned(),
    }
}
