//! `Policy::judge`: what a record is worth at a moment, as tables.

#![allow(
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{
    Alive, Binding, Client, Death, Epoch, Identity, Mismatch, Policy, PolicyBuilder, Reaction, Record,
    Revision, SessionId, Timestamp, TokenState, Verdict,
};
use cloakroom_testkit::{START, SeededRandom};
use std::time::Duration;
use support::{CHROME, FIREFOX, before, client, hours, ms, secs, subject};

fn anonymous() -> Record {
    Record {
        id: SessionId::mint(&SeededRandom::new(1)).unwrap(),
        revision: Revision(0),
        identity: None,
        created_at: START,
        seen_at: START,
        expires_at: START + hours(8),
        token_at: START,
        token: TokenState::Confirmed { at: None },
        renew_now: false,
        challenged: false,
        client: client(),
        sealed: None,
    }
}

fn alice() -> Record {
    let identity = Identity {
        subject: subject("alice"),
        roles: Vec::new(),
        epoch: Epoch(7),
        authenticated_at: START,
        methods: Vec::new(),
        remember: false,
    };
    Record {
        identity: Some(identity),
        ..anonymous()
    }
}

fn remembered() -> Record {
    let mut record = alice();
    record.identity.as_mut().unwrap().remember = true;
    record.expires_at = START + hours(720);
    record
}

fn judge(record: &Record, now: Timestamp) -> Verdict {
    Policy::default().judge(record, &client(), None, now)
}

/// Alive, and what it needs.
fn needs(verdict: Verdict) -> Alive {
    match verdict {
        Verdict::Alive(alive) => alive,
        Verdict::Dead(death) => panic!("dead: {death:?}"),
    }
}

#[test]
fn req_34_and_35_the_edges_are_exact_to_the_millisecond() {
    let idle = secs(1800);
    let busy = |record: Record, seen: Duration| Record {
        seen_at: START + seen,
        ..record
    };
    let table = [
        ("anonymous, idle", anonymous(), idle, Death::Idle),
        ("ordinary, idle", alice(), idle, Death::Idle),
        (
            "ordinary, absolute",
            busy(alice(), hours(8) - ms(2)),
            hours(8),
            Death::Absolute,
        ),
        (
            "remembered, idle is as long as absolute",
            remembered(),
            hours(720),
            Death::Absolute,
        ),
        (
            "seen later",
            busy(alice(), secs(100)),
            idle + secs(100),
            Death::Idle,
        ),
    ];
    for (name, record, edge, death) in table {
        assert!(
            matches!(judge(&record, START + (edge - ms(1))), Verdict::Alive(_)),
            "{name}: 1 ms before"
        );
        assert_eq!(
            judge(&record, START + edge),
            Verdict::Dead(death),
            "{name}: on the edge"
        );
        assert_eq!(
            judge(&record, START + edge + ms(1)),
            Verdict::Dead(death),
            "{name}: 1 ms after"
        );
        assert!(
            matches!(judge(&record, Timestamp::MAX), Verdict::Dead(_)),
            "{name}: at the end of time"
        );
    }
}

#[test]
fn who_is_remembered_lives_by_the_remember_profile() {
    let policy = Policy::builder().remember(hours(1), hours(2)).build().unwrap();
    let at = |record: &Record, now| policy.judge(record, &client(), None, now);
    assert!(matches!(
        at(&remembered(), START + (hours(1) - ms(1))),
        Verdict::Alive(_)
    ));
    assert_eq!(at(&remembered(), START + hours(1)), Verdict::Dead(Death::Idle));
    assert_eq!(at(&alice(), START + secs(1800)), Verdict::Dead(Death::Idle));
}

#[test]
fn req_46_an_older_epoch_is_dead() {
    let policy = Policy::default();
    for (epoch, alive) in [(None, true), (Some(0), true), (Some(7), true), (Some(8), false)] {
        let verdict = policy.judge(&alice(), &client(), epoch.map(Epoch), START);
        let expected = if alive {
            Verdict::Alive(Alive::default())
        } else {
            Verdict::Dead(Death::Epoch)
        };
        assert_eq!(verdict, expected, "{epoch:?}");
    }
    assert_eq!(
        policy.judge(&anonymous(), &client(), Some(Epoch(99)), START),
        Verdict::Alive(Alive::default()),
        "nobody has no epoch"
    );
}

