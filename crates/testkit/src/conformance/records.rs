//! What goes in comes out: every field, large data, long and odd names.

use super::scene::{Scene, alice, home, subject};
use crate::clock::{START, after};
use cloakroom_core::{Bucket, Client, Key, Slot, TokenState};

pub(super) async fn every_field_of_a_record_comes_back(scene: Scene) {
    let mut full = scene.sample.session(&alice(), after(100)).seen(after(250));
    full.record.created_at = START;
    full.record.token_at = after(200);
    full.record.token = TokenState::Confirmed { at: Some(after(201)) };
    full.record.renew_now = true;
    full.record.challenged = true;
    full.record.client.ip = "2001:db8::1".parse().ok();
    full.record.identity.as_mut().unwrap().remember = true;
    let mut bare = scene.sample.anonymous(home(), START);
    bare.record.client = Client::default();
    bare.record.sealed = None;
    bare.record.token = TokenState::Offered;
    for draft in [full, bare] {
        scene.open(&draft).await;
        assert_eq!(
            scene.slot(&draft.key).await,
            Some(Slot::Live(draft.record.clone()))
        );
        assert_eq!(scene.store.find(&draft.id()).await.unwrap(), Some(draft.found()));
    }
}

pub(super) async fn a_record_of_64_kibibytes_comes_back(scene: Scene) {
    let bytes: Vec<u8> = (0..64 * 1024_u32)
        .map(|n| u8::try_from(n * 7 % 251).unwrap())
        .collect();
    let draft = scene.sample.session(&alice(), START).sealed(&bytes);
    scene.open(&draft).await;
    assert_eq!(scene.record(&draft.key).await, draft.record);
    let larger = draft.swap(&[&bytes[..], b"and more"].concat());
    let _ = scene.store.swap(&larger).await.unwrap();
    assert_eq!(scene.record(&draft.key).await, larger.record);
    assert_eq!(scene.store.list(&alice()).await.unwrap()[0].record, larger.record);
}

/// Names that a careless store mixes up, breaks or cuts: case, spaces, patterns, separators, combining and wide letters.
fn awkward_names() -> Vec<String> {
    let names = [
        "alice", "Alice", "alice ", " alice", "alic%", "al_ce", "al*", "{alice}", "a:b", "a\\b", "'; --",
        "\"",
    ];
    let mut names: Vec<_> = names.into_iter().map(str::to_owned).collect();
    names.extend(
        [
            "ali\u{301}ce",
            "al\u{ed}ce",
            "\u{202e}ecila",
            "\u{feff}alice",
            "ａｌｉｃｅ",
            "👩\u{200d}🚀",
        ]
        .map(str::to_owned),
    );
    names.extend([
        "x".repeat(255),
        "x".repeat(254),
        "é".repeat(127) + "e",
        "𝕬".repeat(63) + "abc",
    ]);
    names
}

pub(super) async fn subjects_of_255_bytes_and_odd_letters_stay_apart(scene: Scene) {
    let names = awkward_names();
    let mut sessions = Vec::new();
    for name in &names {
        sessions.push(scene.opened(&subject(name), START).await);
    }
    for (name, session) in names.iter().zip(&sessions) {
        assert_eq!(
            scene.store.list(&subject(name)).await.unwrap(),
            [session.found()],
            "sessions of {name:?}"
        );
    }
    assert_eq!(scene.count().await, names.len() as u64);
    let told = scene.journal().await.into_iter();
    let mut subjects: Vec<_> = told.map(|event| event.subject.unwrap().to_string()).collect();
    let mut names = names;
    subjects.sort();
    names.sort();
    assert_eq!(subjects, names);
}

pub(super) async fn keys_that_differ_in_one_bit_are_two(scene: Scene) {
    let draft = scene.opened(&alice(), START).await;
    for at in [0, 1, 8, 9, 16, 32] {
        let mut bytes = *draft.key.as_bytes();
        bytes[at] ^= 1;
        let other = Key::from_stored(&bytes).unwrap();
        assert_eq!(scene.slot(&other).await, None, "byte {at}");
    }
}

pub(super) async fn every_bucket_can_be_lived_in(scene: Scene) {
    for bucket in 0..=255 {
        scene.open(&scene.sample.anonymous(Bucket(bucket), START)).await;
    }
    let mut buckets: Vec<_> = scene
        .scan(40)
        .await
        .iter()
        .map(|found| found.key.bucket().0)
        .collect();
    buckets.sort_unstable();
    assert_eq!(buckets, (0..=255).collect::<Vec<_>>());
}
