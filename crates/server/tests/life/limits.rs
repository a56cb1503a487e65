//! How many sessions somebody may have.

use crate::common::{Setup, at_once};

#[test]
fn inv7_six_log_ins_evict_the_one_used_least_recently() {
    let server = Setup::default().set("policy.touch_every", "100ms").start();
    let name = server.user(&[]);
    let browsers: Vec<_> = (0..5).map(|_| server.logged_in(&name)).collect();
    std::thread::sleep(std::time::Duration::from_millis(150));
    assert!(browsers[0].is_logged_in(), "the first was just used");
    let sixth = server.logged_in(&name);
    assert!(sixth.is_logged_in() && browsers[0].is_logged_in());
    assert!(!browsers[1].is_logged_in(), "requirement 59: by last activity");
    assert_eq!(server.count(&name), 5);
    assert!(server.kinds(&name).contains(&"closed:evicted".to_owned()));
}

#[test]
fn inv7_fifty_log_ins_at_once_never_leave_more_than_five() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let browsers: Vec<_> = (0..50).map(|_| server.browser()).collect();
    let statuses = at_once(50, |number| browsers[number].log_in(&name).status);
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(server.count(&name), 5);
    let alive = browsers.iter().filter(|browser| browser.is_logged_in()).count();
    assert_eq!(alive, 5);
    let kinds = server.kinds(&name);
    assert_eq!(kinds.iter().filter(|kind| *kind == "opened").count(), 50);
    assert_eq!(kinds.iter().filter(|kind| *kind == "closed:evicted").count(), 45);
}

#[test]
fn none_is_no_limit() {
    let server = Setup::default().set("policy.max_sessions", "0").start();
    let name = server.user(&[]);
    let browsers: Vec<_> = (0..8).map(|_| server.logged_in(&name)).collect();
    assert!(browsers.iter().all(crate::common::Browser::is_logged_in));
}
