//! Where to go after a log-in: never to a stranger's site (ASVS 3.7.2).

use crate::config::{Config, Origin};
use url::Url;

/// Where people land who did not come from anywhere.
pub const HOME: &str = "/account";

/// `rd` if it leads to one's own origin or an allow-listed one.
///
/// Read as browsers read it (the URL standard), after everything that browsers, proxies and applications read
/// differently was refused.
#[must_use]
pub fn checked(rd: &str, config: &Config) -> Option<String> {
    if rd.len() > 2048 || is_ambiguous(rd) || is_ambiguous(&percent_decoded(rd)) {
        return None;
    }
    let base = Url::parse(&config.public_url.to_string()).ok()?;
    let relative = rd.starts_with('/') && !rd.starts_with("//");
    let absolute = rd.starts_with("https://") || rd.starts_with("http://");
    if !relative && !absolute {
        return None;
    }
    let target = base.join(rd).ok()?;
    if !target.username().is_empty() || target.password().is_some() {
        return None;
    }
    let origin: Origin = target.origin().ascii_serialization().parse().ok()?;
    if origin == config.public_url {
        return Some(target[url::Position::BeforePath..].to_owned());
    }
    config.allowed_redirects.contains(&origin).then(|| target.into())
}

/// Backslashes, control characters and doubled slashes at the start mean different things to different readers.
fn is_ambiguous(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || c == '\\') || text.starts_with("//") || text.starts_with(' ')
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Sources};

    fn config() -> Config {
        let set = |key: &str, value: &str| (key.into(), value.into());
        let environment = vec![
            set("CLOAKROOM_PUBLIC_URL", "https://app.example.com"),
            set("CLOAKROOM_ALLOWED_REDIRECTS", "https://shop.example.com"),
        ];
        Config::load(&Sources {
            environment,
            flags: Flags::default(),
            ..Sources::default()
        })
        .unwrap()
    }

    #[test]
    fn own_pages_and_listed_origins_are_fine() {
        let config = config();
        for (rd, expected) in [
            ("/", "/"),
            ("/orders?page=2#top", "/orders?page=2#top"),
            ("/a/../b", "/b"),
            ("https://app.example.com/x", "/x"),
            ("https://app.example.com:443/x", "/x"),
            ("https://shop.example.com/cart", "https://shop.example.com/cart"),
        ] {
            assert_eq!(checked(rd, &config).as_deref(), Some(expected), "{rd}");
        }
    }

    #[test]
    fn other_sites_are_not_however_they_are_spelled() {
        let config = config();
        for rd in [
            "",
            "orders",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https:evil.example",
            "https:/evil.example",
            "/%09/evil.example",
            "/%2f%2fevil.example\t",
            "%2f%2fevil.example",
            "/%5cevil.example",
            "/\t/evil.example",
            "https://app.example.com.evil.example",
            "https://app.example.com@evil.example",
            "https://user@app.example.com/",
            "https://evil.example#https://app.example.com",
            "http://app.example.com/",
            "https://shop.example.com:8443/",
            "javascript:alert(1)",
            "data:text/html,x",
            " https://app.example.com/",
            "HTTPS://evil.example",
        ] {
            assert_eq!(checked(rd, &config), None, "{rd}");
        }
    }
}
