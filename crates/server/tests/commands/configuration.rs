//! Every key, from every source, and everything that can be wrong with it.

use crate::common::Setup;
use crate::{fails, run, text};
use serde_json::{Value, json};
use std::path::Path;

const EVERYTHING: &str = r#"
listen = "127.0.0.1:8081"
admin_listen = "127.0.0.1:9091"
public_url = "https://app.example.com"
log = "warn"
store = "sqlite:elsewhere/sessions.db"
data_dir = "elsewhere"
trusted_proxies = ["10.0.0.0/8", "::1/128"]
forwarded_header = "forwarded"
proxy_protocol = true
allowed_redirects = ["https://shop.example.com"]

[cookie]
name = "ticket"
same_site = "strict"
allow_cross_site = false
domain = "example.com"

[headers]
hsts_subdomains = true
clear_cookies = true

[policy]
idle_timeout = "20m"
absolute_timeout = "4h"
touch_every = "30s"
renew_after = "off"
renew_overlap = "5s"
max_sessions = 3
when_full = "reject"
step_up_within = "2m"
remember = { idle_timeout = "10d", absolute_timeout = "20d" }

[binding]
ip = "end"
user_agent = "log"
accept_language = "step-up"
ip_prefix_v4 = 16
ip_prefix_v6 = 64

[cache]
entries = 5
lease = "0s"

[audit]
log = true
file = "what/happened.jsonl"
sealed = "sealed"
rotate = "1GB"
keep = 3
retain = "90d"

[throttle]
across_nodes = true
source = "51/7s"
account = "11/31s"
device = "12/32s"
tokens = "101/2s"
keys = "13/11s"

[watch]
enabled = false
off = ["login-cycles"]
step_up = ["device-change"]
end = ["token-reuse"]
countries = "countries.mmdb"
cities = "cities.mmdb"
systems = "systems.mmdb"
exempt_networks = ["192.0.2.0/24"]
exempt_systems = ["AS64500"]

[admin]
keys = ["00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"]
"#;

/// The same keys with other values, as the environment spells them.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("listen", "127.0.0.1:8082", "127.0.0.1:8082"),
    ("admin_listen", "127.0.0.1:9092", "127.0.0.1:9092"),
    ("public_url", "https://www.example.com", "https://www.example.com"),
    ("log", "cloakroom=debug,warn", "cloakroom=debug,warn"),
    ("store", "memory:", "memory:"),
    ("data_dir", "third", "third"),
    (
        "trusted_proxies",
        "10.1.0.0/16, 192.0.2.1/32",
        "[\"10.1.0.0/16\",\"192.0.2.1/32\"]",
    ),
    (
        "allowed_redirects",
        "https://a.example.com",
        "[\"https://a.example.com\"]",
    ),
    ("cookie.name", "coat", "coat"),
    ("cookie.same_site", "none", "none"),
    ("cookie.allow_cross_site", "true", "true"),
    ("cookie.domain", "www.example.com", "www.example.com"),
    ("forwarded_header", "x-forwarded-for", "x-forwarded-for"),
    ("proxy_protocol", "false", "false"),
    ("headers.hsts_subdomains", "false", "false"),
    ("headers.clear_cookies", "false", "false"),
    ("policy.idle_timeout", "10m", "10m"),
    ("policy.absolute_timeout", "5h", "5h"),
    ("policy.touch_every", "500ms", "500ms"),
    ("policy.renew_after", "2h", "2h"),
    ("policy.renew_overlap", "0s", "0s"),
    ("policy.max_sessions", "0", "0"),
    ("policy.when_full", "evict-oldest", "evict-oldest"),
    ("policy.step_up_within", "1s", "1s"),
    ("policy.remember.idle_timeout", "1d", "1d"),
    ("policy.remember.absolute_timeout", "25d", "25d"),
    ("binding.ip", "ignore", "ignore"),
    ("binding.user_agent", "end", "end"),
    ("binding.accept_language", "log", "log"),
    ("binding.ip_prefix_v4", "32", "32"),
    ("binding.ip_prefix_v6", "128", "128"),
    ("cache.entries", "7", "7"),
    ("cache.lease", "2s", "2s"),
    ("audit.log", "false", "false"),
    ("audit.file", "a.jsonl", "a.jsonl"),
    ("audit.sealed", "", ""),
    ("audit.rotate", "5kB", "5kB"),
    ("audit.keep", "7", "7"),
    ("audit.retain", "off", "off"),
    ("throttle.across_nodes", "false", "false"),
    ("throttle.source", "1/1s", "1/1s"),
    ("throttle.account", "2/2m", "2/2m"),
    ("throttle.device", "3/3h", "3/3h"),
    ("throttle.tokens", "4/4ms", "4/4ms"),
    ("throttle.keys", "5/1d", "5/1d"),
    ("watch.enabled", "true", "true"),
    (
        "watch.off",
        "new-device, new-country",
        "[\"new-device\",\"new-country\"]",
    ),
    ("watch.step_up", "impossible-travel", "[\"impossible-travel\"]"),
    ("watch.end", "session-rise", "[\"session-rise\"]"),
    ("watch.countries", "", ""),
    ("watch.cities", "c.mmdb", "c.mmdb"),
    ("watch.systems", "s.mmdb", "s.mmdb"),
    ("watch.exempt_networks", "10.0.0.0/8", "[\"10.0.0.0/8\"]"),
    ("watch.exempt_systems", "64501", "[\"AS64501\"]"),
    (
        "admin.keys",
        "FF112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "[\"ff112233***\"]",
    ),
    ("cookie.domain", "", ""),
];

