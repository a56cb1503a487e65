//! Every page in every state, and what must hold for all of them.

use std::path::Path;

use askama::Template;
use jiff::{SignedDuration, Timestamp};

use super::*;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> style=\"x\"";

fn now() -> Timestamp {
    "2026-11-21T14:05:09Z".parse().unwrap()
}

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

fn session(id: &str, device: &str, seen: i64, opened: i64) -> SessionView {
    SessionView {
        id: id.to_owned(),
        device: Some(device.to_owned()),
        ip: Some("198.51.100.23".to_owned()),
        country: None,
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned()),
        created_at: now() - minutes(opened),
        seen_at: now() - minutes(seen),
        authenticated_at: now() - minutes(opened),
        expires_at: now() + minutes(480 - opened),
        idle_expires_at: now() + minutes(30 - seen),
        remember: false,
        bound: false,
    }
}

fn current() -> SessionView {
    session("7f3a91c2e4b04d6f8a10b2c3d4e5f607", "Firefox on Linux", 0, 12)
}

fn remembered() -> SessionView {
    SessionView {
        ip: Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned()),
        country: Some("Portugal".to_owned()),
        remember: true,
        bound: true,
        expires_at: now() + minutes(60 * 24 * 29),
        idle_expires_at: now() + minutes(60 * 24 * 29),
        ..session("b81d05c2e4b04d6f8a10b2c3d4e5f607", "Safari on iPhone", 190, 1700)
    }
}

fn nameless() -> SessionView {
    SessionView {
        device: None,
        ip: None,
        user_agent: None,
        ..session("0c44ae91e4b04d6f8a10b2c3d4e5f607", "", 24, 300)
    }
}

fn hostile() -> SessionView {
    SessionView {
        ip: Some(HOSTILE.to_owned()),
        country: Some(HOSTILE.to_owned()),
        user_agent: Some(HOSTILE.to_owned()),
        ..session(HOSTILE, HOSTILE, 1, 2)
    }
}

fn many() -> Vec<SessionView> {
    (0..24u32)
        .map(|n| {
            let device = [
                "Chrome on Windows",
                "Edge on Windows",
                "Chrome on Android",
                "curl",
            ][n as usize % 4];
            session(
                &format!(
                    "{:032x}",
                    u128::from(n + 3).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
                ),
                device,
                i64::from(n),
                i64::from(n) * 15 + 1,
            )
        })
        .collect()
}

fn login() -> LoginPage {
    LoginPage {
        site: "app.example.com".to_owned(),
        ..LoginPage::default()
    }
}

fn failed_login(problem: LoginProblem) -> LoginPage {
    LoginPage {
        username: "anna".to_owned(),
        remember: true,
        rd: Some("/orders?id=7&page=2".to_owned()),
        problem: Some(problem),
        ..login()
    }
}

fn account(others: OtherSessions) -> AccountPage {
    AccountPage {
        site: "app.example.com".to_owned(),
        now: now(),
        subject: "anna".to_owned(),
        roles: vec!["editor".to_owned(), "billing".to_owned()],
        current: current(),
        others,
        fresh: true,
        notice: None,
    }
}

fn step_up(reason: StepUpReason, problem: Option<StepUpProblem>) -> StepUpPage {
    StepUpPage {
        site: "app.example.com".to_owned(),
        subject: "anna".to_owned(),
        session_id: current().id,
        reason,
        rd: Some("/account".to_owned()),
        problem,
    }
}

fn password(problem: Option<PasswordProblem>) -> PasswordPage {
    PasswordPage {
        site: "app.example.com".to_owned(),
        subject: "anna".to_owned(),
        session_id: current().id,
        min_length: 12,
        max_length: 256,
        problem,
    }
}

fn failure(failure: Failure) -> FailurePage {
    FailurePage {
        site: "app.example.com".to_owned(),
        place: Place::Public,
        failure,
        retry: Some("/account".to_owned()),
        request_id: Some("01JD7Z4N8Q".to_owned()),
    }
}

fn event(minutes_ago: i64, kind: &str, reason: Option<&str>, subject: Option<&str>) -> EventView {
    EventView {
        at: now() - minutes(minutes_ago),
        kind: kind.to_owned(),
        session: subject.map(|_| current().id),
        reason: reason.map(str::to_owned),
        subject: subject.map(str::to_owned),
        actor: subject.map(str::to_owned),
        ip: Some("198.51.100.23".to_owned()),
        device: Some("Firefox on Linux".to_owned()),
        detail: None,
    }
}

