//! Each rule: what makes it speak, and what does not.

#![allow(clippy::unwrap_used)]

mod support;

use cloakroom_core::{Actor, CloseReason, Kind};
use cloakroom_watch::{Audience, Rule, Rules, Severity};
use support::{
    BASEL, CHROME, FIREFOX, MUNICH, NEW_YORK, START, Story, TOKYO, VPN, ZURICH, event, id, subject,
};

const HOUR: u64 = 3_600;

#[test]
fn two_places_too_far_apart_for_the_time_between_are_impossible_within_one_session() {
    let mut story = Story::default();
    story
        .open(0, "alice", 1, ZURICH)
        .act(Kind::BindingChanged, 2 * HOUR, "alice", 1, NEW_YORK, FIREFOX);
    let told = story.of(Rule::ImpossibleTravel);
    let [alert] = told.as_slice() else {
        panic!("{:?}", story.rules())
    };
    assert_eq!(
        (alert.severity, alert.audience, alert.confidence),
        (Severity::Critical, Audience::Operator, 85)
    );
    assert_eq!(alert.subject, Some(subject("alice")));
    assert_eq!(alert.sessions, [id(1)]);
    let places: Vec<_> = alert
        .evidence
        .iter()
        .map(|seen| (seen.at.as_millis() - START, seen.country.unwrap().to_string()))
        .collect();
    assert_eq!(
        places,
        [(0, "CH".to_owned()), (2 * HOUR * 1_000, "US".to_owned())]
    );
    assert!(
        alert
            .why
            .starts_with("seen in CH and, 120 minutes later, in US, at least 62"),
        "{}",
        alert.why
    );
}

#[test]
fn any_two_sessions_count_not_only_those_that_follow_each_other() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH).open(60, "alice", 2, BASEL).act(
        Kind::Renewed,
        600,
        "alice",
        3,
        TOKYO,
        FIREFOX,
    );
    assert_eq!(story.of(Rule::ImpossibleTravel).len(), 1);
}

#[test]
fn who_had_the_time_to_fly_has_flown() {
    let mut story = Story::default();
    story
        .open(0, "alice", 1, ZURICH)
        .open(9 * HOUR, "alice", 2, NEW_YORK);
    assert_eq!(story.rules(), [Rule::NewCountry]);
}

#[test]
fn two_known_devices_far_apart_are_a_question_to_the_user() {
    let mut story = Story::default();
    story
        .act(Kind::Opened, 0, "alice", 1, ZURICH, FIREFOX)
        .act(Kind::Opened, 9, "alice", 2, ZURICH, CHROME);
    story.act(Kind::BindingChanged, 20 * HOUR, "alice", 2, NEW_YORK, CHROME);
    story.act(Kind::Renewed, 20 * HOUR + 60, "alice", 1, ZURICH, FIREFOX);
    let told = story.of(Rule::ImpossibleTravel);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].audience, told[0].severity),
        (Audience::User, Severity::Warning)
    );
}

#[test]
fn near_places_private_addresses_and_excepted_systems_are_no_evidence_of_travel() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH);
    for (second, ip) in [
        (10, BASEL),
        (20, "10.0.0.1"),
        (30, "192.168.1.1"),
        (40, "100.64.0.9"),
        (50, VPN),
        (60, "9.9.9.9"),
        (70, MUNICH),
    ] {
        story.act(Kind::BindingChanged, second, "alice", 1, ip, FIREFOX);
    }
    // Munich is less than 250 km from Zürich, and two minutes are no time for that; all else is silent.
    assert_eq!(story.rules(), [Rule::ImpossibleTravel, Rule::NewCountry]);
    assert!(story.told[0].why.contains("in DE"));
}

#[test]
fn what_an_operator_does_says_nothing_about_where_the_user_is() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH);
    let mut rotated = event(Kind::Rotated, 60, TOKYO, CHROME)
        .about(Some(subject("alice")))
        .in_session(id(1));
    rotated.cause.actor = Actor::Operator("ops".to_owned());
    story.see(rotated);
    assert_eq!(story.rules(), []);
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_fast() {
    let mut story = Story::default();
    story
        .open(2 * HOUR, "alice", 1, ZURICH)
        .open(0, "alice", 2, NEW_YORK);
    assert_eq!(story.of(Rule::ImpossibleTravel).len(), 0);
}