fn at<'a>(json: &'a Value, key: &str) -> &'a Value {
    key.split('.').fold(json, |json, part| &json[part])
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn print(setup: &Setup, folder: &Path, flags: &[&str]) -> Value {
    let done = setup
        .command(folder, &[&["config", "print", "--json"], flags].concat())
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Writes a file that only its owner reads.
fn write(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(folder.join(name), text).unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn contract_every_key_by_file_by_environment_and_flags_win() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "c.toml", EVERYTHING);
    let from_file = print(&Setup::bare(), folder, &["--config", "c.toml"]);
    let defaults = print(&Setup::bare(), folder, &[]);
    let parsed: toml::Table = EVERYTHING.parse().unwrap();
    let written: Value = serde_json::to_value(parsed).unwrap();
    for &(key, value, expected) in ELSEWHERE {
        if key == "admin.keys" {
            assert_eq!(at(&from_file, key)[0], "00112233***", "enough to tell keys apart");
        } else {
            assert_eq!(at(&from_file, key), at(&written, key), "{key} from the file");
        }
        if key != "cookie.allow_cross_site" {
            assert_ne!(
                at(&from_file, key),
                at(&defaults, key),
                "{key}: this test says nothing"
            );
        }
        let mut setup = Setup::bare().set(key, value);
        if key == "cookie.same_site" {
            setup = setup.set("cookie.allow_cross_site", "true");
        }
        if key == "cookie.domain" {
            setup = setup.set("public_url", "https://www.example.com");
        }
        let both = print(&setup, folder, &["--config", "c.toml"]);
        assert_eq!(
            shown(at(&both, key)),
            expected,
            "{key}: the environment wins over the file"
        );
    }
    let setup = Setup::bare().set("store", "memory:").set("data_dir", "second");
    let all = print(
        &setup,
        folder,
        &[
            "--config",
            "c.toml",
            "--store",
            "sqlite:x.db",
            "--data-dir",
            "third",
        ],
    );
    assert_eq!(
        (&all["store"], &all["data_dir"]),
        (&json!("sqlite:x.db"), &json!("third")),
        "flags win over both"
    );
}

