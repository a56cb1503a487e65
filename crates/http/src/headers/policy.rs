//! A content security policy with places for the nonce, prepared as far as it can be.

use http::HeaderValue;

const USUAL: &str = "default-src 'self'; script-src 'self' {nonce}; style-src 'self' {nonce}; object-src 'none'; \
                     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const PLACE: &str = "{nonce}";

#[derive(Clone, Debug)]
pub(super) struct Policy {
    text: String,
    /// For answers without a nonce.
    bare: HeaderValue,
}

/// The policy can not stand in a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Content-Security-Policy {0:?} holds what no header may hold")]
pub struct BadPolicy(String);

impl Policy {
    pub(super) fn usual() -> Self {
        // Plain ASCII; were it not, nothing at all would be allowed.
        Self::parse(USUAL).unwrap_or(Self {
            text: String::new(),
            bare: HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        })
    }

    pub(super) fn parse(text: &str) -> Result<Self, BadPolicy> {
        let bad = || BadPolicy(text.to_owned());
        let framed = text.split(';').any(|directive| {
            let name = directive.split_ascii_whitespace().next();
            name.is_some_and(|name| name.eq_ignore_ascii_case("frame-ancestors"))
        });
        let mut whole = text.trim().trim_end_matches(';').to_owned();
        if !framed {
            let glue = if whole.is_empty() { "" } else { "; " };
            whole = format!("{whole}{glue}frame-ancestors 'none'");
        }
        let bare = whole.replace(&format!(" {PLACE}"), "").replace(PLACE, "");
        if !whole.is_ascii() {
            return Err(bad());
        }
        Ok(Self {
            bare: HeaderValue::try_from(bare).map_err(|_| bad())?,
            text: whole,
        })
    }

    pub(super) fn value(&self, nonce: Option<&str>) -> HeaderValue {
        let with = |nonce: &str| self.text.replace(PLACE, &format!("'nonce-{nonce}'"));
        // Base64 can stand in a header; were it not to, the page would lose its inline scripts and nothing else.
        nonce
            .and_then(|nonce| HeaderValue::try_from(with(nonce)).ok())
            .unwrap_or_else(|| self.bare.clone())
    }
}
