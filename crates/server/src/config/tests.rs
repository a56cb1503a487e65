//! Every source, every bound, and the exact words for each mistake.

use std::fs;
use std::path::PathBuf;

use super::*;

const KEY: &str = "1c8bfe8f801d79745c4631d09fff36c82aa37fc4cce4fc946683d7b336b63032";

/// A configuration file in a folder of its own.
struct File {
    dir: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cloakroom.toml");
        fs::write(&path, text).unwrap();
        let file = Self { dir, path };
        file.mode("cloakroom.toml", 0o640);
        file
    }

    /// Another file beside it, with these permissions.
    fn beside(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        self.mode(name, mode);
        path.to_str().unwrap().to_owned()
    }

    #[cfg(unix)]
    fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.dir.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Loads it for serving; the errors with the file's folder left out.
    fn load(&self) -> Result<Config, Vec<String>> {
        self.load_with(&[], Flags::default())
    }

    fn load_with(&self, variables: &[(&str, &str)], flags: Flags) -> Result<Config, Vec<String>> {
        let sources = Sources {
            file: Some(self.path.clone()),
            environment: variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            flags,
            purpose: Purpose::Serve,
        };
        let dir = format!("{}/", self.dir.path().display());
        Config::load(&sources).map_err(|errors| {
            errors
                .to_string()
                .lines()
                .map(|line| line.replace(&dir, ""))
                .collect()
        })
    }
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Config, String> {
    let environment = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    Config::load(&Sources {
        environment,
        ..Sources::default()
    })
    .map_err(|errors| errors.to_string())
}

fn dev(flags: Flags) -> Result<Config, String> {
    let flags = Flags { dev: true, ..flags };
    Config::load(&Sources {
        flags,
        ..Sources::default()
    })
    .map_err(|errors| errors.to_string())
}

/// The file of the contract, whole.
const WHOLE: &str = r#"
listen = "127.0.0.1:8080"
admin_listen = "127.0.0.1:9090"
public_url = "https://app.example.com"
log = "info"
store = "sqlite:data/cloakroom.db"
trusted_proxies = ["10.0.0.0/8"]
forwarded_header = "x-forwarded-for"
proxy_protocol = false
allowed_redirects = ["https://shop.example.com"]

[cookie]
name = "sid"
same_site = "lax"
domain = ""

[headers]
hsts_subdomains = false
clear_cookies = false

[policy]
idle_timeout = "30m"
absolute_timeout = "8h"
touch_every = "60s"
renew_after = "1h"
renew_overlap = "10s"
max_sessions = 5
when_full = "evict-oldest"
step_up_within = "5m"
remember = { idle_timeout = "30d", absolute_timeout = "30d" }

[binding]
ip = "log"
user_agent = "step-up"
accept_language = "ignore"
ip_prefix_v4 = 24
ip_prefix_v6 = 48

[cache]
entries = 100000
lease = "1s"

[admin]
keys = []
"#;

#[test]
fn the_whole_file_is_read_and_says_what_the_defaults_are() {
    let whole = File::new(WHOLE).load().unwrap();
    let least = File::new(
        "public_url = 'https://app.example.com'\ntrusted_proxies = ['10.0.0.0/8']\n\
         allowed_redirects = ['https://shop.example.com']",
    );
    let least = least.load().unwrap();
    assert_eq!(whole.policy.resolve(), least.policy.resolve());
    assert_eq!(whole.print(), least.print());
    assert_eq!(whole.policy.idle_timeout, Some(Span::from_secs(1800)));
    assert_eq!(least.policy, Policy::default());
    assert_eq!(whole.trusted_proxies, ["10.0.0.0/8".parse().unwrap()]);
}

#[test]
fn what_is_printed_can_be_read_back() {
    let config = File::new(WHOLE).load().unwrap();
    let printed = config.print();
    assert!(
        printed.contains("\n[policy.remember]\nidle_timeout = \"30d\"\n"),
        "{printed}"
    );
    assert_eq!(File::new(&printed).load().unwrap().print(), printed);
    let json = config.print_json();
    assert_eq!(json["policy"]["remember"]["idle_timeout"], "30d");
    assert_eq!(json["binding"]["ip_prefix_v4"], 24);
}