#[test]
fn contract_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let json = print(&Setup::bare(), folder.path(), &[]);
    for (key, value) in [
        ("listen", json!("127.0.0.1:8080")),
        ("admin_listen", json!("127.0.0.1:9090")),
        ("log", json!("info")),
        ("store", json!("sqlite:data/cloakroom.db")),
        ("trusted_proxies", json!([])),
        ("forwarded_header", json!("x-forwarded-for")),
        ("proxy_protocol", json!(false)),
        ("headers.hsts_subdomains", json!(false)),
        ("headers.clear_cookies", json!(false)),
        ("cookie.name", json!("sid")),
        ("cookie.same_site", json!("lax")),
        ("cookie.domain", json!("")),
        ("policy.idle_timeout", json!("30m")),
        ("policy.absolute_timeout", json!("8h")),
        ("policy.touch_every", json!("1m")),
        ("policy.renew_after", json!("1h")),
        ("policy.renew_overlap", json!("10s")),
        ("policy.max_sessions", json!(5)),
        ("policy.when_full", json!("evict-oldest")),
        ("policy.step_up_within", json!("5m")),
        ("policy.remember.idle_timeout", json!("30d")),
        ("policy.remember.absolute_timeout", json!("30d")),
        ("binding.ip", json!("log")),
        ("binding.user_agent", json!("step-up")),
        ("binding.accept_language", json!("ignore")),
        ("binding.ip_prefix_v4", json!(24)),
        ("binding.ip_prefix_v6", json!(48)),
        ("cache.entries", json!(100_000)),
        ("cache.lease", json!("1s")),
        ("audit.log", json!(false)),
        ("audit.file", json!("")),
        ("audit.sealed", json!("data/audit")),
        ("audit.rotate", json!("100MB")),
        ("audit.keep", json!(10)),
        ("audit.retain", json!("400d")),
        ("admin.keys", json!([])),
    ] {
        assert_eq!(*at(&json, key), value, "{key}");
    }
    let setup = Setup::bare().set("policy.idle_timeout", "2s");
    let touch = print(&setup, folder.path(), &[])["policy"]["touch_every"].clone();
    assert_eq!(
        touch, "500ms",
        "idle_timeout = 2s alone brings a shorter touch_every with it"
    );
}

