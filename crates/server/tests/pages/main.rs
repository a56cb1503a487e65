//! What must hold for every page in every state.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

mod gallery;

use askama::Template as _;
use cloakroom::problem::Code;
use cloakroom_server::pages::{
    AccountNotice, AccountPage, ConsoleNotice, FailurePage, LoginNotice, LoginPage, LoginProblem,
    OtherSessions, StepUpReason, assets, ticket_number,
};
use gallery::{
    HOSTILE, account, current, failed_login, failure, gallery, hostile_pages, login, nameless, remembered,
};

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
            ..failure(Code::Internal)
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
