//! `serve --dev`.

use crate::common::{Ask, Browser, Setup, until};
use crate::{fails, run};

#[test]
fn contract_dev_prints_what_is_needed_and_it_works() {
    let server = Setup::bare().flag("--dev").start();
    until("everything is printed", || server.out().contains("admin key"));
    let out = server.out();
    let value = |name: &str| {
        let line = out
            .lines()
            .find(|line| line.trim().starts_with(name))
            .unwrap_or_else(|| panic!("{name}: {out}"));
        line.trim()[name.len()..].trim().to_owned()
    };
    let url = value("open");
    assert_eq!(url, format!("http://{}", server.public));
    let browser = Browser::new(server.public, &url);
    // The page shows the demo user, and only here.
    let page = browser.visit("/auth/login").is(200);
    assert!(page.body.contains(&value("password")), "{}", page.body);
    let answer = browser.try_log_in(&value("user"), &value("password")).is(200);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("sid=") && !cookie.contains("Secure"),
        "contract: plain sid only with --dev: {cookie}"
    );
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(browser.is_logged_in());
    let stats = Ask::new(server.admin, "GET", "/admin/v1/stats");
    stats
        .header("Authorization", format!("Bearer {}", value("admin key")))
        .send()
        .is(200);
    assert_eq!(value("console"), format!("http://{}/console", server.admin));
    // Printed for whoever sits there, not logged.
    let log = server.log();
    assert!(
        !log.contains(&value("password")) && !log.contains(&value("admin key")),
        "{log}"
    );
    // A restart makes up other ones.
    let again = server.restart();
    until("everything is printed", || again.out().contains("admin key"));
    assert!(!again.out().contains(&value("password")) && !again.out().contains(&value("admin key")));
    let browser = again.browser();
    browser
        .try_log_in("demo", &value("password"))
        .problem(401, "INVALID_CREDENTIALS");
}

#[test]
fn contract_dev_refuses_every_address_but_loopback() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080", "10.0.0.1:80"] {
        for flag in ["--listen", "--admin-listen"] {
            let done = run(folder.path(), &["serve", "--dev", flag, address]);
            fails(&done, 2, &[flag, address, "loopback", "--dev"]);
        }
    }
    // Nothing that is left behind in the environment turns it on.
    let done = Setup::bare()
        .set("dev", "true")
        .command(folder.path(), &["serve"])
        .output()
        .unwrap();
    fails(&done, 2, &["--dev"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