#[test]
fn sessions_in_three_countries_at_once_are_told_and_in_two_are_not() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH).open(60, "alice", 2, NEW_YORK);
    assert_eq!(story.of(Rule::SeveralCountries).len(), 0);
    story.open(120, "alice", 3, TOKYO);
    let told = story.of(Rule::SeveralCountries);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].sessions, [id(1), id(2), id(3)]);
    assert!(told[0].why.ends_with("CH, JP, US"), "{}", told[0].why);
}

#[test]
fn sessions_that_ended_are_not_at_once() {
    let mut story = Story::default();
    story
        .open(0, "alice", 1, ZURICH)
        .close(CloseReason::Logout, 30, "alice", 1, ZURICH);
    story.open(60, "alice", 2, NEW_YORK).open(120, "alice", 3, TOKYO);
    assert_eq!(story.of(Rule::SeveralCountries).len(), 0);
}

#[test]
fn log_in_and_log_out_again_and_again_is_told_once() {
    let mut story = Story::default();
    for turn in 0..20 {
        story.open(u64::from(turn) * 60, "alice", turn, ZURICH);
        story.close(
            CloseReason::Logout,
            u64::from(turn) * 60 + 30,
            "alice",
            turn,
            ZURICH,
        );
        assert_eq!(story.told.is_empty(), turn < 5, "{turn}");
    }
    assert_eq!(story.rules(), [Rule::LoginCycles]);
}

#[test]
fn twenty_failures_of_one_account_are_told_and_nineteen_are_not() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH);
    for turn in 0..40 {
        story.fail(100 + turn * 20, "alice", ZURICH);
        assert_eq!(story.told.is_empty(), turn < 19, "{turn}");
    }
    assert_eq!(story.rules(), [Rule::FailedLogins]);
    assert_eq!(story.told[0].severity, Severity::Warning);
}

#[test]
fn a_trickle_of_failures_is_told_too() {
    let mut story = Story::default();
    for turn in 0..40 {
        story.fail(turn * 1_800, "nobody-yet", ZURICH);
    }
    assert_eq!(story.rules(), [Rule::FailedLogins]);
    assert_eq!(story.told[0].severity, Severity::Info, "nobody has this account");
}

#[test]
fn ten_accounts_that_fail_from_one_network_are_told_and_those_who_get_in_after_all_do_not_count() {
    let mut story = Story::default();
    for turn in 0..12_u8 {
        let (name, ip) = (format!("user{turn}"), format!("198.51.103.{turn}"));
        story
            .fail(u64::from(turn) * 30, &name, &ip)
            .open(u64::from(turn) * 30 + 20, &name, turn, &ip);
    }
    assert_eq!(story.rules(), [], "people who mistype");
    for turn in 0..12_u8 {
        story.fail(
            1_000 + u64::from(turn) * 30,
            &format!("other{turn}"),
            &format!("198.51.104.{turn}"),
        );
    }
    assert_eq!(story.rules(), [Rule::PasswordSpraying]);
    assert_eq!(story.told[0].source.unwrap().to_string(), "198.51.104.0/24");
}

#[test]
fn who_failed_and_then_got_in_was_not_sprayed() {
    let mut story = Story::default();
    for turn in 0..14_u8 {
        story.fail(u64::from(turn) * 30, &format!("user{turn}"), "198.51.103.1");
        if turn < 6 {
            story.open(
                u64::from(turn) * 30 + 20,
                &format!("user{turn}"),
                turn,
                "198.51.103.1",
            );
        }
    }
    assert_eq!(story.rules(), [], "eight are left of fourteen");
}

#[test]
fn a_company_behind_one_address_is_no_spray_even_if_many_fail() {
    let mut story = Story::default();
    for turn in 0..60_u8 {
        let name = format!("employee{turn}");
        story.open(u64::from(turn) * 20, &name, turn, "198.51.104.1");
        if turn % 3 == 0 {
            story.fail(u64::from(turn) * 20 + 5, &format!("{name}x"), "198.51.104.1");
        }
    }
    assert_eq!(story.rules(), []);
}

#[test]
fn many_accounts_that_fail_from_everywhere_are_told() {
    let mut story = Story::default();
    for turn in 0..80_u64 {
        story.fail(turn * 30, &format!("user{turn}"), &format!("2a01:{turn:x}::1"));
        assert_eq!(story.told.is_empty(), turn < 49, "{turn}");
    }
    assert_eq!(story.rules(), [Rule::PasswordSpraying]);
    assert_eq!(story.told[0].source, None);
}