#[test]
fn inv4_what_is_printed_holds_no_secret() {
    let text = format!(
        "public_url = 'https://a.example'\nstore = 'redis://u:hunter2@h:1/0'\n[admin]\nkeys = ['{KEY}']"
    );
    let config = File::new(&text).load().unwrap();
    assert_eq!(config.store.expose(), "redis://u:hunter2@h:1/0");
    let shown = format!("{}{}{config:?}", config.print(), config.print_json());
    assert!(shown.contains("redis://u:***@h:1/0"), "{shown}");
    assert!(shown.contains("1c8bfe8f***"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains(KEY), "{shown}");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = File::new(
        "public_url = 'https://a.example'\nlisten = '127.0.0.1:1'\nlog = 'warn'\nstore = 'memory:'",
    );
    let variables = [("CLOAKROOM_LISTEN", "127.0.0.1:2"), ("CLOAKROOM_LOG", "debug")];
    let flags = Flags {
        listen: Some("127.0.0.1:3".to_owned()),
        ..Flags::default()
    };
    let config = file.load_with(&variables, flags).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.log, "debug");
    assert_eq!(config.store.kind(), StoreKind::Memory);
}

#[test]
fn the_environment_has_every_key() {
    let config = from_environment(&[
        ("CLOAKROOM_PUBLIC_URL", "https://app.example.com"),
        ("CLOAKROOM_TRUSTED_PROXIES", "10.0.0.0/8, ::1,,192.168.1.1"),
        ("CLOAKROOM_COOKIE__SAME_SITE", "none"),
        ("CLOAKROOM_COOKIE__ALLOW_CROSS_SITE", "true"),
        ("CLOAKROOM_COOKIE__DOMAIN", ".Example.com"),
        ("CLOAKROOM_POLICY__IDLE_TIMEOUT", "2s"),
        ("CLOAKROOM_POLICY__RENEW_AFTER", "off"),
        ("CLOAKROOM_POLICY__MAX_SESSIONS", "0"),
        ("CLOAKROOM_POLICY__WHEN_FULL", "reject"),
        ("CLOAKROOM_POLICY__REMEMBER__IDLE_TIMEOUT", "10d"),
        ("CLOAKROOM_BINDING__USER_AGENT", "end"),
        ("CLOAKROOM_BINDING__IP_PREFIX_V4", "32"),
        ("CLOAKROOM_CACHE__LEASE", "0s"),
        ("CLOAKROOM_ADMIN__KEYS", KEY),
        ("CLOAKROOM_ALLOWED_REDIRECTS", ""),
        ("CLOAKROOM_DATA_DIR", "/var/lib/cloakroom"),
        // What Kubernetes puts there for a service called `cloakroom`, and other programs' own.
        ("CLOAKROOM_SERVICE_HOST", "10.1.1.1"),
        ("CLOAKROOM_SERVICE_PORT", "80"),
        ("CLOAKROOM_SERVICE_PORT_HTTP", "80"),
        ("CLOAKROOM_PORT", "tcp://10.1.1.1:80"),
        ("CLOAKROOM_PORT_80_TCP_ADDR", "10.1.1.1"),
        ("PATH", "/bin"),
    ]);
    let config = config.unwrap();
    let proxies: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128", "192.168.1.1/32"]);
    assert_eq!(config.cookie.same_site, SameSite::None);
    assert_eq!(config.cookie.domain.as_deref(), Some("example.com"));
    assert_eq!(config.cookie.full_name(true), "__Secure-sid");
    let policy = config.policy.resolve();
    assert_eq!(Span::from(policy.touch_every()), Span::from_millis(500));
    assert_eq!(policy.renew_after(), None);
    assert_eq!(
        (policy.max_sessions(), policy.when_full()),
        (0, cloakroom::WhenFull::Reject)
    );
    assert_eq!(Span::from(policy.remembered().idle()), Span::from_days(10));
    assert_eq!(config.binding.user_agent, Reaction::End);
    assert_eq!(config.binding.ip_prefix_v4, 32);
    assert_eq!(config.cache.lease, Span::default());
    assert_eq!(config.admin.keys.len(), 1);
    assert_eq!(config.store.expose(), "sqlite:/var/lib/cloakroom/cloakroom.db");
}

