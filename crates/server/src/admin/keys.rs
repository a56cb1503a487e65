//! Who may use the admin API: whoever holds one of the configured keys.

use crate::app::App;
use crate::throttle::budgets;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::{Code, Problem};
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use subtle::ConstantTimeEq as _;

/// The operator behind a request, by the beginning of their key's hash: enough to tell keys apart in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator(pub String);

impl Operator {
    fn of(hash: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = hash;
        Self(format!("{a:02x}{b:02x}{c:02x}{d:02x}"))
    }
}

/// Whether an operator's key is one of those that are configured now.
pub fn is_known(app: &App, operator: &Operator) -> bool {
    app.admin_keys.iter().any(|key| Operator::of(&key.0) == *operator)
}

/// Lets requests with a good key through; others get 401.
pub async fn required(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let ip = app
        .proxies
        .client_address(request.headers(), request.extensions());
    let key = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(bearer);
    match check(&app, key.unwrap_or_default(), ip).await {
        Ok(operator) => {
            request.extensions_mut().insert(operator);
            next.run(request).await
        }
        Err(problem) => {
            let mut response = problem.into_response();
            response.headers_mut().insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"cloakroom admin\""),
            );
            response
        }
    }
}

/// The operator of a key, or why not.
pub async fn check(app: &App, key: &str, ip: Option<IpAddr>) -> Result<Operator, Problem> {
    let budgets = budgets::key(&app.throttle.rates, ip);
    app.throttle.check(&budgets).await?;
    let hash = Sha256::digest(key.as_bytes());
    // All are compared, in constant time each.
    let found = app
        .admin_keys
        .iter()
        .filter(|known| bool::from(known.0.ct_eq(&hash)))
        .count()
        > 0;
    if found && !key.is_empty() {
        return Ok(Operator::of(&hash.into()));
    }
    if !key.is_empty() {
        app.throttle.charge(&budgets).await;
    }
    Err(Problem::from(Code::InvalidCredentials)
        .saying("Send one of the configured admin keys as Authorization: Bearer KEY."))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
