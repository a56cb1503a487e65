//! `[cookie]`: names that browsers accept, and domains that are somebody's own.

use super::origin::{Origin, is_host_name};
use super::setting::{Raw, Settings, boolean, choice, text};
use super::tree::{Cookie, SameSite};

/// Reads the section. `public_url` is the origin that the cookie must reach, when there is a good one.
pub(super) fn read(settings: &mut Settings, public_url: Option<&Origin>) -> Cookie {
    let same_site = settings.read("cookie.same_site", |raw| {
        choice(
            raw,
            &[
                ("lax", SameSite::Lax),
                ("strict", SameSite::Strict),
                ("none", SameSite::None),
            ],
        )
    });
    let cookie = Cookie {
        name: settings
            .read("cookie.name", name)
            .unwrap_or_else(|| "sid".to_owned()),
        same_site: same_site.unwrap_or(SameSite::Lax),
        allow_cross_site: settings.read("cookie.allow_cross_site", boolean).unwrap_or(false),
        domain: settings.read("cookie.domain", domain).flatten(),
    };
    check(&cookie, public_url, settings);
    cookie
}

fn check(cookie: &Cookie, public_url: Option<&Origin>, settings: &mut Settings) {
    if cookie.same_site == SameSite::None {
        if !cookie.allow_cross_site {
            let bound =
                "needs cookie.allow_cross_site = true: other sites can then send requests as the user";
            settings.contradiction("cookie.same_site", bound);
        } else if public_url.is_some_and(|origin| !origin.is_https()) {
            settings.contradiction(
                "cookie.same_site",
                "needs an https:// public_url: browsers drop it otherwise",
            );
        }
    }
    if let (Some(domain), Some(origin)) = (&cookie.domain, public_url) {
        let below = origin.host().strip_suffix(domain.as_str());
        if !below.is_some_and(|below| below.is_empty() || below.ends_with('.')) {
            let bound = format!(
                "must be the host of public_url or a domain above it, and that is {}",
                origin.host()
            );
            settings.contradiction("cookie.domain", bound);
        }
    }
}

/// A cookie name: an RFC 6265 token without the prefixes that browsers give a meaning to.
fn name(raw: &Raw) -> Result<String, &'static str> {
    let name = text(raw)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) {
        return Err("must be 1 to 64 letters, digits, - and _");
    }
    if name.starts_with("__") {
        return Err("must not bring its own prefix: __Host-, or __Secure- with cookie.domain, is added");
    }
    Ok(name.to_owned())
}

/// A domain to share the cookie in; the empty text is none.
fn domain(raw: &Raw) -> Result<Option<String>, &'static str> {
    let domain = text(raw)?.to_ascii_lowercase();
    // The leading dot of older cookies means nothing any more (RFC 6265 §5.2.3).
    let domain = domain.strip_prefix('.').unwrap_or(&domain);
    if domain.is_empty() {
        return Ok(None);
    }
    // One that ends in a number is an address to browsers.
    let last = domain.rsplit('.').next().unwrap_or_default();
    if !is_host_name(domain) || last.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("must be a domain name, as in example.com");
    }
    if psl::suffix_str(domain) == Some(domain) {
        return Err("must not be a public suffix: everybody can have a host under it");
    }
    Ok(Some(domain.to_owned()))
}
