//! What each fuzz target of the anomaly rules does with its input. The tests of `cloakroom-watch` run them, too.

use cloakroom_core::{
    Actor, Cause, CloseReason, Entry, Event, Kind, Position, SessionId, Subject, Timestamp,
};
use cloakroom_watch::{Places, Rules, Tells, Watch};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Events made of whatever bytes: nothing panics, and what is told is bounded and harmless.
pub fn events(bytes: &[u8]) {
    let Ok(mut watch) = Watch::new(Rules::default(), Places::none()) else {
        return;
    };
    for (number, piece) in bytes.chunks(24).enumerate() {
        let entry = Entry {
            position: Position::start(),
            event: event(number, piece),
        };
        for alert in watch.see(&entry) {
            let text = alert.to_string();
            let tame = text
                .chars()
                .all(|c| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)));
            assert!(tame && text.len() < 8_000, "{text:?}");
            assert!((1..=8).contains(&alert.evidence.len()) && alert.confidence <= 100);
        }
    }
}

/// The first byte says what happened, the next ones when and where, the rest is a name and a browser.
fn event(number: usize, piece: &[u8]) -> Event {
    let byte = |at: usize| piece.get(at).copied().unwrap_or_default();
    let at = match byte(1) % 8 {
        0 => u64::from_le_bytes([0, byte(2), byte(3), byte(4), byte(5), byte(6), byte(7), 0]),
        1 => u64::MAX,
        _ => 1_790_000_000_000 + u64::from(byte(2)) * 1_000 + u64::try_from(number).unwrap_or(0),
    };
    let ip = match byte(3) % 4 {
        0 => None,
        1 => Some(IpAddr::V6(Ipv6Addr::from_bits(
            u128::from(byte(4)) << 120 | u128::from(byte(5)),
        ))),
        _ => Some(IpAddr::V4(Ipv4Addr::new(5, byte(4), byte(5) % 4, byte(6)))),
    };
    let text = String::from_utf8_lossy(piece.get(8..).unwrap_or_default());
    let actors = [Actor::User, Actor::System, Actor::Operator(text.to_string())];
    // What the rules read of it, and anything else.
    let said = [
        "known browser",
        "new browser",
        "disowned: the user says that it was not them",
    ];
    let detail = said.get(usize::from(byte(2) % 6)).copied().unwrap_or(&text);
    let cause = Cause {
        at: Timestamp::from_millis(at),
        actor: actors[usize::from(byte(7) % 3)].clone(),
        ip,
        user_agent: (byte(7) > 40).then(|| text.repeat(1 + usize::from(byte(7) % 9)).into()),
        detail: Some(detail.into()),
    };
    let mut event = Event::of(Kind::ALL[usize::from(byte(0)) % Kind::ALL.len()], cause);
    event.reason = CloseReason::ALL.get(usize::from(byte(5) % 12)).copied();
    event.session = (byte(6) % 4 > 0)
        .then(|| SessionId::from_stored(&[byte(6) % 8; 16]))
        .flatten();
    event.about(text.chars().take(3).collect::<String>().parse::<Subject>().ok())
}

/// A database that is damaged is refused, or its damaged records are unknown.
pub fn database(bytes: &[u8]) {
    for tells in [Tells::Country, Tells::City, Tells::System] {
        let Ok(places) = Places::none().read(tells, bytes.to_vec()) else {
            continue;
        };
        for ip in [
            "5.1.0.7",
            "5.2.9.7",
            "1.1.1.1",
            "2a00:1::7",
            "2001:4860::1",
            "255.255.255.255",
        ] {
            let Ok(ip) = ip.parse() else { continue };
            let place = places.of(ip);
            if let Some(country) = place.country {
                assert!(country.as_str().bytes().all(|byte| byte.is_ascii_uppercase()));
            }
            let km = place.at_least_km(&place);
            assert!(km.is_none_or(|km| km.abs() < 0.001), "{km:?}");
        }
    }
}