#[test]
fn req_38_a_record_is_stale_from_touch_every_on() {
    assert!(!needs(judge(&alice(), START + (secs(60) - ms(1)))).stale);
    assert!(needs(judge(&alice(), START + secs(60))).stale);
}

#[test]
fn req_29_when_a_token_is_due() {
    let due = START + hours(1);
    let confirmed_at = Some(START + secs(1));
    let table = [
        (
            "young",
            START,
            TokenState::Confirmed { at: None },
            false,
            START + (hours(1) - ms(1)),
            false,
            false,
        ),
        (
            "old",
            START,
            TokenState::Confirmed { at: None },
            false,
            due,
            true,
            false,
        ),
        (
            "old, came by renewal",
            START,
            TokenState::Confirmed { at: confirmed_at },
            false,
            due,
            true,
            false,
        ),
        (
            "old, but not yet confirmed",
            START,
            TokenState::Offered,
            false,
            due,
            false,
            true,
        ),
        (
            "young, not yet confirmed",
            START,
            TokenState::Offered,
            false,
            START,
            false,
            true,
        ),
        (
            "young, but something changed",
            START,
            TokenState::Confirmed { at: None },
            true,
            START,
            true,
            false,
        ),
        (
            "offered, and something changed",
            START,
            TokenState::Offered,
            true,
            START,
            false,
            true,
        ),
    ];
    for (name, token_at, token, renew_now, now, renew, confirm) in table {
        let record = Record {
            token_at,
            token,
            renew_now,
            seen_at: now,
            ..alice()
        };
        let alive = needs(judge(&record, now));
        assert_eq!((alive.renew, alive.confirm), (renew, confirm), "{name}");
    }
}

#[test]
fn renewal_can_be_off() {
    let policy = Policy::builder().renew_after(None).build().unwrap();
    let late = START + hours(7);
    let old = Record {
        seen_at: late,
        ..alice()
    };
    assert!(!needs(policy.judge(&old, &client(), None, late)).renew);
    let changed = Record {
        renew_now: true,
        ..old
    };
    assert!(
        needs(policy.judge(&changed, &client(), None, late)).renew,
        "what changed from outside still renews"
    );
}

#[test]
fn req_41_a_clock_that_goes_back_ages_nothing_and_revives_nothing() {
    let earlier = before(START, secs(300));
    assert_eq!(
        judge(&alice(), earlier),
        Verdict::Alive(Alive::default()),
        "nothing is stale or due"
    );
    let record = Record {
        seen_at: START + hours(4),
        token_at: START + hours(4),
        ..alice()
    };
    assert_eq!(judge(&record, START), Verdict::Alive(Alive::default()));
    // However far into the future it was seen, the absolute deadline holds.
    let seen_too_late = Record {
        seen_at: START + hours(9),
        ..alice()
    };
    assert_eq!(
        judge(&seen_too_late, START + hours(8)),
        Verdict::Dead(Death::Absolute)
    );
}

#[test]
fn invariant_6_being_seen_does_not_move_the_absolute_deadline() {
    for seen in [0, 1, 4, 7] {
        let record = Record {
            seen_at: START + hours(seen),
            ..alice()
        };
        assert!(record.deadline(hours(8)) <= record.expires_at);
        assert_eq!(judge(&record, START + hours(8)), Verdict::Dead(Death::Absolute));
    }
}

/// Where it was used before, where it is used now, and whether that is a change.
fn network(before: &str, now: &str, prefix_v4: u8, prefix_v6: u8) -> bool {
    let binding = Binding {
        ip_prefix_v4: prefix_v4,
        ip_prefix_v6: prefix_v6,
        ..Binding::default()
    };
    let at = |ip: &str| {
        if ip.is_empty() {
            Client::default()
        } else {
            Client::at(ip.parse().unwrap())
        }
    };
    let (mismatch, reaction) = binding.compare(&at(before), &at(now));
    assert_eq!(mismatch.ip, reaction == Reaction::Log);
    mismatch.ip
}

