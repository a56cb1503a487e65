//! Every key there is, and what a misspelt one was probably meant to be.

use std::borrow::Cow;

/// The keys, in the order in which `config print` shows them.
pub(super) const KEYS: &[&str] = &[
    "listen",
    "admin_listen",
    "public_url",
    "log",
    "store",
    "store_file",
    "data_dir",
    "trusted_proxies",
    "forwarded_header",
    "proxy_protocol",
    "allowed_redirects",
    "cookie.name",
    "cookie.same_site",
    "cookie.allow_cross_site",
    "cookie.domain",
    "headers.hsts_subdomains",
    "headers.clear_cookies",
    "policy.idle_timeout",
    "policy.absolute_timeout",
    "policy.touch_every",
    "policy.renew_after",
    "policy.renew_overlap",
    "policy.max_sessions",
    "policy.when_full",
    "policy.step_up_within",
    "policy.remember.idle_timeout",
    "policy.remember.absolute_timeout",
    "binding.ip",
    "binding.user_agent",
    "binding.accept_language",
    "binding.ip_prefix_v4",
    "binding.ip_prefix_v6",
    "cache.entries",
    "cache.lease",
    "throttle.across_nodes",
    "throttle.source",
    "throttle.account",
    "throttle.device",
    "throttle.tokens",
    "throttle.keys",
    "watch.enabled",
    "watch.off",
    "watch.step_up",
    "watch.end",
    "watch.countries",
    "watch.cities",
    "watch.systems",
    "watch.exempt_networks",
    "watch.exempt_systems",
    "audit.log",
    "audit.file",
    "audit.sealed",
    "audit.rotate",
    "audit.keep",
    "audit.retain",
    "admin.keys",
    "admin.keys_file",
    "outbound.allow_networks",
    "outbound.ca_file",
    "outbound.attempts",
    "outbound.retry_first",
    "outbound.retry_longest",
    "mail.smtp",
    "mail.password",
    "mail.password_file",
    "mail.from",
    "mail.alerts_to",
    "mail.alerts_per_hour",
];

/// The section whose tables have names of the operator's own: `webhook.NAME.url`; and what each of them holds.
pub(super) const WEBHOOK: &str = "webhook";
const WEBHOOK_KEYS: [&str; 4] = ["url", "secret", "secret_file", "kinds"];

/// The tables that hold them.
pub(super) const SECTIONS: &[&str] = &[
    "cookie",
    "headers",
    "policy",
    "policy.remember",
    "binding",
    "cache",
    "throttle",
    "watch",
    "audit",
    "admin",
    "outbound",
    "mail",
    WEBHOOK,
];

/// The key of this name.
pub(super) fn key(name: &str) -> Option<Cow<'static, str>> {
    let fixed = KEYS.iter().copied().find(|key| *key == name).map(Cow::Borrowed);
    let own = || webhook_key(name).filter(|(name, field)| is_name(name) && WEBHOOK_KEYS.contains(field));
    fixed.or_else(|| own().map(|_| Cow::Owned(name.to_owned())))
}

/// Name and field of `webhook.NAME.FIELD`.
fn webhook_key(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix(WEBHOOK)?.strip_prefix('.')?.split_once('.')
}

/// What operators may call a webhook: 1 to 32 of `a` to `z`, digits and single underscores, so that it fits into the name of
/// a variable. The first is a letter.
fn is_name(name: &str) -> bool {
    let fits = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    fits && name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.contains("__")
        && !name.ends_with('_')
}

/// Whether this is a table, not a value.
pub(super) fn is_section(name: &str) -> bool {
    let own = || name.strip_prefix(WEBHOOK)?.strip_prefix('.');
    SECTIONS.contains(&name) || own().is_some_and(is_name)
}

/// Whether the value of a key must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    matches!(key, "admin.keys" | "mail.password")
        || webhook_key(key).is_some_and(|(_, field)| field == "secret")
}

/// What a misspelt name or field of a webhook was probably meant to be.
fn nearest_webhook(wrong: &str) -> Option<String> {
    let rest = wrong.strip_prefix(WEBHOOK)?.strip_prefix('.')?;
    let (name, field) = rest
        .split_once('.')
        .map_or((rest, None), |(name, field)| (name, Some(field)));
    let name = name.to_ascii_lowercase().replace('-', "_");
    let near = |field: &str| {
        WEBHOOK_KEYS
            .into_iter()
            .map(|key| (distance(field, key), key))
            .min()
    };
    let field = match field {
        Some(field) => format!(".{}", near(field).filter(|(distance, _)| *distance <= 2)?.1),
        None => String::new(),
    };
    let near = format!("{WEBHOOK}.{name}{field}");
    (is_name(&name) && near != wrong).then_some(near)
}

/// The key or table that a misspelt name is nearest to, if any is near.
fn nearest(wrong: &str) -> Option<&'static str> {
    // `idle_timeout` at the top level is `policy.idle_timeout` in the wrong place.
    let last = wrong.rsplit('.').next().unwrap_or(wrong);
    let moved = |name: &&str| name.rsplit('.').next() == Some(last);
    let candidates = || KEYS.iter().chain(SECTIONS).copied();
    let nearest = candidates().map(|name| (distance(wrong, name), name)).min();
    let near = nearest.filter(|(distance, name)| *distance <= (name.len() / 4).clamp(1, 3));
    near.map(|(_, name)| name).or_else(|| candidates().find(moved))
}

/// A hint for a name that nothing has, its key spelled by `spell` as at the place where the name was found.
pub(super) fn hint(wrong: &str, spell: impl FnOnce(&str) -> String) -> Option<String> {
    if wrong == "dev" {
        return Some("the flag --dev".to_owned());
    }
    nearest_webhook(wrong)
        .or_else(|| nearest(wrong).map(str::to_owned))
        .map(|near| spell(&near))
}

/// The number of letters to insert, remove, replace or swap with their neighbour to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_have_names_of_their_own_and_fields_of_ours() {
        for (name, known) in [
            ("webhook.ops.url", true),
            ("webhook.ops_2.secret_file", true),
            ("webhook.Ops.url", false),
            ("webhook.2.url", false),
            ("webhook.a__b.url", false),
            ("webhook.ops-2.url", false),
            ("webhook..url", false),
            ("webhook.ops.port", false),
            ("webhook.url", false),
        ] {
            assert_eq!(key(name).is_some(), known, "{name}");
        }
        for (wrong, right) in [
            ("webhook.ops.ulr", Some("webhook.ops.url")),
            ("webhook.Ops.url", Some("webhook.ops.url")),
            ("webhook.ops-2", Some("webhook.ops_2")),
            ("webhook.ops.nothing_like_it", None),
            ("webhook.url", None),
            ("webhok", Some("webhook")),
        ] {
            assert_eq!(hint(wrong, str::to_owned).as_deref(), right, "{wrong}");
        }
    }

    #[test]
    fn finds_what_was_meant() {
        for (wrong, right) in [
            ("lisen", Some("listen")),
            ("lsiten", Some("listen")),
            ("policy.idle-timeout", Some("policy.idle_timeout")),
            ("policy_idle_timeout", Some("policy.idle_timeout")),
            (
                "policy.remember_idle_timeout",
                Some("policy.remember.idle_timeout"),
            ),
            ("idle_timeout", Some("policy.idle_timeout")),
            ("max_sessions", Some("policy.max_sessions")),
            ("polcy", Some("policy")),
            ("cookies.name", Some("cookie.name")),
            ("remember", Some("policy.remember")),
            ("database", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wrong), right, "{wrong}");
        }
    }
}
