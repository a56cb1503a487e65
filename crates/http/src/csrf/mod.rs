//! Anti-forgery tokens, for those who have to show one: a code that only a page of this very session can know.
//!
//! The code is an HMAC under a key that is derived from the session's token, so nothing is stored, and it changes whenever
//! the token does. It begins with random bytes, so it looks different in each answer, and compression tells nothing of it.

mod field;
mod form;
mod layer;

pub use layer::{CsrfService, CsrfTokens};

use crate::session::Session;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloakroom_core::{Active, RandomError, SessionError, Token};

const PURPOSE: &str = "csrf";
const SALT: usize = 16;
const LEN: usize = SALT + 32;
const TEXT_LEN: usize = LEN.div_ceil(3) * 4;

/// What a page of this session has to send back with each request that changes something: 64 base64url characters, other
/// ones in each answer.
///
/// A visitor without a session has none, and needs none.
///
/// ```
/// use cloakroom_http::{CsrfToken, Refused, Session};
///
/// async fn form(csrf: CsrfToken) -> String {
///     format!("<form method=post action=/pay>{}<button>Pay</button></form>", csrf.hidden_field())
/// }
/// # let _ = form;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The header that carries it.
    pub const HEADER: &'static str = "x-csrf-token";
    /// The form field that carries it.
    pub const FIELD: &'static str = "csrf_token";

    /// The value, for a `<meta>` that scripts read, or for a template of one's own. Empty without a session.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }

    /// The field for an HTML form, ready to be written as it is. Empty without a session.
    #[must_use]
    pub fn hidden_field(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        format!(
            r#"<input type="hidden" name="{}" value="{}">"#,
            Self::FIELD,
            self.0
        )
    }
}

impl Session {
    /// A token for the page at hand. Ask after acts such as [`log_in`](Self::log_in), which make those from before worthless.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, Session};
    /// async fn for_scripts(session: Session) -> Result<String, Refused> {
    ///     Ok(session.csrf_token()?.value().to_owned())
    /// }
    /// ```
    pub fn csrf_token(&self) -> Result<CsrfToken, SessionError> {
        match self.active() {
            Some(active) => mint(active.token(), self).map_err(SessionError::Random),
            None => Ok(CsrfToken::default()),
        }
    }

    /// Whether somebody is logged in, used from elsewhere or not.
    fn is_somebodys(&self) -> bool {
        self.active().as_ref().and_then(Active::subject).is_some()
    }
}

fn mint(token: &Token, session: &Session) -> Result<CsrfToken, RandomError> {
    let mut bytes = [0; LEN];
    let (salt, code) = bytes.split_at_mut(SALT);
    session.sessions().random().fill(salt)?;
    code.copy_from_slice(&token.mac(PURPOSE, salt).ok_or(RandomError)?);
    Ok(CsrfToken(URL_SAFE_NO_PAD.encode(bytes)))
}

/// Whether a page of this token's session sent it.
fn is_genuine(shown: &[u8], token: &Token) -> bool {
    let mut bytes = [0; LEN];
    if shown.len() != TEXT_LEN || URL_SAFE_NO_PAD.decode_slice(shown, &mut bytes) != Ok(LEN) {
        return false;
    }
    let (salt, code) = bytes.split_at(SALT);
    token.verifies(PURPOSE, salt, code)
}

#[cfg(feature = "axum")]
impl<S: Send + Sync> axum::extract::FromRequestParts<S> for CsrfToken {
    type Rejection = crate::problem::Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Session::of(&parts.extensions).await?.csrf_token()?)
    }
}
