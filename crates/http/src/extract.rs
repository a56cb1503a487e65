//! Extractors for axum: ask for what the handler needs, and it only runs if that is there.

use crate::problem::{Code, Problem};
use crate::session::Session;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use cloakroom_core::Subject;
use http::request::Parts;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::Deref;

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions).await
    }
}

/// Somebody who is logged in. Others get 401 `NO_SESSION` (429 `RATE_LIMITED` if they try too many), or 401 `FINGERPRINT_MISMATCH` if the session is used from
/// elsewhere and the policy wants a step-up for that.
#[derive(Clone, Debug)]
pub struct User {
    session: Session,
    subject: Subject,
}

impl User {
    /// Who it is.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Their session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl Deref for User {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        if let Some(mismatch) = session.mismatch() {
            return Err(Problem::mismatch(mismatch));
        }
        match session.subject() {
            Some(subject) => Ok(Self { session, subject }),
            None => Err(match session.held_up() {
                Some(wait) => Problem::from(Code::RateLimited).retry_after(wait),
                None => Code::NoSession.into(),
            }),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(user) => Ok(Some(user)),
            Err(problem) if problem.code() == Code::NoSession => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

/// Somebody whose authentication is younger than `step_up_within`. Others get 401 `STEP_UP_REQUIRED` (RFC 9470).
#[derive(Clone, Debug)]
pub struct Fresh(pub User);

impl Deref for Fresh {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Fresh {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let user = <User as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        if user.is_fresh() {
            return Ok(Self(user));
        }
        Err(Problem::step_up(user.sessions().policy().step_up_within()))
    }
}

/// A role, as a type: the handler's signature says who may call it.
///
/// ```
/// use cloakroom_http::{HasRole, Role};
///
/// struct Admin;
/// impl Role for Admin {
///     const NAME: &'static str = "admin";
/// }
///
/// async fn delete_everything(admin: HasRole<Admin>) -> String {
///     format!("done, {}", admin.subject())
/// }
/// # let _ = delete_everything;
/// ```
pub trait Role {
    /// Its name.
    const NAME: &'static str;
}

/// Somebody who has the role. Others who are logged in get 403 `FORBIDDEN`.
#[derive(Debug)]
pub struct HasRole<R> {
    user: User,
    role: PhantomData<fn() -> R>,
}

impl<R> Deref for HasRole<R> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl<S: Send + Sync, R: Role> FromRequestParts<S> for HasRole<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let user = <User as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        if user.has_role(R::NAME) {
            return Ok(Self {
                user,
                role: PhantomData,
            });
        }
        Err(Code::Forbidden.into())
    }
}

impl From<Infallible> for Problem {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