fn events() -> Vec<EventView> {
    let mut events = vec![
        event(0, "opened", None, Some("anna")),
        event(1, "login-failed", None, None),
        event(4, "closed", Some("logout"), Some("bertrand")),
        event(
            9,
            "closed",
            Some("token-reuse"),
            Some("a-rather-long-subject-name@department.example.com"),
        ),
        event(31, "renewed", None, Some("anna")),
        event(90, "csrf-rejected", None, None),
        event(1500, "closed", Some("credential-change"), Some("chiara")),
    ];
    events[1].ip = Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned());
    events[3].detail = Some("the old token was shown 41 s after its successor".to_owned());
    events
}

fn console() -> ConsolePage {
    ConsolePage {
        site: "app.example.com".to_owned(),
        now: now(),
        store: StoreView {
            kind: "Redis".to_owned(),
            healthy: true,
            detail: Some("7.2.5, 0.3 ms".to_owned()),
        },
        figures: Figures {
            live_sessions: Some(12_480),
            logins: Some(311),
            failed_logins: Some(9),
            ended: Some(274),
        },
        events: Some(events()),
        search: None,
        notice: None,
    }
}

fn search(sessions: Option<Vec<SessionView>>) -> ConsolePage {
    ConsolePage {
        search: Some(SubjectSearch {
            subject: "anna".to_owned(),
            sessions,
        }),
        ..console()
    }
}

/// File name and HTML of every page in every state.
fn gallery() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: &str, html: askama::Result<String>| all.push((name.to_owned(), html.unwrap()));
    add_logins(&mut add);
    add_accounts(&mut add);
    add_passwords(&mut add);
    add_failures(&mut add);
    add_consoles(&mut add);
    for (name, html) in hostile_pages() {
        add(name, Ok(html));
    }
    all
}

type Add<'a> = &'a mut dyn FnMut(&str, askama::Result<String>);

fn add_logins(add: Add) {
    add("login", login().render());
    for notice in [
        LoginNotice::LoggedOut,
        LoginNotice::LoggedOutEverywhere,
        LoginNotice::SessionEnded,
        LoginNotice::LoginNeeded,
    ] {
        add(
            &format!("login-{}", notice.slug()),
            LoginPage {
                notice: Some(notice),
                ..login()
            }
            .render(),
        );
    }
    for (name, problem) in [
        ("login-no-name", LoginProblem::MissingUsername),
        ("login-no-password", LoginProblem::MissingPassword),
        ("login-wrong", LoginProblem::InvalidCredentials),
        ("login-limited", LoginProblem::RateLimited { retry_after: 90 }),
        ("login-full", LoginProblem::SessionLimit),
    ] {
        add(name, failed_login(problem).render());
    }
    let demo = DemoLogin {
        username: "demo".to_owned(),
        password: "correct-horse-42".to_owned(),
    };
    add(
        "login-demo",
        LoginPage {
            demo: Some(demo),
            ..login()
        }
        .render(),
    );
}

fn add_accounts(add: Add) {
    add("account-one", account(OtherSessions::Listed(vec![])).render());
    let few = || OtherSessions::Listed(vec![nameless(), remembered()]);
    add("account-few", account(few()).render());
    add(
        "account-stale",
        AccountPage {
            fresh: false,
            roles: vec![],
            ..account(few())
        }
        .render(),
    );
    add("account-many", account(OtherSessions::Listed(many())).render());
    add("account-offline", account(OtherSessions::Unavailable).render());
    for notice in [
        AccountNotice::DeviceEnded,
        AccountNotice::OthersEnded,
        AccountNotice::DeviceGone,
        AccountNotice::PasswordChanged,
        AccountNotice::Confirmed,
    ] {
        let page = AccountPage {
            notice: Some(notice),
            ..account(few())
        };
        add(&format!("account-{}", notice.slug()), page.render());
    }
}

