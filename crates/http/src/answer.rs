//! An answer on its way: waits for the inner service, and finishes the session whatever it came to.

use crate::headers::Due;
use crate::problem::{Code, Problem};
use crate::session::Session;
use bytes::Bytes;
use futures_util::future::{CatchUnwind, FutureExt as _, MapOk, TryFutureExt as _};
use http::Response;
use http_body_util::{Either, Full};
use pin_project_lite::pin_project;
use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The service's own body, or that of an error in its place.
pub type Body<B> = Either<B, Full<Bytes>>;

/// A service's answer on its way, as it is.
pub(crate) type Passed<F, R> = MapOk<F, fn(Response<R>) -> Response<Body<R>>>;

/// Lets an answer through.
pub(crate) fn passed<F, R, E>(called: F) -> Passed<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    called.map_ok(|response| response.map(Either::Left))
}

type Writing<R> = Pin<Box<dyn Future<Output = Response<Body<R>>> + Send>>;
type Panic = Box<dyn Any + Send>;

pin_project! {
    /// What [`SessionService`](crate::SessionService) answers with.
    ///
    /// By hand rather than `async`, so that a request which changes nothing needs no box of its own.
    pub struct Answer<F, R> {
        #[pin]
        stage: Stage<F, R>,
    }
}

pin_project! {
    #[project = Now]
    enum Stage<F, R> {
        // Nobody was asked.
        Refused { response: Option<Response<Body<R>>> },
        // The inner service is at work.
        Called {
            #[pin]
            called: CatchUnwind<AssertUnwindSafe<F>>,
            session: Session,
            due: Option<Due>,
        },
        // What it changed in the session is being written.
        Writing { writing: Writing<R> },
    }
}

impl<F, R> Answer<F, R> {
    pub(crate) fn refused(problem: &Problem, due: Option<&Due>) -> Self {
        let response = harden(problem.response().map(Either::Right), due);
        Self {
            stage: Stage::Refused {
                response: Some(response),
            },
        }
    }
}

impl<F: Future, R> Answer<F, R> {
    pub(crate) fn of(called: F, session: Session, due: Option<Due>) -> Self {
        // Unwind safety: what a panic may have left half changed is this request's own state, which is then dropped.
        let called = AssertUnwindSafe(called).catch_unwind();
        Self {
            stage: Stage::Called { called, session, due },
        }
    }
}

impl<F, R, E> Future for Answer<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Send + 'static,
{
    type Output = Result<Response<Body<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        let writing = match stage.as_mut().project() {
            Now::Refused { response } => {
                return response.take().map_or(Poll::Pending, |it| Poll::Ready(Ok(it)));
            }
            Now::Writing { writing } => return writing.as_mut().poll(context).map(Ok),
            Now::Called { called, session, due } => {
                let mut response = judge(ready!(called.poll(context)), session)?;
                let failed = response.status().is_server_error();
                if let Some(outcome) = session.finish_at_once(failed) {
                    session.config().write(&outcome, &mut response);
                    return Poll::Ready(Ok(harden(response, due.as_ref())));
                }
                Box::pin(write(session.clone(), response, due.take()))
            }
        };
        stage.set(Stage::Writing { writing });
        match stage.project() {
            Now::Writing { writing } => writing.as_mut().poll(context).map(Ok),
            _ => Poll::Pending,
        }
    }
}

/// What the inner service came to. A panic that has not touched the session goes on its way.
fn judge<R, E>(
    result: Result<Result<Response<R>, E>, Panic>,
    session: &Session,
) -> Result<Response<Body<R>>, E> {
    match result {
        Ok(Ok(response)) => Ok(response.map(Either::Left)),
        // The client must learn of a token that replaced its own, or the failure would log it out.
        failed if session.acted() => {
            let panicked = failed.is_err();
            tracing::error!(panicked, "a handler failed after it had changed the session");
            Ok(Problem::from(Code::Internal).response().map(Either::Right))
        }
        Ok(Err(error)) => {
            session.abandon();
            Err(error)
        }
        Err(panic) => {
            session.abandon();
            std::panic::resume_unwind(panic)
        }
    }
}

async fn write<R>(session: Session, mut response: Response<Body<R>>, due: Option<Due>) -> Response<Body<R>> {
    let (outcome, written) = session.finish(response.status().is_server_error()).await;
    if let Err(error) = written {
        response = Problem::from(error).response().map(Either::Right);
    }
    session.config().write(&outcome, &mut response);
    harden(response, due.as_ref())
}

/// With the security headers, if this layer has any.
fn harden<R>(mut response: Response<R>, due: Option<&Due>) -> Response<R> {
    if let Some(due) = due {
        due.write(&mut response);
    }
    response
}