#[test]
fn dev_needs_nothing_and_stays_on_loopback() {
    let config = dev(Flags::default()).unwrap();
    assert_eq!(config.public_url.to_string(), "http://127.0.0.1:8080");
    assert_eq!(config.cookie.full_name(config.public_url.is_https()), "sid");
    let flags = |listen: &str| Flags {
        listen: Some(listen.to_owned()),
        ..Flags::default()
    };
    assert_eq!(
        dev(flags("[::1]:80")).unwrap().public_url.to_string(),
        "http://[::1]"
    );
    assert_eq!(
        dev(flags("127.0.0.1:0")).unwrap().public_url.to_string(),
        "http://127.0.0.1:0"
    );
    for address in ["0.0.0.0:8080", "[::]:8080", "192.168.0.1:8080"] {
        assert_eq!(
            dev(flags(address)).unwrap_err(),
            format!(
                "--listen: listen = \"{address}\": must be a loopback address with --dev, as in 127.0.0.1:8080: its \
                 passwords and keys are printed"
            )
        );
    }
    let flags = Flags {
        admin_listen: Some("0.0.0.0:1".to_owned()),
        ..Flags::default()
    };
    assert!(
        dev(flags)
            .unwrap_err()
            .starts_with("--admin-listen: admin_listen = \"0.0.0.0:1\": must be a loopback")
    );
}

#[test]
fn a_server_needs_its_origin_and_user_commands_do_not() {
    assert_eq!(
        from_environment(&[]).unwrap_err(),
        "public_url: must be set to the origin that browsers use, as in https://app.example.com, or start with --dev"
    );
    let sources = Sources {
        purpose: Purpose::Administer,
        ..Sources::default()
    };
    assert_eq!(Config::load(&sources).unwrap().data_dir, PathBuf::from("data"));
}

/// Loads each value alone, in a file with a good origin, and compares the one error with the bound.
fn assert_refused(cases: &[(&str, &str, &str)]) {
    for (key, value, bound) in cases {
        let file = File::new(&format!(
            "public_url = 'https://app.example.com'\n{key} = {value}\n"
        ));
        let shown = match *key {
            "admin.keys" => "***".to_owned(),
            _ => value.trim_matches(['[', ']']).replace('\'', "\""),
        };
        assert_eq!(
            file.load().unwrap_err(),
            [format!("cloakroom.toml:2: {key} = {shown}: {bound}")]
        );
    }
}