fn add_passwords(add: Add) {
    for reason in [
        StepUpReason::EndDevice,
        StepUpReason::ChangePassword,
        StepUpReason::ClientChanged,
        StepUpReason::Application,
    ] {
        add(
            &format!("step-up-{}", reason.slug()),
            step_up(reason, None).render(),
        );
    }
    for (name, problem) in [
        ("step-up-missing", StepUpProblem::Missing),
        ("step-up-wrong", StepUpProblem::WrongPassword),
        ("step-up-limited", StepUpProblem::RateLimited { retry_after: 7 }),
    ] {
        add(name, step_up(StepUpReason::EndDevice, Some(problem)).render());
    }

    add("password", password(None).render());
    for (name, problem) in [
        ("password-missing", PasswordProblem::Missing),
        ("password-short", PasswordProblem::TooShort),
        ("password-long", PasswordProblem::TooLong),
        ("password-common", PasswordProblem::TooCommon),
        ("password-unchanged", PasswordProblem::Unchanged),
    ] {
        add(name, password(Some(problem)).render());
    }
}

fn add_failures(add: Add) {
    for kind in [
        Failure::BadRequest,
        Failure::CsrfRejected,
        Failure::Forbidden,
        Failure::NotFound,
        Failure::UnsupportedMediaType,
        Failure::RateLimited { retry_after: 30 },
        Failure::Internal,
        Failure::StoreUnavailable { retry_after: 2 },
    ] {
        add(
            &format!("failure-{}", kind.code().to_lowercase()),
            failure(kind).render(),
        );
    }

    add(
        "console-failure",
        FailurePage {
            place: Place::Console,
            ..failure(Failure::NotFound)
        }
        .render(),
    );
}

fn add_consoles(add: Add) {
    let gate = |problem| ConsoleLoginPage {
        site: "app.example.com".to_owned(),
        logged_out: false,
        problem,
    };
    add("gate", gate(None).render());
    add(
        "gate-left",
        ConsoleLoginPage {
            logged_out: true,
            ..gate(None)
        }
        .render(),
    );
    for (name, problem) in [
        ("gate-missing", ConsoleLoginProblem::Missing),
        ("gate-wrong", ConsoleLoginProblem::WrongKey),
        ("gate-no-keys", ConsoleLoginProblem::NoKeys),
        (
            "gate-limited",
            ConsoleLoginProblem::RateLimited { retry_after: 60 },
        ),
    ] {
        add(name, gate(Some(problem)).render());
    }

    add("console", console().render());
    add(
        "console-empty",
        ConsolePage {
            events: Some(vec![]),
            figures: Figures {
                live_sessions: Some(0),
                logins: Some(0),
                failed_logins: Some(0),
                ended: Some(0),
            },
            ..console()
        }
        .render(),
    );
    add(
        "console-offline",
        ConsolePage {
            events: None,
            figures: Figures::default(),
            store: StoreView {
                kind: "Redis".to_owned(),
                healthy: false,
                detail: Some("no answer within 800 ms".to_owned()),
            },
            ..search(None)
        }
        .render(),
    );
    add("console-found-none", search(Some(vec![])).render());
    add("console-found-one", search(Some(vec![remembered()])).render());
    add("console-found-many", search(Some(many())).render());
    for notice in [
        ConsoleNotice::SessionEnded,
        ConsoleNotice::SubjectEnded,
        ConsoleNotice::SessionGone,
    ] {
        let page = ConsolePage {
            notice: Some(notice),
            ..search(Some(vec![current()]))
        };
        add(&format!("console-{}", notice.slug()), page.render());
    }
}

