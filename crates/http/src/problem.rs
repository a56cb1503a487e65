//! Errors as clients see them: RFC 9457 problems with stable codes.

use bytes::Bytes;
use cloakroom_core::{MalformedName, SessionError, StoreError};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use std::borrow::Cow;
use std::time::Duration;

/// What went wrong, by a name that programs may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 401: nobody is logged in.
    NoSession,
    /// 401: user name or password is wrong.
    InvalidCredentials,
    /// 401: the last authentication is too long ago (RFC 9470).
    StepUpRequired,
    /// 401: the session is used from another browser or network than it was opened in.
    FingerprintMismatch,
    /// 403: the user lacks a role.
    Forbidden,
    /// 409: the user has as many sessions as allowed.
    SessionLimit,
    /// 403: the request comes from another site.
    CsrfRejected,
    /// 429: too many attempts.
    RateLimited,
    /// 503: the session store does not answer.
    StoreUnavailable,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 400: the request makes no sense.
    BadRequest,
    /// 413: the body is too large.
    TooLarge,
    /// 415: the body is of a kind that is not accepted here.
    UnsupportedMediaType,
    /// 500: something on our side.
    Internal,
}

impl Code {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSession => "NO_SESSION",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::StepUpRequired => "STEP_UP_REQUIRED",
            Self::FingerprintMismatch => "FINGERPRINT_MISMATCH",
            Self::Forbidden => "FORBIDDEN",
            Self::SessionLimit => "SESSION_LIMIT",
            Self::CsrfRejected => "CSRF_REJECTED",
            Self::RateLimited => "RATE_LIMITED",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::BadRequest => "BAD_REQUEST",
            Self::TooLarge => "TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NoSession | Self::InvalidCredentials | Self::StepUpRequired | Self::FingerprintMismatch => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden | Self::CsrfRejected => StatusCode::FORBIDDEN,
            Self::SessionLimit => StatusCode::CONFLICT,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::NoSession => "Not logged in",
            Self::InvalidCredentials => "Wrong user name or password",
            Self::StepUpRequired => "Confirm that it is you",
            Self::FingerprintMismatch => "Used from another device or place",
            Self::Forbidden => "Not allowed",
            Self::SessionLimit => "Too many sessions",
            Self::CsrfRejected => "Request from another site",
            Self::RateLimited => "Too many attempts",
            Self::StoreUnavailable => "Temporarily unavailable",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::BadRequest => "Bad request",
            Self::TooLarge => "Request too large",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::Internal => "Internal error",
        }
    }

    const fn usual_detail(self) -> &'static str {
        match self {
            Self::NoSession => "There is no session. Log in and try again.",
            Self::InvalidCredentials => "The user name or the password is wrong.",
            Self::StepUpRequired => "This needs a recent log-in. Confirm your password and try again.",
            Self::FingerprintMismatch => {
                "The session is used from another device or place than before. Confirm your password and try again."
            }
            Self::Forbidden => "Your account does not have the role that this needs.",
            Self::SessionLimit => {
                "You are logged in on as many devices as allowed. Log out on one of them first."
            }
            Self::CsrfRejected => "The request did not come from this site's own pages and was refused.",
            Self::RateLimited => "There were too many attempts. Wait a moment and try again.",
            Self::StoreUnavailable => {
                "Sessions can not be checked at the moment. You are not logged out; try again."
            }
            Self::NotFound => "There is nothing here.",
            Self::MethodNotAllowed => "This address does not accept that method.",
            Self::BadRequest => "The request is not well-formed.",
            Self::TooLarge => "The request's body is too large.",
            Self::UnsupportedMediaType => "Send the body as application/json.",
            Self::Internal => "Something went wrong on our side.",
        }
    }
}

/// An error answer. Holds nothing that a client may not see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    max_age: Option<Duration>,
    retry_after: Option<Duration>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        let retry_after = match code {
            Code::StoreUnavailable | Code::RateLimited => Some(Duration::from_secs(1)),
            _ => None,
        };
        Self {
            code,
            detail: Cow::Borrowed(code.usual_detail()),
            max_age: None,
            retry_after,
        }
    }
}

