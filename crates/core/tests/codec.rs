//! Records as bytes: requirement 160. The files in `golden` are what each version wrote, and must be readable for ever.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{
    Bucket, Client, Epoch, Head, Identity, Key, Moved, RECORD_VERSION, Record, Revision, SessionId, Slot,
    Subject, Timestamp, Token, TokenState, Undecodable, Word,
};
use cloakroom_testkit::{START, SeededRandom};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::path::PathBuf;
use support::{CHROME, subject, words};

fn id(byte: u8) -> SessionId {
    SessionId::from_stored(&[byte; 16]).unwrap()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn anonymous() -> Record {
    Record {
        id: id(0x11),
        revision: Revision(0),
        identity: None,
        created_at: at(1_790_000_000_000),
        seen_at: at(1_790_000_060_000),
        expires_at: at(1_790_028_800_000),
        token_at: at(1_790_000_000_000),
        token: TokenState::Confirmed { at: None },
        renew_now: false,
        challenged: false,
        client: Client::default(),
        sealed: None,
    }
}

fn full() -> Record {
    let identity = Identity {
        subject: subject("zoë@example.org"),
        roles: words(["admin", "editor"]),
        epoch: Epoch(1_789_999_999_999),
        authenticated_at: at(1_790_003_600_000),
        methods: words(["otp", "password"]),
        remember: true,
    };
    Record {
        id: id(0x22),
        revision: Revision(0x0102_0304),
        identity: Some(identity),
        expires_at: at(1_792_592_000_000),
        token_at: at(1_790_007_200_000),
        token: TokenState::Confirmed {
            at: Some(at(1_790_007_200_500)),
        },
        renew_now: true,
        challenged: false,
        client: Client::at("2001:db8::17".parse().unwrap())
            .with_user_agent(CHROME)
            .with_language("en-GB,en;q=0.9"),
        sealed: Some((0..=255).collect()),
        ..anonymous()
    }
}

fn offered() -> Record {
    let client = Client::at([192, 0, 2, 7].into()).with_user_agent("curl/8.5.0");
    Record {
        id: id(0x33),
        token: TokenState::Offered,
        client,
        ..full()
    }
}

fn moved() -> Moved {
    let mut to = [0xab; Key::LEN];
    to[0] = 7;
    Moved {
        id: id(0x44),
        to: Key::from_stored(&to).unwrap(),
        successor: (0..61).collect(),
        confirmed_at: Some(at(1_790_000_000_001)),
        expires_at: at(1_790_028_800_000),
    }
}

fn moved_first() -> Moved {
    Moved {
        confirmed_at: None,
        ..moved()
    }
}

/// Every golden file of this version, and what it says.
fn goldens() -> [(&'static str, Slot); 5] {
    [
        ("v1-anonymous.bin", Slot::Live(anonymous())),
        ("v1-full.bin", Slot::Live(full())),
        ("v1-offered.bin", Slot::Live(offered())),
        ("v1-moved.bin", Slot::Moved(moved())),
        ("v1-moved-first.bin", Slot::Moved(moved_first())),
    ]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn decode(bytes: &[u8]) -> Result<Slot, Undecodable> {
    Slot::decode(bytes, anonymous().seen_at)
}

#[test]
#[ignore = "writes the golden files; only a new version of the format has a reason to"]
fn write_golden_files() {
    for (name, slot) in goldens() {
        assert!(!path(name).exists(), "{name} is there and must never change");
        std::fs::write(path(name), slot.encode()).unwrap();
    }
}

#[test]
fn req_160_golden_files_decode_to_known_values() {
    for (name, slot) in goldens() {
        assert_eq!(decode(&golden(name)), Ok(slot), "{name}");
    }
}

#[test]
fn req_160_what_this_version_writes_is_byte_for_byte_what_it_always_wrote() {
    for (name, slot) in goldens() {
        assert_eq!(
            slot.encode(),
            golden(name),
            "{name}: a change of the bytes is a new version"
        );
    }
}

#[test]
fn req_160_an_unknown_version_is_refused_by_its_number() {
    for (name, _) in goldens() {
        for version in (0..=255).filter(|version| *version != RECORD_VERSION) {
            let mut bytes = golden(name);
            bytes[0] = version;
            assert_eq!(decode(&bytes), Err(Undecodable::Version(version)));
            assert_eq!(Head::read(&bytes), Err(Undecodable::Version(version)));
            assert_eq!(
                decode(&[version]),
                Err(Undecodable::Version(version)),
                "whatever follows"
            );
        }
    }
    assert!(matches!(decode(&[]), Err(Undecodable::Damaged(_))));
    assert!(
        Undecodable::Version(9)
            .to_string()
            .contains("version 9, known is 1")
    );
}

#[test]
fn req_160_no_truncation_is_read_as_something() {
    for (name, _) in goldens() {
        let bytes = golden(name);
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{name} cut to {length}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(
            decode(&longer),
            Err(Undecodable::Damaged("bytes left over")),
            "{name}"
        );
    }
}

#[test]
fn req_160_no_flipped_byte_panics_and_what_can_be_read_can_be_written() {
    for (name, _) in goldens() {
        let good = golden(name);
        for place in 0..good.len() {
            let flipped = (0..8)
                .map(|bit| good[place] ^ (1 << bit))
                .chain([0, 255, !good[place]]);
            for value in flipped {
                let mut bytes = good.clone();
                bytes[place] = value;
                let _ = Head::read(&bytes);
                if let Ok(slot) = decode(&bytes) {
                    assert_eq!(
                        decode(&slot.encode()),
                        Ok(slot),
                        "{name}, byte {place} is {value}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_head_says_what_the_record_says() {
    let record = full();
    let bytes = record.encode();
    let head = Head::read(&bytes).unwrap();
    assert!(head.live);
    assert_eq!(
        (head.id, head.revision, head.expires_at),
        (record.id, record.revision, record.expires_at)
    );
    assert_eq!(head.subject, "zoë@example.org");
    let bytes = moved().encode();
    let head = Head::read(&bytes).unwrap();
    assert!(!head.live);
    assert_eq!(
        (head.id, head.subject, head.expires_at),
        (moved().id, "", moved().expires_at)
    );
}

#[test]
fn the_head_stands_where_stores_look_for_it() {
    let bytes = full().encode();
    assert_eq!(bytes[0], RECORD_VERSION);
    assert_eq!(bytes[1], 1);
    assert_eq!(bytes[2..18], [0x22; 16]);
    assert_eq!(bytes[18..22], [1, 2, 3, 4]);
    assert_eq!(bytes[22..28], full().expires_at.as_millis().to_be_bytes()[2..]);
    assert_eq!(usize::from(bytes[28]), "zoë@example.org".len());
    assert_eq!(&bytes[29..45], "zoë@example.org".as_bytes());
    assert_eq!(moved().encode()[1], 2);
}

#[test]
fn being_seen_is_kept_outside() {
    let later = Record {
        seen_at: full().seen_at + std::time::Duration::from_secs(9),
        ..full()
    };
    assert_eq!(later.encode(), full().encode());
    assert_eq!(
        Slot::decode(&later.encode(), later.seen_at),
        Ok(Slot::Live(later))
    );
}

/// Five values for a user of Chrome: what one session costs before the store adds its own.
#[test]
fn a_typical_record_is_small() {
    let sealed_values = 12 + 5 * 24 + 16;
    let typical = Record {
        identity: Some(Identity {
            subject: subject("user-123456"),
            roles: words(["member"]),
            epoch: Epoch(0),
            authenticated_at: START,
            methods: words(["password"]),
            remember: false,
        }),
        sealed: Some(vec![7; sealed_values].into()),
        client: Client::at([192, 0, 2, 7].into())
            .with_user_agent(CHROME)
            .with_language("en-GB,en;q=0.9"),
        ..anonymous()
    };
    let table = [
        ("anonymous, empty", anonymous().encode().len(), 50),
        (
            "without data",
            Record {
                sealed: None,
                ..typical.clone()
            }
            .encode()
            .len(),
            125,
        ),
        ("typical", typical.encode().len(), 125 + sealed_values),
        ("moved", moved().encode().len(), 140),
    ];
    for (name, size, most) in table {
        assert!(size <= most, "{name}: {size} bytes, at most {most}");
    }
}

#[test]
fn what_a_hand_made_client_holds_never_makes_a_record_unreadable() {
    for length in [512, 513, 1536, 1537, 5000, 70_000, 200_000] {
        let client = Client {
            user_agent: Some("ä".repeat(length / 2).into()),
            accept_language: Some("x".repeat(length).into()),
            ip: None,
        };
        let record = Record {
            client,
            ..anonymous()
        };
        let Ok(Slot::Live(read)) = decode(&record.encode()) else {
            panic!("unreadable at {length}")
        };
        let (given, kept) = (record.client.user_agent.unwrap(), read.client.user_agent.unwrap());
        assert!(given.starts_with(&*kept) && kept.len() >= 512.min(given.len()));
    }
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    prop_oneof![Just(0), Just(Timestamp::MAX.as_millis()), 0..1_u64 << 48].prop_map(Timestamp::from_millis)
}

fn name(most: usize) -> impl Strategy<Value = String> {
    any::<String>().prop_filter_map("a name", move |text| {
        let text: String = text
            .chars()
            .filter(|c| !c.is_control() && *c != ',' && *c != ' ')
            .collect();
        let cut = text.floor_char_boundary(most);
        (cut > 0).then(|| text[..cut].to_owned())
    })
}

fn word() -> impl Strategy<Value = Word> {
    name(64).prop_map(|text| text.parse().unwrap())
}

fn any_subject() -> impl Strategy<Value = Subject> {
    prop_oneof![name(255), Just("x".repeat(255)), Just("ä".repeat(127))]
        .prop_map(|text| text.parse().unwrap())
}

fn identity() -> impl Strategy<Value = Identity> {
    (
        any_subject(),
        vec(word(), 0..5),
        any::<u64>(),
        timestamp(),
        vec(word(), 0..5),
        any::<bool>(),
    )
        .prop_map(
            |(subject, roles, epoch, authenticated_at, methods, remember)| Identity {
                subject,
                roles,
                epoch: Epoch(epoch),
                authenticated_at,
                methods,
                remember,
            },
        )
}

fn any_client() -> impl Strategy<Value = Client> {
    let agent = prop_oneof![
        any::<String>(),
        Just(CHROME.to_owned()),
        Just("\u{1}".repeat(600))
    ];
    (option::of(any::<std::net::IpAddr>()), agent, any::<String>()).prop_map(|(ip, agent, language)| {
        let client = ip.map_or_else(Client::default, Client::at);
        client.with_user_agent(&agent).with_language(&language)
    })
}

fn token_state() -> impl Strategy<Value = TokenState> {
    prop_oneof![
        Just(TokenState::Offered),
        option::of(timestamp()).prop_map(|at| TokenState::Confirmed { at })
    ]
}

prop_compose! {
    fn any_record()(
        id in any::<[u8; 16]>(),
        revision in any::<u32>(),
        identity in option::of(identity()),
        times in [timestamp(), timestamp(), timestamp(), timestamp()],
        token in token_state(),
        renew_now in any::<bool>(),
        challenged in any::<bool>(),
        client in any_client(),
        sealed in option::of(vec(any::<u8>(), 0..300)),
    ) -> Record {
        let [created_at, seen_at, expires_at, token_at] = times;
        Record {
            id: SessionId::from_stored(&id).unwrap(),
            revision: Revision(revision),
            identity,
            created_at,
            seen_at,
            expires_at,
            token_at,
            token,
            renew_now,
            challenged,
            client,
            sealed: sealed.map(Into::into),
        }
    }
}

proptest! {
    #[test]
    fn any_record_comes_back_as_it_went(record in any_record()) {
        let bytes = record.encode();
        let subject = record.subject().map_or("", Subject::as_str).to_owned();
        let head = Head::read(&bytes).unwrap();
        prop_assert_eq!((head.id, head.revision, head.subject), (record.id, record.revision, &*subject));
        prop_assert_eq!(Slot::decode(&bytes, record.seen_at), Ok(Slot::Live(record)));
    }

    #[test]
    fn any_trace_comes_back_as_it_went(
        seed in any::<u64>(),
        successor in vec(any::<u8>(), 0..100),
        confirmed_at in option::of(timestamp()),
        expires_at in timestamp(),
    ) {
        let random = SeededRandom::new(seed);
        let to = Token::mint(Bucket(1), &random).unwrap().key();
        let id = SessionId::mint(&random).unwrap();
        let moved = Moved { id, to, successor: successor.into(), confirmed_at, expires_at };
        prop_assert_eq!(Slot::decode(&moved.encode(), START), Ok(Slot::Moved(moved)));
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let _ = decode(&[&[RECORD_VERSION, 1], bytes.as_slice()].concat());
        let _ = decode(&[&[RECORD_VERSION, 2], bytes.as_slice()].concat());
    }
}