/// Every page, with hostile text in every field that holds text.
fn hostile_pages() -> Vec<(&'static str, String)> {
    let text = || HOSTILE.to_owned();
    let some = || Some(text());
    let event = EventView {
        at: now(),
        kind: text(),
        session: some(),
        reason: some(),
        subject: some(),
        actor: some(),
        ip: some(),
        device: some(),
        detail: some(),
    };
    vec![
        (
            "hostile-login",
            LoginPage {
                site: text(),
                username: text(),
                rd: some(),
                demo: Some(DemoLogin {
                    username: text(),
                    password: text(),
                }),
                ..login()
            }
            .render(),
        ),
        (
            "hostile-account",
            AccountPage {
                site: text(),
                subject: text(),
                roles: vec![text()],
                current: hostile(),
                ..account(OtherSessions::Listed(vec![hostile()]))
            }
            .render(),
        ),
        (
            "hostile-step-up",
            StepUpPage {
                site: text(),
                subject: text(),
                session_id: text(),
                rd: some(),
                ..step_up(StepUpReason::Application, None)
            }
            .render(),
        ),
        (
            "hostile-password",
            PasswordPage {
                site: text(),
                subject: text(),
                session_id: text(),
                ..password(None)
            }
            .render(),
        ),
        (
            "hostile-failure",
            FailurePage {
                site: text(),
                retry: Some(format!("/{HOSTILE}")),
                request_id: some(),
                ..failure(Failure::Internal)
            }
            .render(),
        ),
        (
            "hostile-gate",
            ConsoleLoginPage {
                site: text(),
                ..ConsoleLoginPage::default()
            }
            .render(),
        ),
        (
            "hostile-console",
            ConsolePage {
                site: text(),
                store: StoreView {
                    kind: text(),
                    healthy: true,
                    detail: some(),
                },
                events: Some(vec![event]),
                search: Some(SubjectSearch {
                    subject: text(),
                    sessions: Some(vec![hostile()]),
                }),
                ..console()
            }
            .render(),
        ),
    ]
    .into_iter()
    .map(|(name, html)| (name, html.unwrap()))
    .collect()
}

/// The opening tags of a page: `<a href="…">` as `a href="…"`. Good enough for escaped output, in
/// which every `<` opens a tag.
fn tags(html: &str) -> Vec<&str> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(tag, _)| tag)
        .collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

fn is(tag: &str, element: &str) -> bool {
    tag == element || tag.starts_with(&format!("{element} "))
}

#[test]
fn hostile_text_stays_text_on_every_page() {
    for (name, html) in hostile_pages() {
        assert!(!html.contains("<script>"), "{name}");
        assert!(!html.contains("<img"), "{name}");
        assert!(!html.contains("\"'>"), "{name}");
        assert!(
            html.contains("alert(1)") && html.contains("&#60;script&#62;"),
            "{name}"
        );
    }
}

#[test]
fn nothing_on_a_page_needs_a_hole_in_the_content_security_policy() {
    for (name, html) in gallery() {
        for tag in tags(&html) {
            assert!(attribute(tag, "style").is_none(), "{name}: <{tag}>");
            assert!(
                !is(tag, "style") && !is(tag, "iframe") && !is(tag, "base"),
                "{name}: <{tag}>"
            );
            for part in tag.split_whitespace().filter(|_| !tag.contains('&')) {
                assert!(
                    !part.starts_with("on") || part.starts_with("on\""),
                    "{name}: <{tag}>"
                );
            }
            if is(tag, "script") {
                assert!(attribute(tag, "src").is_some(), "{name}: <{tag}>");
            }
            for link in ["src", "href", "action"]
                .iter()
                .filter_map(|what| attribute(tag, what))
            {
                let inside = link.starts_with('/') && !link.starts_with("//") || link.starts_with('#');
                assert!(inside, "{name}: <{tag}> leads out of this origin");
            }
        }
    }
}

#[test]
fn every_page_names_assets_that_exist() {
    for (name, html) in gallery() {
        let base = if name.contains("console") || name.contains("gate") {
            assets::CONSOLE_BASE
        } else {
            assets::PUBLIC_BASE
        };
        let found = html
            .split('"')
            .filter_map(|part| part.strip_prefix(base)?.strip_prefix('/'))
            .map(|file| assert!(assets::find(file).is_some(), "{name}: {file}"))
            .count();
        assert_eq!(found, 3, "{name}");
    }
}

#[test]
fn every_page_has_a_language_a_title_one_heading_and_a_way_past_the_header() {
    let mut titles = std::collections::HashSet::new();
    for (name, html) in gallery() {
        assert!(
            html.starts_with("<!doctype html>\n<html lang=\"en\">"),
            "{name}: {html:.80}"
        );
        assert!(html.contains("width=device-width"), "{name}");
        let title = html
            .split("<title>")
            .nth(1)
            .unwrap()
            .split("</title>")
            .next()
            .unwrap();
        assert!(
            title.contains("app.example.com") || name.starts_with("hostile"),
            "{name}: {title}"
        );
        titles.insert(title.to_owned());
        assert_eq!(
            tags(&html).iter().filter(|tag| is(tag, "h1")).count(),
            1,
            "{name}"
        );
        assert!(
            html.contains("href=\"#main\"") && html.contains("<main id=\"main\""),
            "{name}"
        );
    }
    assert!(titles.len() > 12, "{titles:?}");
}

