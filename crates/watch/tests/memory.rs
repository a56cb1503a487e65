//! What is remembered: bounded, not to be pushed out, and the same after a restart.

#![allow(clippy::unwrap_used)]

mod support;

use cloakroom_core::{CloseReason, Entry, Event, Kind, Timestamp};
use cloakroom_watch::{Alert, Places, Rule, Rules, Watch};
use proptest::prelude::*;
use support::{CHROME, FIREFOX, NEW_YORK, START, Story, TOKYO, ZURICH, event, id, places, subject};

fn small() -> Rules {
    let mut rules = Rules::default();
    rules.memory.subjects = 1_000;
    rules.memory.names = 1_000;
    rules.memory.networks = 1_000;
    rules.memory.incidents = 1_000;
    rules
}

fn entry(number: u64, event: Event) -> Entry {
    Entry {
        position: format!("{number}-0").parse().unwrap(),
        event,
    }
}

#[test]
fn a_flood_of_made_up_names_and_networks_does_not_push_out_the_victims() {
    let mut rules = small();
    rules.spraying.on = false;
    let mut story = Story::with(rules);
    story.open(0, "alice", 1, ZURICH);
    for turn in 0..30_000_u64 {
        let second = turn / 50;
        story.fail(second, &format!("made-up-{turn}"), &format!("2a01:{turn:x}::1"));
        if turn % 50 == 0 && turn < 950 {
            story
                .fail(second, "alice", ZURICH)
                .fail(second, "nobody", NEW_YORK);
        }
    }
    // Nineteen each so far, and thirty thousand others after them, within ten minutes.
    assert_eq!(story.told.len(), 0, "{:?}", story.rules());
    story.fail(601, "alice", ZURICH).fail(601, "nobody", NEW_YORK);
    let told: Vec<_> = story
        .of(Rule::FailedLogins)
        .iter()
        .map(|alert| alert.subject.clone().unwrap())
        .collect();
    assert_eq!(told, [subject("alice"), subject("nobody")]);
}

#[test]
fn what_is_remembered_stays_within_its_bounds() {
    let mut watch = Watch::new(small(), Places::none()).unwrap();
    for turn in 0..20_000_u64 {
        let who = subject(&format!("user-{turn}"));
        let ip = format!("2a01:{turn:x}::1");
        for (kind, number) in [
            (Kind::Opened, 0),
            (Kind::LoginFailed, 1),
            (Kind::BindingChanged, 2),
            (Kind::Guess, 3),
        ] {
            let mut event = event(kind, turn, &ip, FIREFOX).in_session(id(7));
            if kind != Kind::Guess {
                event = event.about(Some(if number == 1 {
                    subject(&format!("{who}x"))
                } else {
                    who.clone()
                }));
            }
            watch.see(&entry(turn * 4 + number, event));
        }
    }
    let remembered = watch.remembered();
    assert_eq!(
        (remembered.subjects, remembered.names, remembered.networks),
        (1_000, 1_000, 1_000)
    );
    assert!(remembered.incidents <= 1_000);
}

#[test]
fn one_absurd_time_does_not_blind_the_rules_for_what_follows() {
    let mut story = Story::default();
    for at in [0, 1, u64::MAX, 99_999_999_999_999, 4_000_000_000_000] {
        let mut event = event(Kind::LoginFailed, 0, ZURICH, FIREFOX).about(Some(subject("alice")));
        event.cause.at = Timestamp::from_millis(at);
        story.see(event);
    }
    for turn in 0..200_u64 {
        story.fail(turn * 10, &format!("user{turn}"), &format!("2a01:{turn:x}::1"));
    }
    for turn in 0..20 {
        story.fail(turn * 10, "alice", ZURICH);
    }
    assert_eq!(story.rules(), [Rule::PasswordSpraying, Rule::FailedLogins]);
}

/// Any event of a few people from a few places, in whatever order of time.
fn any_event() -> impl Strategy<Value = Event> {
    let ips = proptest::sample::select(vec![ZURICH, NEW_YORK, TOKYO, "10.0.0.1", "nowhere", "2a00:1::7"]);
    let agents = proptest::sample::select(vec![FIREFOX, CHROME, "", "\u{202e}x"]);
    let times =
        prop_oneof![8 => 0_u64..200_000, 1 => Just(0), 1 => any::<u64>().prop_map(|at| at % (1 << 40))];
    let kinds = proptest::sample::select(Kind::ALL.to_vec());
    let reasons = proptest::option::of(proptest::sample::select(CloseReason::ALL.to_vec()));
    (kinds, reasons, times, ips, agents, 0_u8..6, 0_u8..6).prop_map(
        |(kind, reason, second, ip, agent, who, session)| {
            let mut made = event(kind, second, ip, agent);
            made.reason = reason;
            made.session = (session > 0).then(|| id(session));
            made.about((who > 0).then(|| subject(&format!("user{who}"))))
        },
    )
}

fn read(entries: &[Entry]) -> Vec<Alert> {
    let mut watch = Watch::new(Rules::default(), places()).unwrap();
    entries.iter().flat_map(|entry| watch.see(entry)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_replay_gives_the_same_alerts_under_the_same_ids(events in proptest::collection::vec(any_event(), 1..400)) {
        let entries: Vec<_> = (1..).zip(events).map(|(number, event)| entry(number, event)).collect();
        let told = read(&entries);
        prop_assert_eq!(&read(&entries), &told);
        let mut names: Vec<_> = told.iter().map(|alert| alert.incident).collect();
        names.sort_unstable();
        for alert in &told {
            prop_assert!(!alert.evidence.is_empty() && alert.evidence.len() <= 8);
            // Evidence is what was in the journal.
            for seen in &alert.evidence {
                let at = entries.iter().find(|entry| entry.position == seen.event);
                prop_assert!(at.is_some_and(|entry| entry.event.cause.at == seen.at));
            }
        }
    }
}

#[test]
fn a_node_that_begins_later_names_the_incident_the_same() {
    let entries: Vec<_> = (0..60)
        .map(|turn| {
            entry(
                turn,
                event(Kind::LoginFailed, turn * 5, ZURICH, FIREFOX).about(Some(subject("alice"))),
            )
        })
        .collect();
    let (all, late) = (read(&entries), read(&entries[25..]));
    assert_eq!((all.len(), late.len()), (1, 1));
    assert_eq!(all[0].incident, late[0].incident);
    assert!(all[0].at.as_millis() > START);
}