#[test]
fn each_mistake_in_a_top_level_key_names_its_value_and_the_bound() {
    const ORIGIN: &str = "must be an origin: no path, query or fragment after the host and port";
    const ADDRESS: &str = "must be an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080";
    const STORES: &str = "must be memory:, sqlite:PATH, redis://, rediss://, redis-sentinel://, redis-cluster://, \
                          postgres:// or mysql://";
    const HTTPS: &str = "must begin with https://, because anybody on the way reads and changes what goes over http://; \
                         http:// is for loopback hosts and --dev";
    const NETWORK: &str = "must be a network or an address, as in 10.0.0.0/8 or ::1";
    const LIST: &str = "must be a list of texts, as in [\"…\", \"…\"]";
    assert_refused(&[
        ("listen", "'localhost:8080'", ADDRESS),
        ("listen", "8080", ADDRESS),
        ("listen", "'127.0.0.1:65536'", ADDRESS),
        ("admin_listen", "':9090'", ADDRESS),
        (
            "log",
            "'='",
            "must be a tracing filter, as in info or cloakroom=debug,warn",
        ),
        ("store", "'mongodb://h'", STORES),
        (
            "store",
            "'redis://'",
            "must name a host, as in redis://127.0.0.1:6379",
        ),
        (
            "store",
            "'sqlite:'",
            "must name a file, as in sqlite:data/cloakroom.db",
        ),
        ("store", "7", "must be text in quotes"),
        ("data_dir", "''", "must name a folder"),
        ("trusted_proxies", "'10.0.0.0/8'", LIST),
        ("allowed_redirects", "['http://shop.example.com']", HTTPS),
        ("allowed_redirects", "['https://shop.example.com/x']", ORIGIN),
        ("trusted_proxies", "['10.0.0.0/33']", NETWORK),
        ("trusted_proxies", "['proxy.example.com']", NETWORK),
        (
            "trusted_proxies",
            "['10.0.0.1/8']",
            "must be a whole network: 10.0.0.0/8 or 10.0.0.1/32",
        ),
        (
            "forwarded_header",
            "'both'",
            "must be one of \"x-forwarded-for\", \"forwarded\"",
        ),
        ("proxy_protocol", "'v2'", "must be true or false"),
        (
            "proxy_protocol",
            "true",
            "needs trusted_proxies: the addresses of those who send it",
        ),
    ]);
}

#[test]
fn each_mistake_in_a_cookie_key_names_its_value_and_the_bound() {
    const TOKEN: &str = "must be 1 to 64 letters, digits, - and _";
    const PREFIX: &str = "must not bring its own prefix: __Host-, or __Secure- with cookie.domain, is added";
    const SUFFIX: &str = "must not be a public suffix: everybody can have a host under it";
    const DOMAIN: &str = "must be a domain name, as in example.com";
    const COVER: &str = "must be the host of public_url or a domain above it, and that is app.example.com";
    const SITES: &str = "must be one of \"lax\", \"strict\", \"none\"";
    assert_refused(&[
        ("cookie.name", "''", TOKEN),
        ("cookie.name", "'a b'", TOKEN),
        ("cookie.name", "'a=b'", TOKEN),
        ("cookie.name", "'a;b'", TOKEN),
        ("cookie.name", "'sïd'", TOKEN),
        ("cookie.name", "'__Host-sid'", PREFIX),
        ("cookie.name", "'__host-sid'", PREFIX),
        ("cookie.name", "'__Secure-sid'", PREFIX),
        ("cookie.name", "'__Http-sid'", PREFIX),
        ("cookie.same_site", "'Lax'", SITES),
        (
            "cookie.same_site",
            "'none'",
            "needs cookie.allow_cross_site = true: other sites can then send requests as the user",
        ),
        ("cookie.allow_cross_site", "1", "must be true or false"),
        ("cookie.domain", "'co.uk'", SUFFIX),
        ("cookie.domain", "'github.io'", SUFFIX),
        ("cookie.domain", "'com'", SUFFIX),
        ("cookie.domain", "'.CO.UK'", SUFFIX),
        ("cookie.domain", "'10.0.0.1'", DOMAIN),
        ("cookie.domain", "'https://example.com'", DOMAIN),
        ("cookie.domain", "'example.com.'", DOMAIN),
        ("cookie.domain", "'ample.com'", COVER),
        ("cookie.domain", "'other.com'", COVER),
        ("cookie.domain", "'x.app.example.com'", COVER),
    ]);
}

