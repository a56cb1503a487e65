//! The effective configuration, to be looked at: secrets hidden, defaults filled in.

use std::fmt::Write as _;
use std::path::Path;

use cloakroom::{ForwardedHeader, WhenFull};
use serde_json::{Map, Value, json};

use super::outbound;
use super::span::Span;
use super::throttle::shown as rate;
use super::tree::{Config, Reaction, SameSite};

impl Config {
    /// The effective configuration as TOML, with `***` for secrets. What holds no secret can be read back.
    #[must_use]
    pub fn print(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        let entries = self.entries();
        for (key, value) in &entries {
            let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
            if table != section {
                section = table;
                // Writing to a `String` cannot fail.
                let _ = writeln!(text, "\n[{section}]");
            }
            let _ = writeln!(text, "{name} = {value}");
        }
        text
    }

    /// The same as a JSON object.
    #[must_use]
    pub fn print_json(&self) -> Value {
        let mut root = Map::new();
        for (key, value) in self.entries() {
            insert(&mut root, &key, value);
        }
        Value::Object(root)
    }

    /// Each key with its value. For text without control characters, numbers, truth values and lists, JSON is TOML.
    fn entries(&self) -> Vec<(String, Value)> {
        let mut entries = self.top_entries();
        entries.extend(self.policy_entries());
        entries.extend(self.defence_entries());
        entries.extend(self.audit_entries());
        entries.push(("admin.keys", self.admin.keys.iter().map(shown).collect()));
        let mut entries: Vec<_> = entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        entries.extend(outbound::entries(
            &self.outbound,
            self.mail.as_ref(),
            &self.webhooks,
        ));
        entries
    }

    fn defence_entries(&self) -> Vec<(&'static str, Value)> {
        let watch = &self.watch;
        vec![
            ("binding.ip", reaction(self.binding.ip)),
            ("binding.user_agent", reaction(self.binding.user_agent)),
            ("binding.accept_language", reaction(self.binding.accept_language)),
            ("binding.ip_prefix_v4", json!(self.binding.ip_prefix_v4)),
            ("binding.ip_prefix_v6", json!(self.binding.ip_prefix_v6)),
            ("cache.entries", json!(self.cache.entries)),
            ("cache.lease", shown(self.cache.lease)),
            ("throttle.across_nodes", json!(self.throttle.across_nodes)),
            ("throttle.source", json!(rate(self.throttle.source))),
            ("throttle.account", json!(rate(self.throttle.account))),
            ("throttle.device", json!(rate(self.throttle.device))),
            ("throttle.tokens", json!(rate(self.throttle.tokens))),
            ("throttle.keys", json!(rate(self.throttle.keys))),
            ("watch.enabled", json!(watch.enabled)),
            ("watch.off", watch.off.iter().map(shown).collect()),
            ("watch.step_up", watch.step_up.iter().map(shown).collect()),
            ("watch.end", watch.end.iter().map(shown).collect()),
            ("watch.countries", shown_path(watch.countries.as_deref())),
            ("watch.cities", shown_path(watch.cities.as_deref())),
            ("watch.systems", shown_path(watch.systems.as_deref())),
            (
                "watch.exempt_networks",
                watch.exempt_networks.iter().map(shown).collect(),
            ),
            (
                "watch.exempt_systems",
                watch
                    .exempt_systems
                    .iter()
                    .map(|number| json!(format!("AS{number}")))
                    .collect(),
            ),
        ]
    }

    fn audit_entries(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("audit.log", json!(self.audit.log)),
            ("audit.file", shown_path(self.audit.file.as_deref())),
            ("audit.sealed", shown_path(self.audit.sealed.as_deref())),
            ("audit.rotate", shown(self.audit.rotate)),
            ("audit.keep", json!(self.audit.keep)),
            (
                "audit.retain",
                self.audit.retain.map_or_else(|| json!("off"), shown),
            ),
        ]
    }

    fn top_entries(&self) -> Vec<(&'static str, Value)> {
        let same_site = match self.cookie.same_site {
            SameSite::Lax => "lax",
            SameSite::Strict => "strict",
            SameSite::None => "none",
        };
        let forwarded_header = match self.forwarded_header {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        };
        vec![
            ("listen", shown(self.listen)),
            ("admin_listen", shown(self.admin_listen)),
            ("public_url", shown(&self.public_url)),
            ("log", json!(self.log)),
            ("store", shown(&self.store)),
            ("data_dir", shown(self.data_dir.display())),
            (
                "trusted_proxies",
                self.trusted_proxies.iter().map(shown).collect(),
            ),
            ("forwarded_header", json!(forwarded_header)),
            ("proxy_protocol", json!(self.proxy_protocol)),
            (
                "allowed_redirects",
                self.allowed_redirects.iter().map(shown).collect(),
            ),
            ("cookie.name", json!(self.cookie.name)),
            ("cookie.same_site", json!(same_site)),
            ("cookie.allow_cross_site", json!(self.cookie.allow_cross_site)),
            (
                "cookie.domain",
                json!(self.cookie.domain.as_deref().unwrap_or_default()),
            ),
            ("headers.hsts_subdomains", json!(self.headers.hsts_subdomains)),
            ("headers.clear_cookies", json!(self.headers.clear_cookies)),
        ]
    }

    fn policy_entries(&self) -> Vec<(&'static str, Value)> {
        let policy = self.policy.resolve();
        let (ordinary, remembered) = (policy.ordinary(), policy.remembered());
        let when_full = match policy.when_full() {
            WhenFull::EvictOldest => "evict-oldest",
            WhenFull::Reject => "reject",
        };
        let span = |span| shown(Span::from(span));
        vec![
            ("policy.idle_timeout", span(ordinary.idle())),
            ("policy.absolute_timeout", span(ordinary.absolute())),
            ("policy.touch_every", span(policy.touch_every())),
            (
                "policy.renew_after",
                policy.renew_after().map_or_else(|| json!("off"), span),
            ),
            ("policy.renew_overlap", span(policy.renew_overlap())),
            ("policy.max_sessions", json!(policy.max_sessions())),
            ("policy.when_full", json!(when_full)),
            ("policy.step_up_within", span(policy.step_up_within())),
            ("policy.remember.idle_timeout", span(remembered.idle())),
            ("policy.remember.absolute_timeout", span(remembered.absolute())),
        ]
    }
}

/// Puts a value where its dotted path says.
fn insert(object: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((table, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), value);
        return;
    };
    if let Value::Object(inner) = object.entry(table).or_insert_with(|| json!({})) {
        insert(inner, rest, value);
    }
}

pub(super) fn shown(value: impl std::fmt::Display) -> Value {
    Value::String(value.to_string())
}

/// A path as it is read again: the empty text is none.
pub(super) fn shown_path(path: Option<&Path>) -> Value {
    shown(path.unwrap_or(Path::new("")).display())
}

fn reaction(reaction: Reaction) -> Value {
    json!(match reaction {
        Reaction::Ignore => "ignore",
        Reaction::Log => "log",
        Reaction::StepUp => "step-up",
        Reaction::End => "end",
    })
}
