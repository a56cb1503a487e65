//! The layer that adds them.

use super::nonce::Slot;
use super::{CLEAR_SITE_DATA, Rules, SecurityHeaders};
use crate::respond::SessionEnded;
use http::header::CONTENT_SECURITY_POLICY;
use http::{Extensions, HeaderMap, HeaderName, Request, Response};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower::{Layer, Service};

impl<S> Layer<S> for SecurityHeaders {
    type Service = HardenedService<S>;

    fn layer(&self, inner: S) -> HardenedService<S> {
        HardenedService {
            inner,
            headers: self.clone(),
        }
    }
}

/// What [`SecurityHeaders`] makes of a service.
#[derive(Clone)]
pub struct HardenedService<S> {
    inner: S,
    headers: SecurityHeaders,
}

impl<S, B, R> Service<Request<B>> for HardenedService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = HardenedAnswer<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let due = self.headers.due(request.extensions_mut());
        HardenedAnswer {
            called: self.inner.call(request),
            due,
        }
    }
}

pin_project! {
    /// An answer on its way, to which headers will be added.
    pub struct HardenedAnswer<F> {
        #[pin]
        called: F,
        due: Due,
    }
}

impl<F, R, E> Future for HardenedAnswer<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.called.poll(context))?;
        this.due.write(&mut response);
        Poll::Ready(Ok(response))
    }
}

/// The headers that one answer is due.
pub(crate) struct Due {
    rules: Arc<Rules>,
    slot: Option<Slot>,
}

impl SecurityHeaders {
    /// For the answer to a request with these extensions.
    pub(crate) fn due(&self, extensions: &mut Extensions) -> Due {
        let slot = self.0.random.as_ref().map(|random| {
            // One nonce per answer, also where layers are nested.
            let outer = extensions.get::<Slot>().cloned();
            outer.unwrap_or_else(|| {
                let slot = Slot::new(Arc::clone(random));
                extensions.insert(slot.clone());
                slot
            })
        });
        let rules = Arc::clone(&self.0);
        Due { rules, slot }
    }
}

impl Due {
    pub(crate) fn write<R>(&self, response: &mut Response<R>) {
        self.rules
            .write(response, self.slot.as_ref().and_then(Slot::made));
    }
}

/// What a layer further in was told to leave out.
#[derive(Clone)]
struct LeftOut(Arc<[HeaderName]>);

impl Rules {
    /// Puts what the answer has already over a copy of what is added to all: cheaper than to look for each, since answers
    /// have few headers of their own.
    fn write<R>(&self, response: &mut Response<R>, nonce: Option<&str>) {
        let extensions = response.extensions();
        let mut all = self.usual.clone();
        if let (Some(policy), Some(_)) = (&self.policy, nonce) {
            all.insert(CONTENT_SECURITY_POLICY, policy.value(nonce));
        }
        if let (Some(value), Some(SessionEnded)) = (&self.clear, extensions.get()) {
            all.insert(CLEAR_SITE_DATA, value.clone());
        }
        let left_out = extensions.get::<LeftOut>().cloned();
        for name in left_out.iter().flat_map(|LeftOut(names)| &**names) {
            all.remove(name);
        }
        put_over(&mut all, std::mem::take(response.headers_mut()));
        *response.headers_mut() = all;
        self.leave_out(response, left_out);
    }

    /// Tells layers further out what this one leaves out.
    fn leave_out<R>(&self, response: &mut Response<R>, inner: Option<LeftOut>) {
        if !self.without.is_empty() {
            let inner = inner.map_or_else(|| Arc::from([]), |LeftOut(names)| names);
            let all = inner.iter().chain(&*self.without).cloned().collect();
            response.extensions_mut().insert(LeftOut(all));
        }
    }
}

/// Each name with all its values, in place of what was there.
fn put_over(headers: &mut HeaderMap, own: HeaderMap) {
    let mut last = None;
    for (name, value) in own {
        if let Some(name) = name {
            headers.insert(&name, value);
            last = Some(name);
        } else if let Some(name) = &last {
            headers.append(name, value);
        }
    }
}
