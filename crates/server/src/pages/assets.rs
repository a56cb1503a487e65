//! The style sheet, the script and the icon, under names that change with their content.
//!
//! A name holds the hash of what it names, so a browser may keep it for ever, and a new version of
//! the server is seen at once.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

/// Where the public listener serves them: `/auth/assets/{name}`.
pub const PUBLIC_BASE: &str = "/auth/assets";

/// Where the admin listener serves them: `/console/assets/{name}`.
pub const CONSOLE_BASE: &str = "/console/assets";

/// One file that the pages refer to.
#[derive(Debug)]
pub struct Asset {
    /// The file name with the hash of the content: `cloakroom.0123456789ab.css`.
    pub name: String,
    /// What to send as `Content-Type`.
    pub content_type: &'static str,
    /// A strong entity tag, quotes included (RFC 9110 §8.8.3).
    pub etag: String,
    /// The content.
    pub bytes: &'static [u8],
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset(
            "css",
            "text/css; charset=utf-8",
            include_bytes!("../../assets/cloakroom.css"),
        ),
        asset(
            "js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/cloakroom.js"),
        ),
        asset(
            "svg",
            "image/svg+xml",
            include_bytes!("../../assets/cloakroom.svg"),
        ),
    ]
});

fn asset(extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    let hash = Sha256::digest(bytes)
        .iter()
        .take(6)
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    Asset {
        name: format!("cloakroom.{hash}.{extension}"),
        content_type,
        etag: format!("\"{hash}\""),
        bytes,
    }
}

/// All of them.
#[must_use]
pub fn all() -> &'static [Asset] {
    ASSETS.as_slice()
}

/// The asset of exactly that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    all().iter().find(|asset| asset.name == name)
}

pub(super) fn stylesheet() -> &'static str {
    &ASSETS[0].name
}

pub(super) fn script() -> &'static str {
    &ASSETS[1].name
}

pub(super) fn icon() -> &'static str {
    &ASSETS[2].name
}

/// Serves them under whatever path this is nested at: [`PUBLIC_BASE`] or [`CONSOLE_BASE`].
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/{name}", get(serve))
}

async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match find(&name) {
        Some(asset) => respond(asset, headers.get(header::IF_NONE_MATCH)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The answer to a request for `asset`: 200, or 304 when `if_none_match` names its entity tag.
#[must_use]
pub fn respond(asset: &'static Asset, if_none_match: Option<&HeaderValue>) -> Response {
    let unchanged = if_none_match
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.trim_start_matches("W/") == asset.etag)
        });
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(asset.bytes));
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        response
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_own_name_only() {
        for asset in all() {
            assert_eq!(find(&asset.name).unwrap().bytes, asset.bytes);
        }
        assert!(find("cloakroom.css").is_none());
        assert!(find("../cloakroom.css").is_none());
        assert!(find("").is_none());
    }

    #[test]
    fn a_browser_keeps_them_for_ever_and_never_guesses_their_type() {
        for asset in all() {
            let response = respond(asset, None);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::CONTENT_TYPE], asset.content_type);
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(response.headers()[header::ETAG], asset.etag);
            assert_eq!(
                response.headers()[header::CACHE_CONTROL],
                "public, max-age=31536000, immutable"
            );
        }
    }

    #[test]
    fn a_known_entity_tag_is_answered_304() {
        let asset = &all()[0];
        for (tags, status) in [
            (asset.etag.clone(), StatusCode::NOT_MODIFIED),
            (format!("\"other\", W/{}", asset.etag), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"other\"".to_owned(), StatusCode::OK),
        ] {
            let value = HeaderValue::from_str(&tags).unwrap();
            assert_eq!(respond(asset, Some(&value)).status(), status, "{tags}");
        }
    }
}