#[test]
fn req_68_what_counts_as_another_network() {
    let table = [
        ("192.0.2.1", "192.0.2.1", 24, 48, false),
        ("192.0.2.1", "192.0.2.254", 24, 48, false),
        ("192.0.2.1", "192.0.3.1", 24, 48, true),
        ("192.0.2.1", "192.0.2.2", 32, 48, true),
        ("192.0.2.1", "192.0.2.1", 32, 48, false),
        ("192.0.2.1", "203.0.113.9", 0, 48, false),
        ("192.0.2.1", "128.0.0.0", 1, 48, false),
        ("192.0.2.1", "10.0.0.0", 1, 48, true),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", 24, 48, false),
        ("2001:db8:1::1", "2001:db8:2::1", 24, 48, true),
        ("2001:db8::1", "2001:db8::2", 24, 128, true),
        ("2001:db8::1", "fe80::1", 24, 0, false),
        ("192.0.2.1", "2001:db8::1", 24, 48, true),
        ("2001:db8::1", "192.0.2.1", 24, 48, true),
        ("192.0.2.1", "2001:db8::1", 0, 0, true),
        ("192.0.2.1", "::ffff:192.0.2.77", 24, 48, false),
        ("", "192.0.2.1", 24, 48, false),
        ("192.0.2.1", "", 24, 48, false),
    ];
    for (before, now, v4, v6, changed) in table {
        assert_eq!(
            network(before, now, v4, v6),
            changed,
            "{before} then {now} (/{v4}, /{v6})"
        );
    }
}

#[test]
fn req_68_what_counts_as_another_browser() {
    let update = CHROME.replace("141", "142");
    let windows = CHROME.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64");
    let edge = format!("{CHROME} Edg/141.0.0.0");
    let table = [
        (CHROME, CHROME, false),
        (CHROME, update.as_str(), false),
        (CHROME, FIREFOX, true),
        (CHROME, windows.as_str(), true),
        (CHROME, edge.as_str(), true),
        (CHROME, "", true),
        ("", CHROME, false),
        ("", "", false),
        ("curl/8.5.0", "curl/8.6.0", false),
        ("curl/8.5.0", "Wget/1.21", true),
        ("MyApp/1 (build 3)", "MyApp/2 (build 4)", false),
        ("MyApp/1", "OtherApp/1", true),
    ];
    for (before, now, changed) in table {
        let (mismatch, reaction) = Binding::default().compare(
            &Client::default().with_user_agent(before),
            &Client::default().with_user_agent(now),
        );
        assert_eq!(mismatch.user_agent, changed, "{before:?} then {now:?}");
        assert_eq!(
            reaction,
            if changed {
                Reaction::StepUp
            } else {
                Reaction::Ignore
            }
        );
    }
}

fn bound(ip: Reaction, user_agent: Reaction, accept_language: Reaction) -> PolicyBuilder {
    Policy::builder().binding(Binding {
        ip,
        user_agent,
        accept_language,
        ..Binding::default()
    })
}

#[test]
fn req_68_each_reaction_does_what_it_says() {
    use Reaction::{End, Ignore, Log, StepUp};
    let elsewhere = Client::at([203, 0, 113, 9].into())
        .with_user_agent(FIREFOX)
        .with_language("de");
    let ip = Mismatch {
        ip: true,
        ..Mismatch::default()
    };
    let ua = Mismatch {
        user_agent: true,
        ..Mismatch::default()
    };
    let language = Mismatch {
        accept_language: true,
        ..Mismatch::default()
    };
    let ip_ua = Mismatch {
        ip: true,
        user_agent: true,
        ..Mismatch::default()
    };
    let all = Mismatch {
        ip: true,
        user_agent: true,
        accept_language: true,
        challenged: false,
    };
    let fine = Verdict::Alive(Alive::default());
    let moved = |moved| {
        Verdict::Alive(Alive {
            moved: Some(moved),
            ..Alive::default()
        })
    };
    let step_up = |step_up| {
        Verdict::Alive(Alive {
            step_up: Some(step_up),
            ..Alive::default()
        })
    };
    let dead = |mismatch| Verdict::Dead(Death::Binding(mismatch));
    for (reactions, expected) in [
        ((Ignore, Ignore, Ignore), fine),
        ((Log, Ignore, Ignore), moved(ip)),
        ((Ignore, Log, Ignore), moved(ua)),
        ((Ignore, Ignore, Log), moved(language)),
        ((StepUp, Ignore, Ignore), step_up(ip)),
        ((Ignore, Ignore, StepUp), step_up(language)),
        ((End, Ignore, Ignore), dead(ip)),
        ((Ignore, End, Ignore), dead(ua)),
        ((Ignore, Ignore, End), dead(language)),
        // The strongest reaction wins; what is ignored is not reported.
        ((Log, StepUp, Ignore), step_up(ip_ua)),
        ((Log, StepUp, End), dead(all)),
    ] {
        let policy = bound(reactions.0, reactions.1, reactions.2).build().unwrap();
        assert_eq!(
            policy.judge(&alice(), &elsewhere, None, START),
            expected,
            "{reactions:?}"
        );
        assert_eq!(
            policy.judge(&alice(), &client(), None, START),
            fine,
            "{reactions:?}, unchanged"
        );
        assert_eq!(
            policy.judge(&anonymous(), &elsewhere, None, START),
            fine,
            "an anonymous session is bound to nothing"
        );
    }
}

