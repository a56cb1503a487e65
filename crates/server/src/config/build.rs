//! From settings to the checked tree.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cloakroom::ForwardedHeader;
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::error::Place;
use super::origin::Origin;
use super::setting::{Raw, Settings, boolean, choice, number, text};
use super::store_url::StoreUrl;
use super::tree::{Admin, Binding, Config, Headers, KeyHash, Reaction};
use super::{Purpose, audit, cache, cookie, outbound, policy, throttle, watch};

/// Builds the tree and notes everything that is wrong. The result means something only when nothing was.
pub(super) fn build(settings: &mut Settings, dev: bool, purpose: Purpose) -> Config {
    let listen = address(settings, "listen", SocketAddr::from(([127, 0, 0, 1], 8080)), dev);
    let admin_listen = address(
        settings,
        "admin_listen",
        SocketAddr::from(([127, 0, 0, 1], 9090)),
        dev,
    );
    if listen == admin_listen && listen.port() != 0 {
        let key = if settings.place("admin_listen") == Place::Default {
            "listen"
        } else {
            "admin_listen"
        };
        settings.contradiction(key, "must not be the same address for listen and admin_listen");
    }
    let public_url = public_url(settings, listen, dev, purpose);
    let sent = outbound::outbound(settings);
    let data_dir = settings
        .read("data_dir", data_dir)
        .unwrap_or_else(|| PathBuf::from("data"));
    let store = settings
        .read("store", |raw| parse(text(raw)?))
        .unwrap_or_else(|| default_store(&data_dir));
    let trusted_proxies = settings.read_list("trusted_proxies", network);
    Config {
        dev,
        listen,
        admin_listen,
        log: settings.read("log", log).unwrap_or_else(|| "info".to_owned()),
        store,
        audit: audit::read(settings, &data_dir),
        data_dir,
        forwarded_header: forwarded_header(settings),
        proxy_protocol: proxy_protocol(settings, &trusted_proxies),
        trusted_proxies,
        allowed_redirects: settings.read_list("allowed_redirects", |text| origin(text, dev)),
        cookie: cookie::read(settings, public_url.as_ref()),
        headers: Headers {
            hsts_subdomains: settings
                .read("headers.hsts_subdomains", boolean)
                .unwrap_or_default(),
            clear_cookies: settings
                .read("headers.clear_cookies", boolean)
                .unwrap_or_default(),
        },
        policy: policy::read(settings),
        binding: binding(settings),
        cache: cache::read(settings),
        throttle: throttle::read(settings),
        watch: watch::read(settings),
        admin: Admin {
            keys: settings.read_list("admin.keys", key_hash),
        },
        mail: outbound::mail(settings),
        webhooks: outbound::webhooks(settings, &sent.allow_networks),
        outbound: sent,
        public_url: public_url.unwrap_or_else(|| Origin::of_listener(listen)),
    }
}

/// An address to listen on.
fn address(settings: &mut Settings, key: &str, usual: SocketAddr, dev: bool) -> SocketAddr {
    let read = settings.read(key, |raw| {
        let address = text(raw).ok().and_then(|text| text.parse::<SocketAddr>().ok());
        address.ok_or("must be an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080")
    });
    let address = read.unwrap_or(usual);
    if dev && !address.ip().is_loopback() {
        let bound =
            "must be a loopback address with --dev, as in 127.0.0.1:8080: its passwords and keys are printed";
        settings.contradiction(key, bound);
    }
    address
}

/// The public origin; nothing when there is none and that was noted.
fn public_url(settings: &mut Settings, listen: SocketAddr, dev: bool, purpose: Purpose) -> Option<Origin> {
    if settings.get("public_url").is_some() {
        return settings.read("public_url", |raw| origin(text(raw)?, dev));
    }
    if dev || purpose == Purpose::Administer {
        return Some(Origin::of_listener(listen));
    }
    let bound =
        "must be set to the origin that browsers use, as in https://app.example.com, or start with --dev";
    settings.missing("public_url", bound);
    None
}