#[test]
fn every_field_has_a_label_and_every_reference_leads_somewhere() {
    for (name, html) in gallery() {
        let tags = tags(&html);
        let ids: Vec<_> = tags.iter().filter_map(|tag| attribute(tag, "id")).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: an id stands twice");
        for tag in &tags {
            if is(tag, "input") && !["hidden", "checkbox"].contains(&attribute(tag, "type").unwrap()) {
                let id = attribute(tag, "id").unwrap();
                assert!(html.contains(&format!("<label for=\"{id}\">")), "{name}: {id}");
                assert!(attribute(tag, "autocomplete").is_some(), "{name}: {id}");
            }
            for what in ["aria-describedby", "aria-labelledby"] {
                for id in attribute(tag, what).into_iter().flat_map(str::split_whitespace) {
                    assert!(ids.contains(&id), "{name}: {what} {id}");
                }
            }
        }
    }
}

#[test]
fn every_form_that_changes_something_is_a_post() {
    for (name, html) in gallery() {
        for tag in tags(&html).into_iter().filter(|tag| is(tag, "form")) {
            let (method, action) = (
                attribute(tag, "method").unwrap(),
                attribute(tag, "action").unwrap(),
            );
            assert_eq!(method == "get", action == "/console", "{name}: {tag}");
        }
    }
}

