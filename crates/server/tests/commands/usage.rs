//! Commands, flags, exit statuses.

use crate::common::{Browser, Setup};
use crate::{fails, run, text};
use serde_json::Value;

const COMMANDS: [&[&str]; 18] = [
    &["serve"],
    &["user", "add"],
    &["user", "passwd"],
    &["user", "roles"],
    &["user", "disable"],
    &["user", "enable"],
    &["user", "list"],
    &["session", "list"],
    &["session", "revoke"],
    &["session", "revoke-subject"],
    &["config", "check"],
    &["config", "print"],
    &["doctor"],
    &["audit", "verify"],
    &["audit", "export"],
    &["audit", "forget"],
    &["audit", "key"],
    &["audit", "checkpoint"],
];

#[test]
fn contract_every_command_has_help_with_an_example_and_takes_the_common_flags() {
    let folder = tempfile::tempdir().unwrap();
    for command in COMMANDS {
        let help = run(folder.path(), &[command, &["--help"]].concat());
        assert_eq!(help.status.code(), Some(0), "{help:?}");
        let help = text(&help);
        assert!(help.contains("Example: cloakroom "), "{help}");
        for flag in ["--config", "--store", "--data-dir"] {
            assert!(help.contains(flag), "{command:?} {flag}: {help}");
        }
    }
    for json in [
        &["user", "list"][..],
        &["session", "list"],
        &["config", "print"],
        &["doctor"],
        &["audit", "verify"],
        &["audit", "export"],
        &["audit", "forget"],
        &["audit", "key"],
        &["audit", "checkpoint"],
    ] {
        assert!(
            text(&run(folder.path(), &[json, &["--help"]].concat())).contains("--json"),
            "{json:?}"
        );
    }
    let help = text(&run(folder.path(), &["--help"]));
    assert!(
        help.contains("Exit status: 0 done, 1 failed, 2 wrong usage"),
        "{help}"
    );
    assert!(text(&run(folder.path(), &["--version"])).contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "asking for help leaves nothing behind"
    );
}

#[test]
fn contract_wrong_usage_is_2_and_a_failure_is_1() {
    let folder = tempfile::tempdir().unwrap();
    let add = Setup::bare().command(folder.path(), &["user", "add", "alice", "--password-stdin"]);
    let done = crate::common::run(add, "a good pass phrase\n");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    for (arguments, status, names) in [
        (&[][..], 2, &["Usage"][..]),
        (&["dance"], 2, &["dance"]),
        (&["serve", "--dance"], 2, &["--dance"]),
        (&["user", "add"], 2, &["NAME"]),
        (&["user", "add", " "], 2, &["empty"]),
        (&["user", "add", "a\nb"], 2, &["control"]),
        (
            &["user", "add", "bob", "--role", "Wrong Role"],
            2,
            &["--role", "Wrong Role", "a-z"],
        ),
        (&["user", "passwd", "nobody"], 1, &["nobody", "user list"]),
        (&["user", "disable", "nobody"], 1, &["nobody"]),
        (&["user", "enable", "nobody"], 1, &["nobody"]),
        (&["user", "roles", "nobody", "--role", "x"], 1, &["nobody"]),
        (&["session", "revoke", "nonsense"], 2, &["nonsense"]),
        (
            &["session", "revoke", "AAAAAAAAAAAAAAAAAAAAAA"],
            1,
            &["AAAAAAAAAAAAAAAAAAAAAA"],
        ),
        (&["session", "revoke-subject", ""], 2, &["subject"]),
        (
            &["session", "list", "--store", "mongodb://x"],
            2,
            &["--store", "mongodb", "redis://"],
        ),
        (
            &["session", "list", "--store", "redis://127.0.0.1:1/"],
            1,
            &["session store", "127.0.0.1:1"],
        ),
        (
            &["session", "list", "--config", "none.toml"],
            2,
            &["none.toml", "No such file"],
        ),
        (&["user", "list", "--data-dir", ""], 2, &["--data-dir", "folder"]),
        (
            &["config", "check"],
            2,
            &["public_url", "https://app.example.com", "--dev"],
        ),
        (&["serve"], 2, &["public_url", "https://app.example.com", "--dev"]),
        (
            &["serve", "--dev", "--listen", "everywhere"],
            2,
            &["listen", "everywhere", "127.0.0.1:8080"],
        ),
    ] {
        fails(&run(folder.path(), arguments), status, names);
    }
    let run_with = |arguments: &[&str], input: &str| {
        crate::common::run(Setup::bare().command(folder.path(), arguments), input)
    };
    fails(
        &run_with(
            &["user", "add", "alice", "--password-stdin"],
            "another pass phrase",
        ),
        1,
        &["alice"],
    );
    fails(
        &run_with(&["user", "add", "bob", "--password-stdin"], "short"),
        2,
        &["8 bytes"],
    );
    fails(
        &run_with(&["user", "add", "bob", "--password-stdin"], ""),
        2,
        &["password"],
    );
    fails(
        &run_with(&["user", "passwd", "alice", "--password-stdin"], "short\n"),
        2,
        &["8 bytes"],
    );
    // Nothing of this became a user.
    let list = run(folder.path(), &["user", "list", "--json"]);
    let json: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(json["users"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let done = run(
        folder.path(),
        &[
            "serve",
            "--dev",
            "--listen",
            &address,
            "--admin-listen",
            "127.0.0.1:0",
        ],
    );
    fails(&done, 1, &["listen", &address, "already"]);
}

#[test]
fn contract_user_add_works_before_the_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("a/b");
    let nested = nested.to_str().unwrap();
    let arguments = [
        "user",
        "add",
        "alice",
        "--role",
        "admin",
        "--role",
        "staff",
        "--password-stdin",
        "--data-dir",
        nested,
    ];
    let done = crate::common::run(
        Setup::bare().command(folder.path(), &arguments),
        "pass phrase of alice\nnot this\n",
    );
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Added alice.\n");
    let list = run(folder.path(), &["user", "list", "--data-dir", nested]);
    assert_eq!(list.status.code(), Some(0));
    assert!(
        text(&list).contains("alice  admin,staff  active"),
        "{}",
        text(&list)
    );
    let json: Value =
        serde_json::from_slice(&run(folder.path(), &["user", "list", "--json", "--data-dir", nested]).stdout)
            .unwrap();
    let user = &json["users"][0];
    assert_eq!(
        (&user["name"], &user["disabled"]),
        (&"alice".into(), &false.into())
    );
    assert_eq!(user["roles"], serde_json::json!(["admin", "staff"]));
    assert!(
        user["created_at"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .is_ok()
    );
    // The folder holds password hashes.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(format!("{nested}/users.db"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    // And the server then knows her.
    let server = Setup::default().set("data_dir", nested).start();
    let browser = Browser::new(server.public, crate::common::ORIGIN);
    browser.log_in("alice").is(200);
}

#[test]
fn printing_into_a_closed_pipe_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Setup::bare()
        .command(folder.path(), &["config", "print"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert!(!text(&done).contains("panicked"), "{done:?}");
}
