//! The layer that adds them.

use super::nonce::Slot;
use super::{CLEAR_SITE_DATA, Rules, SecurityHeaders};
use crate::respond::SessionEnded;
use http::header::{CONTENT_SECURITY_POLICY, Entry};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
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
            rules: Arc::clone(&self.0),
        }
    }
}

/// What [`SecurityHeaders`] makes of a service.
#[derive(Clone)]
pub struct HardenedService<S> {
    inner: S,
    rules: Arc<Rules>,
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
        let slot = self.rules.random.as_ref().map(|random| {
            // One nonce per answer, also where layers are nested.
            let outer = request.extensions().get::<Slot>().cloned();
            outer.unwrap_or_else(|| {
                let slot = Slot::new(Arc::clone(random));
                request.extensions_mut().insert(slot.clone());
                slot
            })
        });
        HardenedAnswer {
            called: self.inner.call(request),
            rules: Arc::clone(&self.rules),
            slot,
        }
    }
}

pin_project! {
    /// An answer on its way, to which headers will be added.
    pub struct HardenedAnswer<F> {
        #[pin]
        called: F,
        rules: Arc<Rules>,
        slot: Option<Slot>,
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
        this.rules
            .write(&mut response, this.slot.as_ref().and_then(Slot::made));
        Poll::Ready(Ok(response))
    }
}

/// What a layer further in was told to leave out.
#[derive(Clone)]
struct LeftOut(Arc<[HeaderName]>);

impl Rules {
    fn write<R>(&self, response: &mut Response<R>, nonce: Option<&str>) {
        let extensions = response.extensions();
        let ended = extensions.get::<SessionEnded>().is_some();
        let left_out = extensions.get::<LeftOut>().cloned();
        let is_left_out = |name: &HeaderName| {
            left_out
                .as_ref()
                .is_some_and(|LeftOut(names)| names.contains(name))
        };
        let headers = response.headers_mut();
        headers.reserve(self.fixed.len() + 2);
        for (name, value) in &self.fixed {
            if !is_left_out(name) {
                add(headers, name, || value.clone());
            }
        }
        if let Some(policy) = &self.policy
            && !is_left_out(&CONTENT_SECURITY_POLICY)
        {
            add(headers, &CONTENT_SECURITY_POLICY, || policy.value(nonce));
        }
        if let Some(value) = &self.clear
            && ended
            && !is_left_out(&CLEAR_SITE_DATA)
        {
            add(headers, &CLEAR_SITE_DATA, || value.clone());
        }
        if !self.without.is_empty() {
            let inner = left_out.as_ref().map_or(&[][..], |LeftOut(names)| names);
            let all = inner.iter().chain(&*self.without).cloned().collect();
            response.extensions_mut().insert(LeftOut(all));
        }
    }
}

/// What is there already stays.
fn add(headers: &mut HeaderMap, name: &HeaderName, value: impl FnOnce() -> HeaderValue) {
    if let Entry::Vacant(place) = headers.entry(name) {
        place.insert(value());
    }
}
