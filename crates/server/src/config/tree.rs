//! The configuration itself. Each field says its default, and why it is that.

use std::net::SocketAddr;
use std::path::PathBuf;

use cloakroom::{ForwardedHeader, Rate};
use cloakroom_watch::Rule;
use ipnet::IpNet;

use super::origin::Origin;
use super::outbound::{Mail, Outbound, Webhook};
use super::policy::Policy;
use super::store_url::StoreUrl;

/// Everything that can be configured, checked: what is here fits its bounds and contradicts nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `--dev`: a demo user, a printed admin key, a cookie without a prefix over plain HTTP. Only on loopback
    /// addresses, and only as a flag.
    pub dev: bool,

    /// Where browsers and proxies come in. Default `127.0.0.1:8080`: a proxy on the same machine reaches it, nobody
    /// else does until somebody decides so.
    pub listen: SocketAddr,

    /// Where the admin API, the metrics and the console are. Default `127.0.0.1:9090`: never on the public listener.
    pub admin_listen: SocketAddr,

    /// The origin under which browsers see the server. No default, because cookies and the check against cross-site
    /// requests hang on it, and a guess from `Host` is the attacker's to make. With `--dev`, and for commands that
    /// serve nothing, `http://LISTEN`. Plain `http` is for `--dev` and loopback hosts.
    pub public_url: Origin,

    /// What is logged, as a tracing filter. Default `info`.
    pub log: String,

    /// Where sessions are kept. Default `sqlite:DATA_DIR/cloakroom.db`: survives a restart and needs no other service.
    /// `store_file` names a file that holds the URL instead, for passwords.
    pub store: StoreUrl,

    /// The folder for what the server keeps besides sessions, such as its users. Default `data`.
    pub data_dir: PathBuf,

    /// Whose `X-Forwarded-*` and `X-Original-*` are believed. Default nobody's: anyone can write these headers.
    pub trusted_proxies: Vec<IpNet>,

    /// Which header names the client: `x-forwarded-for` or `forwarded` (RFC 7239). Default `x-forwarded-for`. The other
    /// is not looked at: a proxy that adds to one lets the other through.
    pub forwarded_header: ForwardedHeader,

    /// Whether `trusted_proxies` send a PROXY protocol header (1 or 2) ahead of each connection to `listen`. From them it
    /// is then required, from others it is refused. Default `false`.
    pub proxy_protocol: bool,

    /// The origins besides `public_url` that `?rd=` may lead to after a log-in. Default none: an open redirect helps
    /// phishers.
    pub allowed_redirects: Vec<Origin>,

    /// How the session cookie looks.
    pub cookie: Cookie,

    /// What is added to every answer.
    pub headers: Headers,

    /// How long sessions live, and how many there may be.
    pub policy: Policy,

    /// What a changed client means.
    pub binding: Binding,

    /// The near cache.
    pub cache: Cache,

    /// How many wrong guesses are taken.
    pub throttle: Throttle,

    /// What looks for what is odd.
    pub watch: Watch,

    /// The audit trail.
    pub audit: Audit,

    /// The admin API.
    pub admin: Admin,

    /// What holds for everything that leaves.
    pub outbound: Outbound,

    /// Mails; none without a server that takes them.
    pub mail: Option<Mail>,

    /// Webhooks, by name.
    pub webhooks: Vec<Webhook>,
}

/// `[cookie]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The name without its prefix. Default `sid`: says nothing about the software behind it. From 1 to 64 token
    /// characters (RFC 6265 §4.1.1).
    pub name: String,

    /// Default `lax`: links from mails find the user logged in, forms of other sites do not.
    pub same_site: SameSite,

    /// Whether `same_site = "none"` is really meant. Default `false`.
    pub allow_cross_site: bool,

    /// The domain whose hosts share the session. Default none, so that the cookie is `__Host-` and no sibling host can
    /// read or plant it. Never a public suffix, always one that covers `public_url`.
    pub domain: Option<String>,
}

impl Cookie {
    /// The name with its prefix (RFC 6265bis §4.1.3): `__Host-`, or `__Secure-` when a domain is set. Without a prefix
    /// only when `secure` is false, which is `--dev` over plain HTTP: browsers refuse the prefixes there.
    #[must_use]
    pub fn full_name(&self, secure: bool) -> String {
        let prefix = match &self.domain {
            _ if !secure => "",
            None => "__Host-",
            Some(_) => "__Secure-",
        };
        format!("{prefix}{}", self.name)
    }
}

/// `[headers]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Whether hosts below that of `public_url` are to be reached over HTTPS alone, too (RFC 6797 §6.1.2). Default
    /// `false`: one that has no certificate would be lost for a year.
    pub hsts_subdomains: bool,
    /// Whether `Clear-Site-Data` at log-out names cookies, too. Default `false`: that takes the cookies of all hosts of
    /// the registrable domain.
    pub clear_cookies: bool,
}

/// When browsers send the cookie with requests from other sites (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With top-level navigations by safe methods.
    Lax,
    /// Always.
    None,
}