/// An origin that a session may travel to: `https`, or this very machine.
fn origin(text: &str, dev: bool) -> Result<Origin, String> {
    let origin: Origin = parse(text)?;
    if origin.is_https() || origin.is_loopback() || dev {
        return Ok(origin);
    }
    Err(
        "must begin with https://, because anybody on the way reads and changes what goes over http://; \
         http:// is for loopback hosts and --dev"
            .to_owned(),
    )
}

fn data_dir(raw: &Raw) -> Result<PathBuf, &'static str> {
    let path = text(raw)?;
    if path.is_empty() {
        Err("must name a folder")
    } else {
        Ok(PathBuf::from(path))
    }
}

fn default_store(data_dir: &Path) -> StoreUrl {
    StoreUrl::sqlite(&data_dir.join("cloakroom.db"))
}

fn log(raw: &Raw) -> Result<String, String> {
    let filter = text(raw)?;
    let checked = tracing_subscriber::EnvFilter::try_new(filter);
    checked.map_err(|_| "must be a tracing filter, as in info or cloakroom=debug,warn")?;
    Ok(filter.to_owned())
}

/// A network, or an address as the network of itself.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let network: IpNet = text
        .parse()
        .map_err(|_| "must be a network or an address, as in 10.0.0.0/8 or ::1".to_owned())?;
    // `10.0.0.1/8` is either one host or the whole network: trust is not given on a guess.
    if network != network.trunc() {
        let host = IpNet::from(network.addr());
        return Err(format!("must be a whole network: {} or {host}", network.trunc()));
    }
    Ok(network)
}

fn forwarded_header(settings: &mut Settings) -> ForwardedHeader {
    let choices = [
        ("x-forwarded-for", ForwardedHeader::XForwardedFor),
        ("forwarded", ForwardedHeader::Forwarded),
    ];
    let read = settings.read("forwarded_header", |raw| choice(raw, &choices));
    read.unwrap_or_default()
}

/// Without anybody to believe it would say nothing, and look as if it did.
fn proxy_protocol(settings: &mut Settings, trusted_proxies: &[IpNet]) -> bool {
    let wanted = settings.read("proxy_protocol", boolean).unwrap_or_default();
    if wanted && trusted_proxies.is_empty() {
        settings.contradiction(
            "proxy_protocol",
            "needs trusted_proxies: the addresses of those who send it",
        );
    }
    wanted
}

fn binding(settings: &mut Settings) -> Binding {
    Binding {
        ip: reaction(settings, "binding.ip").unwrap_or(Reaction::Log),
        user_agent: reaction(settings, "binding.user_agent").unwrap_or(Reaction::StepUp),
        accept_language: reaction(settings, "binding.accept_language").unwrap_or(Reaction::Ignore),
        ip_prefix_v4: bits(settings, "binding.ip_prefix_v4", 32).unwrap_or(24),
        ip_prefix_v6: bits(settings, "binding.ip_prefix_v6", 128).unwrap_or(48),
    }
}

fn reaction(settings: &mut Settings, key: &str) -> Option<Reaction> {
    let choices = [
        ("ignore", Reaction::Ignore),
        ("log", Reaction::Log),
        ("step-up", Reaction::StepUp),
        ("end", Reaction::End),
    ];
    settings.read(key, |raw| choice(raw, &choices))
}

fn bits(settings: &mut Settings, key: &str, most: u8) -> Option<u8> {
    settings.read(key, |raw| number(raw, 0, i64::from(most)))
}

/// The SHA-256 of an admin key, in hex; not the one of a key that somebody forgot to set (ASVS 13.3.1).
fn key_hash(text: &str) -> Result<KeyHash, &'static str> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 64);
    let digits = digits.ok_or("must be the SHA-256 of a key: 64 hexadecimal digits")?;
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    let sample = |key: &str| hash == Sha256::digest(key.as_bytes())[..];
    let repeated = hash.iter().all(|byte| *byte == hash[0]);
    if repeated || ["", "\n", "changeme"].iter().any(|key| sample(key)) {
        return Err("must be the SHA-256 of a key of your own, not of a sample");
    }
    Ok(KeyHash(hash))
}

/// Parses by `FromStr`, the error as text.
pub(super) fn parse<T>(text: &str) -> Result<T, String>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}