#[test]
fn each_mistake_in_a_policy_key_names_its_value_and_the_bound() {
    const SPAN: &str = "must be a whole number with a unit, as in 500ms, 30s, 30m, 8h or 30d";
    const TIMEOUT: &str = "must be from 1s to 400d";
    assert_refused(&[
        ("policy.idle_timeout", "30", SPAN),
        ("policy.idle_timeout", "'30'", SPAN),
        ("policy.idle_timeout", "'forever'", SPAN),
        ("policy.idle_timeout", "'off'", SPAN),
        ("policy.idle_timeout", "'999ms'", TIMEOUT),
        ("policy.idle_timeout", "'401d'", TIMEOUT),
        ("policy.absolute_timeout", "'0s'", TIMEOUT),
        ("policy.touch_every", "'99ms'", "must be from 100ms to 1h"),
        (
            "policy.touch_every",
            "'30m'",
            "must be shorter than policy.idle_timeout, which is 30m",
        ),
        ("policy.renew_after", "'1ms'", "must be from 1s to 400d, or off"),
        (
            "policy.renew_after",
            "'never'",
            "must be a whole number with a unit, as in 500ms, 30s, 30m, 8h or 30d, or off",
        ),
        ("policy.renew_overlap", "'31s'", "must be from 0s to 30s"),
        (
            "policy.max_sessions",
            "-1",
            "must be a whole number from 0 to 10000",
        ),
        (
            "policy.max_sessions",
            "10001",
            "must be a whole number from 0 to 10000",
        ),
        (
            "policy.when_full",
            "'evict'",
            "must be one of \"evict-oldest\", \"reject\"",
        ),
        ("policy.step_up_within", "'0s'", TIMEOUT),
        ("policy.remember.idle_timeout", "'500d'", TIMEOUT),
        ("policy.remember.absolute_timeout", "'1ms'", TIMEOUT),
    ]);
}

#[test]
fn each_mistake_in_a_other_section_key_names_its_value_and_the_bound() {
    const REACTION: &str = "must be one of \"ignore\", \"log\", \"step-up\", \"end\"";
    const LEASE: &str = "must be from 10ms to 10s, or 0s for no near cache";
    const HASH: &str = "must be the SHA-256 of a key: 64 hexadecimal digits";
    const RATE: &str = "must be a number and an interval, as in 10/30s: ten at once, then one in thirty seconds; \
                        from 1 to 100000, from 1ms to 24h";
    const RULE: &str = "must be one of impossible-travel, several-countries, login-cycles, failed-logins, \
                        password-spraying, token-guessing, token-reuse, new-device, new-country, device-change, \
                        session-rise, disowned-session";
    const SAMPLE: &str = "must be the SHA-256 of a key of your own, not of a sample";
    assert_refused(&[
        ("headers.hsts_subdomains", "1", "must be true or false"),
        ("headers.clear_cookies", "'yes'", "must be true or false"),
        ("binding.ip", "'warn'", REACTION),
        ("binding.user_agent", "''", REACTION),
        ("binding.accept_language", "true", REACTION),
        (
            "binding.ip_prefix_v4",
            "33",
            "must be a whole number from 0 to 32",
        ),
        (
            "binding.ip_prefix_v6",
            "129",
            "must be a whole number from 0 to 128",
        ),
        ("throttle.source", "'50'", RATE),
        ("throttle.keys", "'0/1s'", RATE),
        ("throttle.across_nodes", "'on'", "must be true or false"),
        ("watch.off", "['guessing']", RULE),
        (
            "watch.exempt_systems",
            "['ASX']",
            "must be the number of an autonomous system, as in AS64500",
        ),
        ("cache.entries", "-1", "must be a whole number from 0 to 10000000"),
        (
            "cache.entries",
            "10000001",
            "must be a whole number from 0 to 10000000",
        ),
        ("cache.lease", "'11s'", LEASE),
        ("cache.lease", "'9ms'", LEASE),
        (
            "cache.lease",
            "'off'",
            "must be a whole number with a unit, as in 500ms, 30s, 30m, 8h or 30d, or 0s for no near cache",
        ),
        ("admin.keys", "['my-key']", HASH),
        (
            "admin.keys",
            "['0000000000000000000000000000000000000000000000000000000000000000']",
            SAMPLE,
        ),
        (
            "admin.keys",
            "['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']",
            SAMPLE,
        ),
    ]);
}

