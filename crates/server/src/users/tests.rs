//! The directory as its callers see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use super::*;

const PASSWORD: &str = "correct horse";

struct Fixture {
    folder: tempfile::TempDir,
    users: UserDirectory,
}

fn options() -> Options {
    let next = Arc::new(AtomicU8::new(0));
    let random = move |bytes: &mut [u8]| {
        bytes.fill(next.fetch_add(1, Ordering::Relaxed));
        Ok(())
    };
    let mut options = Options::new(random, || 1_000);
    options.workers = 1;
    options.busy_timeout = Duration::from_millis(50);
    options
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let users = UserDirectory::open(folder.path().join("users.db"), options())
        .await
        .unwrap();
    Fixture { folder, users }
}

impl Fixture {
    /// What another program, or another process of ours, sees and does.
    fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("users.db")).unwrap()
    }

    fn hash(&self, name: &str) -> String {
        self.file()
            .query_row("SELECT hash FROM users WHERE name = ?1", [name], |row| row.get(0))
            .unwrap()
    }

    async fn verify(&self, name: &str, password: &str) -> Result<Verification, UserError> {
        self.users.verify(name, Password::new(password).unwrap()).await
    }

    async fn add(&self, name: &str) -> User {
        self.users
            .add(named(name), NewPassword::new(PASSWORD).unwrap(), Roles::new())
            .await
            .unwrap()
    }
}

fn named(name: &str) -> UserName {
    name.parse().unwrap()
}