#[test]
fn guessed_tokens_are_told_by_network_and_overall() {
    let mut story = Story::default();
    for turn in 0..25 {
        story.see(event(Kind::Guess, turn, "2a01:7:0:4::1", CHROME));
    }
    assert_eq!(story.rules(), [Rule::TokenGuessing]);
    assert_eq!(story.told[0].source.unwrap().to_string(), "2a01:7::/48");
    let mut story = Story::default();
    for turn in 0..400 {
        story.see(event(Kind::Guess, turn, &format!("2a01:{turn:x}::1"), CHROME));
    }
    assert_eq!(story.rules(), [Rule::TokenGuessing]);
    assert_eq!(story.told[0].source, None);
}

#[test]
fn stale_cookies_of_people_who_then_log_in_are_no_guesses() {
    let mut story = Story::default();
    for turn in 0..100_u8 {
        for _ in 0..3 {
            story.see(event(Kind::Guess, u64::from(turn) * 5, "198.51.104.1", CHROME));
        }
        story.open(
            u64::from(turn) * 5 + 2,
            &format!("user{turn}"),
            turn,
            "198.51.104.1",
        );
        if turn > 8 {
            assert_eq!(story.rules(), []);
        }
    }
}

#[test]
fn the_use_of_a_renewed_token_is_told_with_where_the_session_was_before() {
    let mut story = Story::default();
    story
        .open(0, "alice", 1, ZURICH)
        .close(CloseReason::TokenReuse, 60, "alice", 1, "198.51.104.1");
    assert_eq!(story.rules(), [Rule::TokenReuse]);
    let from: Vec<_> = story.told[0]
        .evidence
        .iter()
        .map(|seen| seen.ip.unwrap().to_string())
        .collect();
    assert_eq!(from, [ZURICH, "198.51.104.1"]);
    story.close(CloseReason::TokenReuse, 61, "alice", 1, "198.51.104.1");
    assert_eq!(story.told.len(), 1, "once per session");
}

#[test]
fn a_new_device_and_a_new_country_are_notices_and_the_first_of_each_is_none() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH).open(60, "alice", 2, ZURICH);
    assert_eq!(story.rules(), []);
    story.act(Kind::Opened, 24 * HOUR, "alice", 3, TOKYO, CHROME);
    assert_eq!(story.rules(), [Rule::NewDevice, Rule::NewCountry]);
    assert!(story.told.iter().all(|alert| alert.audience == Audience::User));
}

#[test]
fn a_browser_that_proves_nothing_is_new_whatever_it_calls_itself_and_one_that_does_is_not() {
    let mut story = Story::default();
    story.open_in(false, 0, 1, ZURICH, FIREFOX);
    story.open_in(true, HOUR, 2, ZURICH, FIREFOX);
    story.open_in(true, 2 * HOUR, 3, ZURICH, CHROME);
    assert_eq!(story.rules(), [], "the very first one, and two that are known");
    story.open_in(false, 3 * HOUR, 4, BASEL, FIREFOX);
    assert_eq!(story.rules(), [Rule::NewDevice]);
    assert_eq!(
        (story.told[0].audience, story.told[0].why.as_str()),
        (
            Audience::User,
            "logged in in a browser that never did before: Firefox on Linux"
        )
    );
    story.open_in(true, 4 * HOUR, 5, ZURICH, FIREFOX);
    story.open_in(false, 5 * HOUR, 6, BASEL, FIREFOX);
    assert_eq!(story.told.len(), 2, "each log-in is another stranger");
}

#[test]
fn a_country_that_a_known_browser_logs_in_from_is_no_news_and_then_known() {
    let mut story = Story::default();
    story.open_in(false, 0, 1, ZURICH, FIREFOX);
    story.open_in(true, 48 * HOUR, 2, TOKYO, FIREFOX);
    assert_eq!(story.rules(), []);
    story.act(Kind::Renewed, 96 * HOUR, "alice", 1, TOKYO, FIREFOX);
    assert_eq!(story.rules(), []);
    story.act(Kind::BindingChanged, 144 * HOUR, "alice", 1, NEW_YORK, FIREFOX);
    assert_eq!(story.rules(), [Rule::NewCountry], "a session is not its browser");
}

#[test]
fn who_always_logs_in_in_a_private_window_is_asked_twice_and_then_only_about_other_devices() {
    let mut story = Story::default();
    for day in 0..10_u8 {
        story.open_in(false, u64::from(day) * 24 * HOUR, day, ZURICH, FIREFOX);
    }
    assert_eq!(story.told.len(), 2);
    story.open_in(false, 240 * HOUR, 20, ZURICH, CHROME);
    assert_eq!(story.told.len(), 3);
    // Who goes back to windows that remember is asked again.
    for day in 11..15_u8 {
        story.open_in(true, u64::from(day) * 24 * HOUR, day, ZURICH, FIREFOX);
    }
    story.open_in(false, 400 * HOUR, 30, ZURICH, FIREFOX);
    assert_eq!(story.told.len(), 4);
}