#[test]
fn a_public_url_is_an_origin_that_nobody_overhears() {
    for (url, bound) in [
        ("app.example.com", "must begin with https:// or http://"),
        (
            "https://app.example.com/app",
            "must be an origin: no path, query or fragment after the host and port",
        ),
        (
            "https://",
            "must hold a host name in ASCII (xn--… for others), or an IP address",
        ),
        (
            "https://app.example.com:99999",
            "must hold a port from 1 to 65535, or none",
        ),
        (
            "http://app.example.com",
            "must begin with https://, because anybody on the way reads and changes what goes over http://; http:// is \
             for loopback hosts and --dev",
        ),
    ] {
        let error = from_environment(&[("CLOAKROOM_PUBLIC_URL", url)]).unwrap_err();
        assert_eq!(
            error,
            format!("CLOAKROOM_PUBLIC_URL: public_url = \"{url}\": {bound}")
        );
    }
    let error =
        from_environment(&[("CLOAKROOM_PUBLIC_URL", "https://u:hunter2@app.example.com")]).unwrap_err();
    assert!(
        error.ends_with("= \"https://u:***@app.example.com\": must not hold a user name or password"),
        "{error}"
    );
    for url in [
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://[::1]:1",
        "https://App.example.com/",
    ] {
        from_environment(&[("CLOAKROOM_PUBLIC_URL", url)]).unwrap();
    }
}

#[test]
fn contradictions_between_given_values_are_refused() {
    for (text, error) in [
        (
            "[policy]\nidle_timeout = '2h'\nabsolute_timeout = '1h'",
            "cloakroom.toml:3: policy.idle_timeout = \"2h\": must not be longer than policy.absolute_timeout, which is 1h",
        ),
        (
            "[policy]\nremember = { idle_timeout = '2h', absolute_timeout = '1h' }",
            "cloakroom.toml:3: policy.remember.idle_timeout = \"2h\": must not be longer than \
             policy.remember.absolute_timeout, which is 1h",
        ),
        (
            "[policy]\nidle_timeout = '2s'\ntouch_every = '2s'",
            "cloakroom.toml:4: policy.touch_every = \"2s\": must be shorter than policy.idle_timeout, which is 2s",
        ),
        (
            "admin_listen = '127.0.0.1:8080'",
            "cloakroom.toml:2: admin_listen = \"127.0.0.1:8080\": must not be the same address for listen and \
             admin_listen",
        ),
        (
            "listen = '127.0.0.1:9090'",
            "cloakroom.toml:2: listen = \"127.0.0.1:9090\": must not be the same address for listen and admin_listen",
        ),
        (
            "store = 'memory:'\nstore_file = 'x'",
            "cloakroom.toml:3: store_file = \"x\": must not be given together with store",
        ),
    ] {
        let file = File::new(&format!("public_url = 'https://a.example'\n{text}\n").replace("'\n[", "'\n["));
        assert_eq!(file.load().unwrap_err(), [error]);
    }
    let flags = Flags {
        dev: true,
        ..Flags::default()
    };
    let file = File::new("[cookie]\nsame_site = 'none'\nallow_cross_site = true");
    assert_eq!(
        file.load_with(&[], flags).unwrap_err(),
        [
            "cloakroom.toml:2: cookie.same_site = \"none\": needs an https:// public_url: browsers drop it otherwise"
        ]
    );
}

