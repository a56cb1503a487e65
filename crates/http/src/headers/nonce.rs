//! The nonce of one answer: what tells the page's own inline scripts from planted ones.

use crate::problem::{Code, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloakroom_core::Random;
use http::Extensions;
use std::sync::{Arc, OnceLock};

/// 128 random bits (CSP 3 §7.1), in base64, for `<script nonce="…">` and `<style nonce="…">`. Another one in each answer;
/// made when it is first asked for.
///
/// ```
/// use cloakroom_http::CspNonce;
///
/// async fn page(nonce: CspNonce) -> String {
///     format!("<script nonce=\"{}\">greet()</script>", nonce.value())
/// }
/// # let _ = page;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CspNonce(Arc<str>);

impl CspNonce {
    /// The nonce of a request's answer, for services that are no axum handlers. 500 without a
    /// [`SecurityHeaders`](crate::SecurityHeaders) that has [`nonces`](crate::SecurityHeaders::nonces).
    pub fn of(extensions: &Extensions) -> Result<Self, Problem> {
        let Some(slot) = extensions.get::<Slot>() else {
            tracing::error!(
                "a handler asks for a nonce, but there is no SecurityHeaders with nonces around it"
            );
            return Err(Code::Internal.into());
        };
        slot.nonce().map(Self).ok_or_else(|| Code::Internal.into())
    }

    /// The value of the attribute.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }
}

/// Where the layer and the handlers of one request meet.
#[derive(Clone)]
pub(super) struct Slot(Arc<Inner>);

struct Inner {
    random: Arc<dyn Random>,
    made: OnceLock<Option<Arc<str>>>,
}

impl Slot {
    pub(super) fn new(random: Arc<dyn Random>) -> Self {
        let made = OnceLock::new();
        Self(Arc::new(Inner { random, made }))
    }

    fn nonce(&self) -> Option<Arc<str>> {
        let make = || {
            let mut bytes = [0; 16];
            let filled = self.0.random.fill(&mut bytes);
            filled
                .inspect_err(|error| tracing::error!(%error, "no nonce was made"))
                .ok()
                .map(|()| STANDARD.encode(bytes).into())
        };
        self.0.made.get_or_init(make).clone()
    }

    /// What was asked for so far.
    pub(super) fn made(&self) -> Option<&str> {
        self.0.made.get()?.as_deref()
    }
}

#[cfg(feature = "axum")]
impl<S: Send + Sync> axum::extract::FromRequestParts<S> for CspNonce {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions)
    }
}