#[test]
fn req_68_by_default_no_change_ends_a_session() {
    let elsewhere = Client::at("2001:db8::1".parse().unwrap())
        .with_user_agent(FIREFOX)
        .with_language("fr");
    assert!(matches!(
        Policy::default().judge(&alice(), &elsewhere, None, START),
        Verdict::Alive(Alive { step_up: Some(_), .. })
    ));
    let policy = Policy::builder().binding(Binding::none()).build().unwrap();
    assert_eq!(
        policy.judge(&alice(), &elsewhere, None, START),
        Verdict::Alive(Alive::default())
    );
}

#[test]
fn death_by_time_comes_before_death_by_binding() {
    let policy = bound(Reaction::End, Reaction::End, Reaction::End)
        .build()
        .unwrap();
    let verdict = policy.judge(
        &alice(),
        &Client::at([10, 0, 0, 1].into()),
        None,
        START + hours(9),
    );
    assert_eq!(verdict, Verdict::Dead(Death::Absolute));
}

#[test]
fn req_68_an_update_is_no_other_browser_and_a_much_older_version_is() {
    let chrome = |major: u32| {
        let agent =
            format!("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{major}.0.0.0 Safari/537.36");
        client().with_user_agent(&agent)
    };
    let session = Record {
        client: chrome(140),
        ..alice()
    };
    for (now, same) in [
        (140, true),
        (141, true),
        (199, true),
        (138, true),
        (137, false),
        (99, false),
    ] {
        let verdict = Policy::default().judge(&session, &chrome(now), None, START);
        let asked = matches!(verdict, Verdict::Alive(Alive { step_up: Some(_), .. }));
        assert_eq!(asked, !same, "from 140 to {now}");
    }
}

#[test]
fn a_challenged_session_is_good_for_a_step_up_alone() {
    let policy = bound(Reaction::Log, Reaction::Log, Reaction::Log)
        .build()
        .unwrap();
    let challenged = |record: Record| Record {
        challenged: true,
        ..record
    };
    let elsewhere = Client::at([203, 0, 113, 9].into());
    for client in [client(), elsewhere] {
        let verdict = policy.judge(&challenged(alice()), &client, None, START);
        let Verdict::Alive(Alive {
            step_up: Some(why),
            moved: None,
            ..
        }) = verdict
        else {
            panic!("{verdict:?}");
        };
        assert!(why.challenged);
    }
    let nobody = policy.judge(&challenged(anonymous()), &client(), None, START);
    assert_eq!(
        nobody,
        Verdict::Alive(Alive::default()),
        "nobody could prove who they are"
    );
}

#[test]
fn a_mismatch_is_told_in_plain_words() {
    let all = Mismatch {
        ip: true,
        user_agent: true,
        accept_language: true,
        challenged: false,
    };
    assert_eq!(all.to_string(), "address, browser, language");
    assert_eq!(
        Mismatch {
            user_agent: true,
            ..Mismatch::default()
        }
        .to_string(),
        "browser"
    );
    assert!(all.any() && !Mismatch::default().any());
}