#[test]
fn unknown_keys_are_refused_with_what_was_probably_meant() {
    let text = "public_url = 'https://a.example'\nlisen = 'x'\nidle_timeout = '1m'\ndatabase = 'hunter2'\ndev = true\n\
                [polcy]\nidle_timeout = '1m'\n[policy]\nidle_timout = '1m'\n[admin]\nkey = 'hunter2'\n";
    let mut errors = File::new(text).load().unwrap_err();
    errors.sort();
    assert_eq!(
        errors,
        [
            "cloakroom.toml:11: admin.key: unknown key; did you mean admin.keys?",
            "cloakroom.toml:2: lisen: unknown key; did you mean listen?",
            "cloakroom.toml:3: idle_timeout: unknown key; did you mean policy.idle_timeout?",
            "cloakroom.toml:4: database: unknown key",
            "cloakroom.toml:5: dev: unknown key; did you mean the flag --dev?",
            "cloakroom.toml:6: polcy: unknown key; did you mean policy?",
            "cloakroom.toml:9: policy.idle_timout: unknown key; did you mean policy.idle_timeout?",
        ]
    );
    for (name, error) in [
        (
            "CLOAKROOM_POLICY_IDLE_TIMEOUT",
            "CLOAKROOM_POLICY_IDLE_TIMEOUT: policy_idle_timeout: unknown key; did you mean CLOAKROOM_POLICY__IDLE_TIMEOUT?",
        ),
        (
            "CLOAKROOM_listen",
            "CLOAKROOM_listen: listen: unknown key; did you mean CLOAKROOM_LISTEN?",
        ),
        (
            "CLOAKROOM_DEV",
            "CLOAKROOM_DEV: dev: unknown key; did you mean the flag --dev?",
        ),
        ("CLOAKROOM_NONSENSE", "CLOAKROOM_NONSENSE: nonsense: unknown key"),
        ("CLOAKROOM_", "CLOAKROOM_: : unknown key"),
    ] {
        let origin = ("CLOAKROOM_PUBLIC_URL", "https://a.example");
        assert_eq!(from_environment(&[origin, (name, "x")]).unwrap_err(), error);
    }
}

#[test]
fn a_value_of_the_wrong_shape_is_refused() {
    let url = "public_url = 'https://a.example'\n";
    for (text, error) in [
        ("policy = 3", "cloakroom.toml:2: policy = 3: must be a table"),
        (
            "log = { level = 'info' }",
            "cloakroom.toml:2: log = a table: must be text in quotes",
        ),
        (
            "log = 1.5",
            "cloakroom.toml:2: log = a number with a point: must be text in quotes",
        ),
        (
            "log = 1979-05-27",
            "cloakroom.toml:2: log = a date: must be text in quotes",
        ),
        (
            "trusted_proxies = [1]",
            "cloakroom.toml:2: trusted_proxies = 1: must be text in quotes",
        ),
        (
            "policy.max_sessions = '5'",
            "cloakroom.toml:2: policy.max_sessions = \"5\": must be a whole number from 0 to 10000",
        ),
        (
            "policy.max_sessions = 99999999999999999999",
            "cloakroom.toml:2: policy.max_sessions = a number too large: must be a whole number from 0 to 10000",
        ),
    ] {
        assert_eq!(File::new(&format!("{url}{text}\n")).load().unwrap_err(), [error]);
    }
}