#[test]
fn the_login_form_is_what_the_interface_takes() {
    let html = failed_login(LoginProblem::InvalidCredentials).render().unwrap();
    for part in [
        "method=\"post\" action=\"/auth/login\"",
        "name=\"username\" type=\"text\" value=\"anna\" autocomplete=\"username\"",
        "name=\"password\" type=\"password\" autocomplete=\"current-password\"",
        "name=\"remember\" value=\"on\" checked",
        "name=\"rd\" value=\"/orders?id=7&#38;page=2\"",
        "id=\"password-error\" role=\"alert\"",
        "do not match",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(!login().render().unwrap().contains("name=\"rd\""));
}

/// Invariant 10: unknown, malformed, expired and revoked look the same from outside.
#[test]
fn invariant_10_the_words_for_an_ended_session_do_not_say_why() {
    let html = LoginPage {
        notice: Some(LoginNotice::SessionEnded),
        ..login()
    }
    .render()
    .unwrap();
    assert!(html.contains("Your session ended. Please log in again."));
    for word in ["expired", "revoked", "unknown", "invalid"] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn only_other_devices_can_be_ended_one_by_one() {
    let html = account(OtherSessions::Listed(vec![remembered(), nameless()]))
        .render()
        .unwrap();
    assert!(html.contains(&format!("action=\"/account/sessions/{}/end\"", remembered().id)));
    assert!(!html.contains(&format!("/account/sessions/{}/end", current().id)));
    let recent = html.find("Unknown device").unwrap();
    assert!(
        recent < html.find("Safari on iPhone").unwrap(),
        "the last used comes first"
    );
    assert!(html.contains("Log out other devices"));

    let alone = account(OtherSessions::Listed(vec![])).render().unwrap();
    assert!(alone.contains("nowhere else") && !alone.contains("Log out other devices"));
    let offline = account(OtherSessions::Unavailable).render().unwrap();
    assert!(offline.contains("role=\"alert\"") && !offline.contains("nowhere else"));
}

#[test]
fn the_account_page_warns_before_it_asks_for_a_password() {
    let few = || OtherSessions::Listed(vec![remembered()]);
    let words = "asks for your password first";
    assert!(!account(few()).render().unwrap().contains(words));
    assert!(
        AccountPage {
            fresh: false,
            ..account(few())
        }
        .render()
        .unwrap()
        .contains(words)
    );
}

#[test]
fn ids_and_subjects_are_escaped_in_addresses() {
    let html = hostile_pages()
        .into_iter()
        .find(|(name, _)| *name == "hostile-console")
        .unwrap()
        .1;
    assert!(html.contains("/console/sessions/%3Cscript%3E"));
    assert!(html.contains("/console?subject=%3Cscript%3E"));
}

#[test]
fn try_again_never_leads_to_another_site() {
    for (retry, shown) in [
        ("/account", true),
        ("/a?b=//c", true),
        ("//evil.example", false),
        ("/\\evil.example", false),
        ("/\t/evil.example", false),
        ("https://evil.example/", false),
        ("javascript:alert(1)", false),
        ("", false),
    ] {
        let page = FailurePage {
            retry: Some(retry.to_owned()),
            ..failure(Failure::Internal)
        };
        assert_eq!(page.render().unwrap().contains("Try again"), shown, "{retry:?}");
    }
}

#[test]
fn notices_come_back_by_their_names_and_nothing_else_does() {
    for notice in [
        LoginNotice::LoggedOut,
        LoginNotice::SessionEnded,
        LoginNotice::LoginNeeded,
    ] {
        assert_eq!(LoginNotice::from_slug(notice.slug()), Some(notice));
    }
    assert_eq!(
        AccountNotice::from_slug("device-ended"),
        Some(AccountNotice::DeviceEnded)
    );
    assert_eq!(
        ConsoleNotice::from_slug("subject-ended"),
        Some(ConsoleNotice::SubjectEnded)
    );
    assert_eq!(StepUpReason::from_slug("end-device"), StepUpReason::EndDevice);
    assert_eq!(StepUpReason::from_slug(HOSTILE), StepUpReason::Application);
    assert_eq!(LoginNotice::from_slug(HOSTILE), None);
    assert_eq!(AccountNotice::from_slug(""), None);
    assert_eq!(ConsoleNotice::from_slug("logged-out"), None);
}

#[test]
fn a_ticket_number_is_short_and_harmless() {
    assert_eq!(ticket_number("7f3a91c2e4b0"), "7f3a91");
    assert_eq!(ticket_number("a-b_c"), "abc");
    assert_eq!(ticket_number("<i>"), "i");
    assert_eq!(ticket_number(""), "");
}

/// WCAG 2.2 §1.4.3 and §1.4.11, for the pairs of colours that meet on the pages.
#[test]
fn colours_have_enough_contrast_in_both_schemes() {
    let css = std::str::from_utf8(assets::all()[0].bytes).unwrap();
    let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
    let dark = dark.split_once("*, ::before").unwrap().0;
    for (scheme, part) in [("light", light), ("dark", dark)] {
        let pairs = [
            ("ink", "desk", 7.0),
            ("ink", "paper", 7.0),
            ("ink-soft", "desk", 4.5),
            ("ink-soft", "paper", 4.5),
            ("ink-soft", "stub", 4.5),
            ("stamp", "desk", 4.5),
            ("stamp", "paper", 4.5),
            ("stamp", "stub", 4.5),
            ("stamp", "stamp-wash", 4.5),
            ("ink", "stamp-wash", 4.5),
            ("ink-soft", "stamp-wash", 4.5),
            ("paper", "ink-soft", 4.5),
            ("paper", "stamp", 4.5),
            ("edge", "desk", 3.0),
            ("edge", "paper", 3.0),
        ];
        for (front, back, least) in pairs {
            let ratio = contrast(luminance(part, front), luminance(part, back));
            assert!(
                ratio >= least,
                "{scheme}: {front} on {back} is {ratio:.2}, not {least}"
            );
        }
    }
}

fn luminance(css: &str, name: &str) -> f64 {
    let hex = css.split(&format!("--{name}: #")).nth(1).unwrap();
    let channel = |at: usize| {
        let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if c <= 0.040_45 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Look at them: `PAGES_OUT=folder cargo test -p cloakroom-server gallery -- --ignored`.
#[test]
#[ignore = "writes files, to look at the pages in a browser"]
fn write_every_page_to_a_folder() {
    let folder = std::env::var("PAGES_OUT").unwrap();
    let folder = Path::new(&folder);
    for asset in assets::all() {
        std::fs::write(folder.join(&asset.name), asset.bytes).unwrap();
    }
    for (name, html) in gallery() {
        let html = [assets::PUBLIC_BASE, assets::CONSOLE_BASE]
            .iter()
            .fold(html, |html, base| html.replace(&format!("\"{base}/"), "\""));
        std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
    }
}
