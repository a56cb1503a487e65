//! A disk that is full.

use crate::agrees;
use crate::common::{Setup, until};
use std::path::PathBuf;

/// Wants an empty disk of a few MB, for example `mount -t tmpfs -o size=4m none DIR`, and its path in
/// `CLOAKROOM_TEST_SMALL_DISK`.
#[test]
#[ignore = "wants a small disk"]
fn a_full_disk_says_so_loses_nothing_and_works_again() {
    let disk = PathBuf::from(std::env::var("CLOAKROOM_TEST_SMALL_DISK").unwrap());
    let setup = Setup::default().set("audit.sealed", disk.join("audit").to_str().unwrap());
    let server = setup.start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    agrees(&server);
    let ballast = disk.join("ballast");
    // As much as there is room for.
    let _ = std::fs::write(&ballast, vec![0; 8 << 20]);
    for _ in 0..20 {
        server.logged_in(&name);
        browser.get("/healthz").is(200);
    }
    let up = || server.metric("cloakroom_audit_sealed_up");
    until("the metrics tell", || up() == Some(0.0));
    assert!(server.log().contains("can not be written"), "{}", server.log());
    let doctor = server.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
    assert!(
        String::from_utf8_lossy(&doctor.stdout).contains("audit trail"),
        "{doctor:?}"
    );
    std::fs::remove_file(&ballast).unwrap();
    until("it is written again", || up() == Some(1.0));
    assert!(agrees(&server) >= 20);
    server.do_run(&["audit", "verify"]);
}