#[test]
fn a_file_that_is_no_toml_is_refused_at_its_line() {
    let errors = File::new("listen = 'x'\nlog = = 'hunter2'\n").load().unwrap_err();
    assert!(errors[0].starts_with("cloakroom.toml:2: "), "{errors:?}");
    assert!(!errors.join("").contains("hunter2"), "{errors:?}");
    let errors = File::new("log = 'a'\nlog = 'b'\n").load().unwrap_err();
    assert!(
        errors[0].starts_with("cloakroom.toml:2: duplicate key"),
        "{errors:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let file = File::new("");
    fs::remove_file(&file.path).unwrap();
    let errors = file.load().unwrap_err();
    assert_eq!(
        errors[0],
        "cloakroom.toml: cannot read cloakroom.toml: No such file or directory (os error 2)"
    );
    fs::write(&file.path, b"log = '\xff'").unwrap();
    assert_eq!(
        file.load().unwrap_err()[0],
        "cloakroom.toml: cannot read cloakroom.toml: it is not UTF-8 text"
    );
    fs::write(&file.path, vec![b'#'; 70_000]).unwrap();
    assert_eq!(
        file.load().unwrap_err()[0],
        "cloakroom.toml: cannot read cloakroom.toml: it is larger than 64 KiB"
    );
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_source() {
    let file = File::new("listen = 'x'\nlog = 5\n");
    let flags = Flags {
        store: Some("y".to_owned()),
        ..Flags::default()
    };
    let errors = file
        .load_with(&[("CLOAKROOM_CACHE__LEASE", "1y")], flags)
        .unwrap_err();
    let places: Vec<&str> = errors
        .iter()
        .map(|error| error.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "cloakroom.toml:1",
            "public_url",
            "--store",
            "cloakroom.toml:2",
            "CLOAKROOM_CACHE__LEASE"
        ]
    );
}

#[test]
#[cfg(unix)]
fn a_configuration_file_with_a_secret_is_not_for_everybody() {
    let exposed = |key: &str| {
        format!(
            "cloakroom.toml:2: {key}: cloakroom.toml holds a secret and is open to others (mode 644); run: chmod 640 \
             'cloakroom.toml'"
        )
    };
    let file = File::new("public_url = 'https://a.example'\nstore = 'redis://:hunter2@h'");
    file.load().unwrap();
    file.mode("cloakroom.toml", 0o644);
    assert_eq!(file.load().unwrap_err(), [exposed("store")]);
    // A hash of a key opens nothing.
    let text = format!("public_url = 'https://a.example'\nstore = 'redis://h'\nadmin.keys = ['{KEY}']");
    let harmless = File::new(&text);
    harmless.mode("cloakroom.toml", 0o644);
    harmless.load().unwrap();
}

#[test]
#[cfg(unix)]
fn secrets_may_come_from_files_of_their_own() {
    let file = File::new("public_url = 'https://a.example'");
    let store = file.beside("store", "# where sessions are\nredis://:hunter2@h:1\n", 0o600);
    let keys = file.beside("keys", &format!("{KEY}\n\n{KEY}\n"), 0o400);
    let variables = [
        ("CLOAKROOM_STORE_FILE", store.as_str()),
        ("CLOAKROOM_ADMIN__KEYS_FILE", keys.as_str()),
    ];
    let config = file.load_with(&variables, Flags::default()).unwrap();
    assert_eq!(config.store.expose(), "redis://:hunter2@h:1");
    assert_eq!(config.admin.keys.len(), 2);

    let flags = Flags {
        store: Some("memory:".to_owned()),
        ..Flags::default()
    };
    assert_eq!(
        file.load_with(&variables, flags).unwrap().store.kind(),
        StoreKind::Memory
    );

    let wide = file.beside("wide", "redis://:hunter2@h:1", 0o640);
    assert_eq!(
        file.load_with(&[("CLOAKROOM_STORE_FILE", &wide)], Flags::default())
            .unwrap_err(),
        [
            "CLOAKROOM_STORE_FILE: store_file: wide holds a secret and is open to others (mode 640); run: chmod 600 'wide'"
        ]
    );
    let two = file.beside("two", "memory:\nmemory:\n", 0o600);
    assert_eq!(
        file.load_with(&[("CLOAKROOM_STORE_FILE", &two)], Flags::default())
            .unwrap_err(),
        ["CLOAKROOM_STORE_FILE: store_file = \"two\": must hold one line, the store URL"]
    );
    assert_eq!(
        file.load_with(&[("CLOAKROOM_STORE_FILE", "/nowhere")], Flags::default())
            .unwrap_err(),
        ["CLOAKROOM_STORE_FILE: store_file: cannot read /nowhere: No such file or directory (os error 2)"]
    );
    let bad = file.beside("bad", "hunter2", 0o600);
    assert_eq!(
        file.load_with(&[("CLOAKROOM_ADMIN__KEYS_FILE", &bad)], Flags::default())
            .unwrap_err(),
        ["CLOAKROOM_ADMIN__KEYS_FILE: admin.keys = ***: must be the SHA-256 of a key: 64 hexadecimal digits"]
    );
}