#[test]
fn a_session_that_its_user_disowns_is_told_to_the_operator_and_where_it_was_stays_new() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH);
    story.act(Kind::Opened, 24 * HOUR, "alice", 2, TOKYO, CHROME);
    story.disown(25 * HOUR, 2);
    let told = story.of(Rule::DisownedSession);
    let [alert] = told.as_slice() else {
        panic!("{:?}", story.rules())
    };
    assert_eq!(
        (alert.severity, alert.audience, alert.sessions.as_slice()),
        (Severity::Critical, Audience::Operator, [id(2)].as_slice())
    );
    let from: Vec<_> = alert
        .evidence
        .iter()
        .map(|seen| seen.ip.unwrap().to_string())
        .collect();
    assert_eq!(from, [TOKYO, ZURICH]);
    let before = story.told.len();
    story.act(Kind::Opened, 1_000 * HOUR, "alice", 3, TOKYO, CHROME);
    let again: Vec<_> = story.told[before..].iter().map(|alert| alert.rule).collect();
    assert_eq!(again, [Rule::NewDevice, Rule::NewCountry]);
}

#[test]
fn another_device_within_a_session_is_told_and_a_new_version_is_none() {
    let mut story = Story::default();
    story.open(0, "alice", 1, ZURICH);
    story.act(
        Kind::BindingChanged,
        60,
        "alice",
        1,
        ZURICH,
        &FIREFOX.replace("140", "141"),
    );
    assert_eq!(story.rules(), []);
    story.act(Kind::BindingChanged, 90, "alice", 1, ZURICH, CHROME);
    assert_eq!(story.rules(), [Rule::DeviceChange]);
    assert!(
        story.told[0].why.contains("Firefox on Linux") && story.told[0].why.contains("Chrome on Windows")
    );
}

#[test]
fn sessions_that_pile_up_are_told_and_those_that_are_logged_out_do_not_count() {
    let mut story = Story::default();
    for turn in 0..30_u8 {
        story.open(u64::from(turn) * 300, "bob", turn, ZURICH);
        story.close(
            CloseReason::Logout,
            u64::from(turn) * 300 + 200,
            "bob",
            turn,
            ZURICH,
        );
    }
    assert_eq!(story.rules(), []);
    for turn in 0..10_u8 {
        story.open(u64::from(turn) * 60, "alice", turn, ZURICH);
    }
    assert_eq!(story.rules(), [Rule::SessionRise]);
}

#[test]
fn a_rule_that_is_off_is_silent() {
    let mut rules = Rules::default();
    rules.travel.on = false;
    rules.new_country.on = false;
    rules.new_device.on = false;
    let mut story = Story::with(rules);
    story
        .open(0, "alice", 1, ZURICH)
        .act(Kind::Opened, 60, "alice", 2, NEW_YORK, CHROME);
    assert_eq!(story.rules(), []);
}

#[test]
fn an_incident_that_goes_on_is_told_again_the_next_day_under_another_id() {
    let mut story = Story::default();
    for turn in 0..30 * 12 {
        story.fail(turn * 300, "alice", ZURICH);
    }
    let told = story.of(Rule::FailedLogins);
    assert_eq!(told.len(), 2);
    assert_ne!(told[0].incident, told[1].incident);
}

#[test]
fn an_alert_is_plain_text_and_json_in_which_nothing_deceives() {
    let mut story = Story::default();
    let name = format!("eve\u{202e}\"{}", "x".repeat(240));
    story.act(Kind::Opened, 0, &name, 1, ZURICH, FIREFOX);
    story.act(
        Kind::BindingChanged,
        60,
        &name,
        1,
        NEW_YORK,
        "\u{202e}<script>\u{7}/1",
    );
    for alert in &story.told {
        let text = alert.to_string();
        assert!(
            !text.contains('\u{202e}') && !text.contains('\u{7}') && text.len() < 1_500,
            "{text}"
        );
        let json: serde_json::Value = serde_json::to_value(alert).unwrap();
        assert!(
            json["subject"]
                .as_str()
                .unwrap()
                .starts_with("eve\\u{202e}\\\"xxx")
        );
        assert_eq!(json["incident"].as_str().unwrap().len(), 32);
    }
    assert_eq!(
        story.rules(),
        [Rule::DeviceChange, Rule::ImpossibleTravel, Rule::NewCountry]
    );
}