fn roles(list: &[&str]) -> Roles {
    list.iter().map(|role| role.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_user_is_added_found_and_let_in() {
    let f = fixture().await;
    let ada = f
        .users
        .add(
            named(" ada "),
            NewPassword::new(PASSWORD).unwrap(),
            roles(&["b", "admin"]),
        )
        .await
        .unwrap();
    assert_eq!(ada.name.as_str(), "ada");
    assert_eq!((ada.created_at, ada.disabled), (1_000, false));
    assert_eq!(f.users.get(named("ada")).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(
        f.verify("ada", PASSWORD).await.unwrap(),
        Verification::Ok(ada.clone())
    );
    assert_eq!(
        f.verify(" ada", PASSWORD).await.unwrap(),
        Verification::Ok(ada.clone())
    );
    f.add("Ada").await;
    let names: Vec<String> = f
        .users
        .list()
        .await
        .unwrap()
        .iter()
        .map(|user| user.name.to_string())
        .collect();
    assert_eq!(names, ["Ada", "ada"]);
    let twice = f
        .users
        .add(named("ada"), NewPassword::new(PASSWORD).unwrap(), Roles::new())
        .await;
    assert!(matches!(twice, Err(UserError::Exists(name)) if name == "ada"));
}

#[tokio::test]
async fn inv9_nothing_but_the_password_lets_in() {
    let f = fixture().await;
    f.add("ada").await;
    for (name, password) in [
        ("ada", "correct hors"),
        ("ada", "correct horse\0"),
        ("ada", ""),
        ("ADA", PASSWORD),
        ("bob", PASSWORD),
        ("", PASSWORD),
        ("a\0da", PASSWORD),
        ("ada' OR 1=1 --", PASSWORD),
        (&"x".repeat(10_000), PASSWORD),
    ] {
        assert_eq!(
            f.verify(name, password).await.unwrap(),
            Verification::Wrong,
            "{name:?} {password:?}"
        );
    }
}

#[tokio::test]
async fn a_changed_password_and_changed_roles_hold_at_once_for_every_process() {
    let f = fixture().await;
    f.add("ada").await;
    let other = UserDirectory::open(f.folder.path().join("users.db"), options())
        .await
        .unwrap();
    other
        .set_password(named("ada"), NewPassword::new("battery staple").unwrap())
        .await
        .unwrap();
    other.set_roles(named("ada"), roles(&["admin"])).await.unwrap();
    assert_eq!(f.verify("ada", PASSWORD).await.unwrap(), Verification::Wrong);
    let Verification::Ok(ada) = f.verify("ada", "battery staple").await.unwrap() else {
        panic!("not let in")
    };
    assert_eq!(ada.roles, roles(&["admin"]));

    other.disable(named("ada")).await.unwrap();
    assert!(matches!(
        f.verify("ada", "battery staple").await.unwrap(),
        Verification::Disabled(_)
    ));
    assert_eq!(f.verify("ada", "wrong").await.unwrap(), Verification::Wrong);
    other.enable(named("ada")).await.unwrap();
    assert!(matches!(
        f.verify("ada", "battery staple").await.unwrap(),
        Verification::Ok(_)
    ));
}

#[tokio::test]
async fn who_is_not_there_cannot_be_changed() {
    let f = fixture().await;
    let bob = || named("bob");
    assert_eq!(f.users.get(bob()).await.unwrap(), None);
    for result in [
        f.users
            .set_password(bob(), NewPassword::new(PASSWORD).unwrap())
            .await,
        f.users.set_roles(bob(), Roles::new()).await,
        f.users.disable(bob()).await,
        f.users.enable(bob()).await,
    ] {
        assert!(matches!(result, Err(UserError::NotFound(name)) if name == "bob"));
    }
}

#[tokio::test]
async fn a_hash_from_elsewhere_works_and_is_replaced_at_the_next_log_in() {
    let f = fixture().await;
    let bcrypt = bcrypt::hash_with_salt(PASSWORD, 4, [5; 16]).unwrap().to_string();
    let weak = "$argon2id$v=19$m=64,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$";
    let weak = {
        use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
        let argon2 = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(64, 1, 1, None).unwrap(),
        );
        let hash = argon2
            .hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16])
            .unwrap()
            .to_string();
        assert!(hash.starts_with(weak), "{hash}");
        hash
    };
    for (name, hash) in [("bea", bcrypt), ("wim", weak)] {
        f.users
            .import(named(name), hash.parse().unwrap(), Roles::new())
            .await
            .unwrap();
        assert_eq!(f.verify(name, "wrong").await.unwrap(), Verification::Wrong);
        assert_eq!(f.hash(name), hash, "only the right password replaces it");
        assert!(matches!(
            f.verify(name, PASSWORD).await.unwrap(),
            Verification::Ok(_)
        ));
        let replaced = f.hash(name);
        assert!(
            replaced.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{replaced}"
        );
        assert!(matches!(
            f.verify(name, PASSWORD).await.unwrap(),
            Verification::Ok(_)
        ));
        assert_eq!(f.hash(name), replaced);
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_replaced_keeps_nobody_out() {
    let f = fixture().await;
    let hash = bcrypt::hash_with_salt(PASSWORD, 4, [5; 16]).unwrap().to_string();
    f.users
        .import(named("bea"), hash.parse().unwrap(), Roles::new())
        .await
        .unwrap();
    let other = f.file();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(
        f.verify("bea", PASSWORD).await.unwrap(),
        Verification::Ok(_)
    ));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(f.hash("bea"), hash);
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_lets_nobody_in() {
    let f = fixture().await;
    f.add("ada").await;
    f.add("eve").await;
    f.file()
        .execute("UPDATE users SET hash = 'hunter2' WHERE name = 'ada'", [])
        .unwrap();
    f.file()
        .execute("UPDATE users SET roles = 'ADMIN' WHERE name = 'eve'", [])
        .unwrap();
    let error = f.verify("ada", "hunter2").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the user directory is damaged (the password hash of \"ada\" cannot be read); restore it from a backup"
    );
    assert!(matches!(
        f.verify("eve", PASSWORD).await,
        Err(UserError::Corrupt(_))
    ));
}

#[tokio::test]
async fn too_many_log_ins_at_once_are_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options();
    options.queue = 2;
    let users = UserDirectory::open(folder.path().join("users.db"), options)
        .await
        .unwrap();
    let verify = |i: usize| {
        let users = users.clone();
        tokio::spawn(async move {
            users
                .verify(&format!("u{i}"), Password::new(PASSWORD).unwrap())
                .await
        })
    };
    let tasks: Vec<_> = (0..20).map(verify).collect();
    let (mut wrong, mut busy) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(Verification::Wrong) => wrong += 1,
            Err(UserError::Busy) => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(wrong >= 3 && busy > 0 && wrong + busy == 20, "{wrong} {busy}");
    assert_eq!(users.list().await.unwrap(), []);
}

#[tokio::test]
async fn inv10_unknown_users_take_as_long_as_known_ones() {
    let f = fixture().await;
    f.add("ada").await;
    // In turns, and the fastest of several: what else the machine does only ever adds to it. The bounds leave room for
    // that; an answer without the hash would be a thousand times faster.
    let names = ["ada", "bob", "", "a\nb"];
    let mut fastest = [Duration::MAX; 4];
    for _ in 0..9 {
        for (name, fastest) in names.iter().zip(&mut fastest) {
            let begun = Instant::now();
            assert_eq!(f.verify(name, "wrong").await.unwrap(), Verification::Wrong);
            *fastest = begun.elapsed().min(*fastest);
        }
    }
    for (name, unknown) in names.iter().zip(fastest) {
        let ratio = unknown.as_secs_f64() / fastest[0].as_secs_f64();
        assert!((0.4..2.5).contains(&ratio), "{name:?}: {ratio}");
    }
}

#[tokio::test]
async fn a_random_source_that_fails_makes_no_user() {
    let folder = tempfile::tempdir().unwrap();
    let failing = Options::new(|_: &mut [u8]| Err(RandomFailed), || 0);
    let opened = UserDirectory::open(folder.path().join("users.db"), failing).await;
    assert!(matches!(opened, Err(UserError::Random(RandomFailed))));
}

#[tokio::test]
async fn inv4_no_hash_and_no_password_is_ever_shown() {
    let f = fixture().await;
    let ada = f.add("ada").await;
    let shown = format!("{:?} {ada:?} {:?}", f.users, f.verify("ada", PASSWORD).await);
    assert!(!shown.contains("argon2") && !shown.contains(PASSWORD), "{shown}");
}
