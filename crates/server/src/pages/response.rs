//! A page as an HTTP answer, with the headers that keep it honest.

use askama::Template;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Turns page structs into answers.
#[derive(Debug, Clone)]
pub struct Pages {
    csp: HeaderValue,
}

impl Pages {
    /// `form_origins` are the origins, besides the own one, to which a form's answer may redirect:
    /// those that are allowed in `rd`. Browsers apply `form-action` to the redirect too, so one that
    /// is missing here cannot be reached after a log-in. What is not an origin is left out.
    #[must_use]
    pub fn new<'a>(form_origins: impl IntoIterator<Item = &'a str>) -> Self {
        let mut csp = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                       base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
            .to_owned();
        for origin in form_origins.into_iter().filter(|origin| is_origin(origin)) {
            csp.push(' ');
            csp.push_str(origin);
        }
        let csp = HeaderValue::from_str(&csp)
            .unwrap_or(HeaderValue::from_static("default-src 'none'; style-src 'self'"));
        Self { csp }
    }

    /// The page with `status`: never cached, never framed, no script or style but the own files.
    ///
    /// `Referrer-Policy` is `same-origin` and not `no-referrer`, under which browsers send
    /// `Origin: null` with forms, and the cross-site check could not tell own forms from others'.
    pub fn html(&self, status: StatusCode, page: &impl Template) -> Response {
        let body = match page.render() {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let fixed: [(HeaderName, &'static str); 5] = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, self.csp.clone());
        response
    }
}

/// `https://host`, `http://host:port`, `https://*.host`: nothing that could end the directive.
fn is_origin(text: &str) -> bool {
    text.strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .is_some_and(|host| {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-:*[]".contains(c))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::LoginPage;

    #[test]
    fn pages_allow_no_script_or_style_but_their_own_files() {
        let pages = Pages::new([
            "https://shop.example.com",
            "https://x; script-src *",
            "javascript:",
        ]);
        let response = pages.html(StatusCode::UNAUTHORIZED, &LoginPage::default());
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[header::REFERRER_POLICY], "same-origin");
        let csp = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            csp.ends_with("form-action 'self' https://shop.example.com"),
            "{csp}"
        );
        assert!(!csp.contains("unsafe") && !csp.contains("script-src *"), "{csp}");
    }
}