#[test]
fn what_is_printed_can_be_read_back() {
    let folder = tempfile::tempdir().unwrap();
    // Keys are printed so that they can be told apart, not so that they can be used.
    let without_keys = EVERYTHING.split("[admin]").next().unwrap();
    write(folder.path(), "c.toml", without_keys);
    let printed = run(folder.path(), &["config", "print", "--config", "c.toml"]);
    write(
        folder.path(),
        "d.toml",
        &String::from_utf8(printed.stdout).unwrap(),
    );
    let again = run(folder.path(), &["config", "check", "--config", "d.toml"]);
    assert_eq!(text(&again), "The configuration is fine.\n");
    assert_eq!(
        print(&Setup::bare(), folder.path(), &["--config", "c.toml"]),
        print(&Setup::bare(), folder.path(), &["--config", "d.toml"])
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn contract_mistakes_stop_the_start_naming_key_value_and_bound() {
    let folder = tempfile::tempdir().unwrap();
    for (key, value, names) in [
        (
            "policy.idle_timout",
            "30m",
            &[
                "CLOAKROOM_POLICY__IDLE_TIMOUT",
                "unknown",
                "CLOAKROOM_POLICY__IDLE_TIMEOUT",
            ][..],
        ),
        (
            "idle_timeout",
            "30m",
            &["unknown", "CLOAKROOM_POLICY__IDLE_TIMEOUT"],
        ),
        (
            "policy.idle_timeout",
            "30",
            &["policy.idle_timeout", "\"30\"", "30m"],
        ),
        ("policy.idle_timeout", "30 m", &["policy.idle_timeout", "30 m"]),
        ("policy.idle_timeout", "-1s", &["policy.idle_timeout", "-1s"]),
        (
            "policy.idle_timeout",
            "500ms",
            &["policy.idle_timeout", "500ms", "1s"],
        ),
        (
            "policy.absolute_timeout",
            "401d",
            &["policy.absolute_timeout", "401d", "400d"],
        ),
        (
            "policy.touch_every",
            "50ms",
            &["policy.touch_every", "50ms", "100ms"],
        ),
        (
            "policy.renew_overlap",
            "31s",
            &["policy.renew_overlap", "31s", "30s"],
        ),
        (
            "policy.step_up_within",
            "500ms",
            &["policy.step_up_within", "500ms", "1s"],
        ),
        ("policy.max_sessions", "-1", &["policy.max_sessions", "-1", "0"]),
        (
            "policy.when_full",
            "panic",
            &["policy.when_full", "panic", "evict-oldest", "reject"],
        ),
        (
            "binding.ip",
            "maybe",
            &["binding.ip", "maybe", "ignore", "step-up"],
        ),
        (
            "binding.ip_prefix_v4",
            "33",
            &["binding.ip_prefix_v4", "33", "32"],
        ),
        (
            "binding.ip_prefix_v6",
            "129",
            &["binding.ip_prefix_v6", "129", "128"],
        ),
        (
            "cookie.same_site",
            "none",
            &["cookie.same_site", "allow_cross_site"],
        ),
        ("cookie.domain", "com", &["cookie.domain", "com", "public suffix"]),
        (
            "cookie.domain",
            "co.uk",
            &["cookie.domain", "co.uk", "public suffix"],
        ),
        (
            "cookie.domain",
            "github.io",
            &["cookie.domain", "github.io", "public suffix"],
        ),
        (
            "cookie.domain",
            "other.example.org",
            &["cookie.domain", "other.example.org", "app.example.com"],
        ),
        (
            "cookie.name",
            "__Host-sid",
            &["cookie.name", "__Host-sid", "prefix"],
        ),
        ("cookie.name", "a b", &["cookie.name", "a b"]),
        (
            "public_url",
            "app.example.com",
            &["public_url", "app.example.com", "https://"],
        ),
        (
            "public_url",
            "http://app.example.com",
            &["public_url", "http://app.example.com", "https://"],
        ),
        (
            "public_url",
            "https://app.example.com/path",
            &["public_url", "/path"],
        ),
        ("store", "mongodb://h", &["store", "mongodb", "sqlite:PATH"]),
        ("store", "sqlite:", &["store", "sqlite:", "file"]),
        (
            "trusted_proxies",
            "10.0.0.1/8",
            &["trusted_proxies", "10.0.0.1/8", "10.0.0.0/8"],
        ),
        ("trusted_proxies", "everybody", &["trusted_proxies", "everybody"]),
        ("proxy_protocol", "true", &["proxy_protocol", "trusted_proxies"]),
        (
            "forwarded_header",
            "via",
            &["forwarded_header", "via", "x-forwarded-for", "forwarded"],
        ),
        ("log", "cloakroom=loud", &["log", "cloakroom=loud"]),
        ("listen", "8080", &["listen", "8080", "127.0.0.1:8080"]),
        (
            "admin_listen",
            "127.0.0.1:8080",
            &["admin_listen", "127.0.0.1:8080", "same address"],
        ),
        ("admin.keys", "my secret key", &["admin.keys", "SHA-256"]),
        ("cache.lease", "1m", &["cache.lease", "1m", "10s"]),
        ("audit.log", "yes", &["audit.log", "yes", "true or false"]),
        ("audit.rotate", "1B", &["audit.rotate", "1B", "1kB", "1TB"]),
        ("audit.rotate", "1MiB", &["audit.rotate", "1MiB", "100MB"]),
        ("audit.keep", "0", &["audit.keep", "0", "10000"]),
        ("audit.retain", "0s", &["audit.retain", "0s", "off"]),
    ] {
        let setup = Setup::bare()
            .set("public_url", "https://app.example.com")
            .set(key, value);
        for arguments in [&["config", "check"][..], &["serve"]] {
            let done = setup.command(folder.path(), arguments).output().unwrap();
            fails(&done, 2, names);
            assert!(!text(&done).contains("my secret key"), "{done:?}");
        }
    }
    let contradictions = [
        ("policy.idle_timeout", "9h", "policy.absolute_timeout", "8h"),
        (
            "policy.remember.idle_timeout",
            "9d",
            "policy.remember.absolute_timeout",
            "8d",
        ),
        ("policy.touch_every", "2s", "policy.idle_timeout", "2s"),
        ("policy.renew_overlap", "5s", "policy.renew_after", "5s"),
    ];
    for (key, value, other, limit) in contradictions {
        let setup = Setup::bare().set("public_url", "https://app.example.com");
        let setup = setup.set(key, value).set(other, limit);
        for arguments in [&["config", "check"][..], &["serve"], &["session", "list"]] {
            let done = setup.command(folder.path(), arguments).output().unwrap();
            fails(&done, 2, &["CLOAKROOM_", key, value, other, limit]);
        }
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = "public_url = \"https://app.example.com\"\nlsiten = \"x\"\n[policy]\nidle_timeout = 30\nmax_sessions = \"many\"\n";
    write(folder.path(), "c.toml", file);
    let done = run(folder.path(), &["config", "check", "--config", "c.toml"]);
    fails(
        &done,
        2,
        &[
            "c.toml:2",
            "listen",
            "c.toml:4",
            "policy.idle_timeout = 30",
            "c.toml:5",
            "many",
        ],
    );
    write(folder.path(), "d.toml", "listen = [");
    fails(
        &run(folder.path(), &["config", "check", "--config", "d.toml"]),
        2,
        &["d.toml"],
    );
}

#[test]
fn a_secret_that_others_can_read_stops_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let open = |name: &str, mode: u32| {
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write(folder.path(), "store.url", "redis://:hunter22@127.0.0.1:6379\n");
    write(
        folder.path(),
        "c.toml",
        "public_url = \"https://app.example.com\"\nstore_file = \"store.url\"\n",
    );
    let check = || run(folder.path(), &["config", "check", "--config", "c.toml"]);
    assert_eq!(text(&check()), "The configuration is fine.\n");
    let printed = text(&run(folder.path(), &["config", "print", "--config", "c.toml"]));
    assert!(
        !printed.contains("hunter22") && printed.contains("redis://:***@"),
        "{printed}"
    );
    open("store.url", 0o644);
    let done = check();
    fails(&done, 2, &["store_file", "store.url", "644", "chmod"]);
    assert!(!text(&done).contains("hunter22"));
    // In the configuration file itself, too.
    write(
        folder.path(),
        "d.toml",
        "public_url = \"https://app.example.com\"\nstore = \"redis://:hunter22@127.0.0.1:6379\"\n",
    );
    open("d.toml", 0o644);
    let done = run(folder.path(), &["config", "check", "--config", "d.toml"]);
    fails(&done, 2, &["store", "d.toml", "chmod"]);
    assert!(!text(&done).contains("hunter22"));
}

#[test]
fn a_store_that_does_not_answer_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    for (url, named) in [
        ("redis://:hunter22@127.0.0.1:1", "127.0.0.1:1"),
        (
            "redis-sentinel://:hunter22@127.0.0.1:1,127.0.0.1:2/coats",
            "coats by the Sentinels 127.0.0.1:1, 127.0.0.1:2",
        ),
        (
            "redis-cluster://:hunter22@127.0.0.1:1",
            "the cluster of 127.0.0.1:1",
        ),
    ] {
        let setup = Setup::bare()
            .set("public_url", "https://app.example.com")
            .set("store", url)
            .set("listen", "127.0.0.1:0")
            .set("admin_listen", "127.0.0.1:0");
        let done = setup.command(folder.path(), &["serve"]).output().unwrap();
        fails(&done, 1, &["no session store answers", named]);
        assert!(!text(&done).contains("hunter22"), "{done:?}");
    }
}

#[test]
fn a_store_of_a_kind_that_is_not_there_yet_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["postgres://u:hunter22@h/db", "mysql://h/db"] {
        let setup = Setup::bare()
            .set("public_url", "https://app.example.com")
            .set("store", url);
        let setup = setup
            .set("listen", "127.0.0.1:0")
            .set("admin_listen", "127.0.0.1:0");
        let done = setup.command(folder.path(), &["serve"]).output().unwrap();
        let scheme = url.split(':').next().unwrap();
        fails(&done, 1, &[scheme, "sqlite:", "redis://"]);
        assert!(!text(&done).contains("hunter22"), "{done:?}");
    }
}

#[test]
fn the_book_shows_every_key_with_its_default() {
    let book = include_str!("../../../../docs/configuration.md");
    let (_, rest) = book.split_once("```toml\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "book.toml", shown);
    let mut from_book = print(&Setup::bare(), folder, &["--config", "book.toml"]);
    let mut defaults = print(&Setup::bare(), folder, &[]);
    for config in [&mut from_book, &mut defaults] {
        config.as_object_mut().unwrap().remove("public_url");
    }
    assert_eq!(from_book, defaults);
    let written: toml::Table = shown.parse().unwrap();
    let written = serde_json::to_value(written).unwrap();
    for (table, keys) in defaults.as_object().unwrap() {
        let Value::Object(keys) = keys else { continue };
        for key in keys.keys() {
            assert!(
                !written[table][key].is_null(),
                "[{table}] {key} is not in the book"
            );
        }
    }
}