/// `[binding]`: what it means when a session's client looks different from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Another network. Default `log`: telephones change theirs all day.
    pub ip: Reaction,
    /// Another browser. Default `step-up`: a stolen cookie often shows here, and an update costs one password.
    pub user_agent: Reaction,
    /// Other languages. Default `ignore`: weak, and changed by hand.
    pub accept_language: Reaction,
    /// IPv4 addresses are the same network when this many leading bits agree. Default 24, from 0 to 32.
    pub ip_prefix_v4: u8,
    /// The same for IPv6. Default 48, from 0 to 128: what one customer of a provider usually has.
    pub ip_prefix_v6: u8,
}

/// What a changed client leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    Ignore,
    /// An event.
    Log,
    /// An event, and the next sensitive step asks for the password.
    StepUp,
    /// An event, and the end of the session.
    End,
}

/// `[cache]`: decoded sessions kept in the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// How many at most. Default 100000, from 0, which is no cache at all, to 10000000.
    pub entries: usize,
    /// How long the cache may answer without having heard from the store's journal, and so how long a revocation can
    /// take at worst. Default `1s`, from `10ms` to `10s`; `0s` is no cache at all. All servers on a store go by the
    /// lease of the first: one with a longer lease does not start.
    pub lease: super::span::Span,
}

/// `[throttle]`: how many wrong guesses are taken before the answer is 429. Each is a burst and an interval: `10/30s` is ten
/// at once, then one in thirty seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Whether all servers on a store count together. Default `false`: each counts for itself, which costs nothing and means
    /// that a guesser has as many tries as there are servers.
    pub across_nodes: bool,
    /// Wrong passwords from one network, whatever the names. Default `50/6s`: a family or an office behind one address
    /// mistypes now and then.
    pub source: Rate,
    /// Wrong passwords for one account from one network; five times as many from all networks. Default `10/30s`. Whoever goes
    /// on waits longer: thirty tries cost five minutes each, a hundred half an hour.
    pub account: Rate,
    /// Wrong passwords from a browser that has logged in to this account before, and in a session. Default `10/30s`, growing
    /// alike, and apart from what strangers do.
    pub device: Rate,
    /// Session tokens that open nothing, from one network; a hundred times as many from all. Default `1000/100ms`: in the
    /// morning, a whole company comes back with yesterday's through one address. Only those who hold such tokens are refused.
    pub tokens: Rate,
    /// Wrong admin keys from one network. Default `10/10s`.
    pub keys: Rate,
}

/// `[watch]`: rules that look for what is odd in the journal, and what follows. docs/anomalies.md has one paragraph on each rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Whether anything is looked for. Default `true`.
    pub enabled: bool,
    /// Rules that are off, such as `"login-cycles"`. Default none.
    pub off: Vec<Rule>,
    /// Rules whose alerts demand a step-up in the sessions concerned. Default none: an alert only tells, until an operator has
    /// seen how often it is right here.
    pub step_up: Vec<Rule>,
    /// Rules whose alerts end the sessions concerned. Default none.
    pub end: Vec<Rule>,
    /// A file that tells the country of an address (in the format `.mmdb`). Default none: places are not known, and the
    /// rules about them are silent.
    pub countries: Option<PathBuf>,
    /// One that also tells coordinates. Default none.
    pub cities: Option<PathBuf>,
    /// One that tells the autonomous system. Default none.
    pub systems: Option<PathBuf>,
    /// Networks whose addresses say nothing about where somebody is: VPNs, carriers, a company's way out. Default none.
    pub exempt_networks: Vec<IpNet>,
    /// The same by autonomous system, as in `"AS64500"`; needs `systems`. Default none.
    pub exempt_systems: Vec<u32>,
}

/// `[audit]`: where what happened is written, beside the journal, which is bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Whether events are told to the log, under the target `audit`. Default `false`: they hold names and addresses.
    pub log: bool,
    /// A file of JSON lines. Default none.
    pub file: Option<PathBuf>,
    /// The folder of the tamper-evident trail; `""` is none. Default `DATA_DIR/audit`: what is not kept from the first
    /// day can not be asked about later.
    pub sealed: Option<PathBuf>,
    /// Files are rotated beyond this size, and with each day. Default `100MB`, from `1kB` to `1TB`.
    pub rotate: super::size::Size,
    /// How many rotated JSON lines files are kept. Default 10, from 1 to 10000.
    pub keep: usize,
    /// How long segments of the tamper-evident trail are kept. Default `400d`, a year and a month to look at it; from
    /// `1s`; nothing, as `off`, is for ever.
    pub retain: Option<super::span::Span>,
}

/// `[admin]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// The SHA-256 of each bearer key. Default none: nobody gets in. With `--dev` one is made and printed.
    /// `keys_file` names a file with one per line instead.
    pub keys: Vec<KeyHash>,
}

/// The SHA-256 of a bearer key of the admin API.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash(pub [u8; 32]);

impl std::fmt::Display for KeyHash {
    /// The first four bytes: enough to tell keys apart.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("***")
    }
}

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyHash({self})")
    }
}