impl Problem {
    /// A fresh authentication is wanted, not older than this (RFC 9470).
    #[must_use]
    pub fn step_up(max_age: Duration) -> Self {
        Self {
            max_age: Some(max_age),
            ..Code::StepUpRequired.into()
        }
    }

    /// The session is used from elsewhere, or was challenged, and the user has to prove anew who they are.
    #[must_use]
    pub fn mismatch(what: cloakroom_core::Mismatch) -> Self {
        if what.challenged {
            let detail = "Something about this session looked unusual. Confirm your password and try again.";
            return Self::step_up(Duration::ZERO).saying(detail);
        }
        let problem = Self {
            max_age: Some(Duration::ZERO),
            ..Code::FingerprintMismatch.into()
        };
        problem.saying(format!(
            "The session is used with another {what} than before. Confirm your password and try again."
        ))
    }

    /// With other words than the usual ones.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With a time after which it is worth trying again; at least a second.
    #[must_use]
    pub fn retry_after(mut self, span: Duration) -> Self {
        self.retry_after = Some(span.max(Duration::from_secs(1)));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// What it says to the client.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// When it is worth trying again, if the answer says so.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The headers that go with the status, whatever the body is.
    pub fn write_headers(&self, headers: &mut http::HeaderMap) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == Code::CsrfRejected {
            headers.append(VARY, HeaderValue::from_static("Cookie, Sec-Fetch-Site, Origin"));
        }
        if let Some(span) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(span.as_secs().max(1)));
        }
        let challenge = match (self.code, self.max_age) {
            (_, Some(span)) => format!(
                "Bearer error=\"insufficient_user_authentication\", \
                 error_description=\"A recent log-in is required\", max_age={}",
                span.as_secs()
            ),
            // RFC 9110 §15.5.2 wants a challenge with every 401; no browser asks for a password at this one.
            (code, None) if code.status() == StatusCode::UNAUTHORIZED => {
                "Cookie realm=\"session\"".to_owned()
            }
            _ => return,
        };
        if let Ok(value) = HeaderValue::try_from(challenge) {
            headers.insert(WWW_AUTHENTICATE, value);
        }
    }

    /// The answer. The problem itself is in its extensions, for layers that show errors in another form.
    pub fn response<B: From<Bytes>>(&self) -> Response<B> {
        let body = serde_json::json!({
            "type": "about:blank",
            "title": self.code.title(),
            "status": self.code.status().as_u16(),
            "code": self.code.as_str(),
            "detail": self.detail,
        });
        let mut response = Response::new(B::from(Bytes::from(body.to_string())));
        *response.status_mut() = self.code.status();
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.write_headers(response.headers_mut());
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<SessionError> for Problem {
    /// What a client may know of an engine's error. The rest goes to the log, here.
    fn from(error: SessionError) -> Self {
        let code = match &error {
            SessionError::Store(StoreError::Unavailable(_) | StoreError::Full(_))
            | SessionError::Contended => Code::StoreUnavailable,
            SessionError::Gone | SessionError::Anonymous => return Code::NoSession.into(),
            SessionError::LoggedOutMeanwhile => return Code::InvalidCredentials.into(),
            SessionError::LimitReached => return Code::SessionLimit.into(),
            SessionError::Store(_) | SessionError::Random(_) | SessionError::Data(_) => Code::Internal,
        };
        let source = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, source, "a session could not be read or written");
        code.into()
    }
}

impl From<MalformedName> for Problem {
    fn from(error: MalformedName) -> Self {
        Self::from(Code::BadRequest).saying(error.to_string())
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        self.response()
    }
}

/// An error of a handler: whatever the engine says, as a problem. Lets handlers use `?`.
#[derive(Debug)]
pub struct Refused(pub Problem);

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Refused {
    fn into_response(self) -> axum::response::Response {
        self.0.response()
    }
}
