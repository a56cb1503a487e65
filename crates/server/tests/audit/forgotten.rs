//! A subject who is to be forgotten is, while the server runs, and the trail still verifies.

use crate::common::until;
use crate::{everything, file, journal, sealed};
use serde_json::{Value, json};

#[test]
fn a_subject_is_forgotten_while_the_server_writes_and_the_trail_verifies() {
    let server = everything().start();
    let (alice, bob) = (server.user(&[]), server.user(&[]));
    for name in [&alice, &bob, &alice] {
        server.logged_in(name).post("/auth/logout", &json!({})).is(204);
    }
    until("the file has it", || file(&server).len() == 6);
    let said = server.do_run(&["audit", "forget", &alice, "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&said).unwrap(),
        json!({ "sealed": 4, "lines": 4 })
    );
    let subjects = |events: Vec<Value>| events.iter().map(|it| it["subject"].clone()).collect::<Vec<_>>();
    let bob_only = json!([null, null, bob, bob, null, null]);
    assert_eq!(json!(subjects(sealed(&server))), bob_only);
    assert_eq!(json!(subjects(file(&server))), json!(["", "", bob, bob, "", ""]));
    for folder in ["data/audit", "data"] {
        for entry in std::fs::read_dir(server.data().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_file() && (name.starts_with("trail") || name.starts_with("audit.")) {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(
                    !text.contains(&format!("\"{alice}\"")),
                    "{}: {text}",
                    path.display()
                );
            }
        }
    }
    server.logged_in(&bob);
    until("it goes on", || {
        sealed(&server).len() == 7 && file(&server).len() == 7
    });
    let said = server.do_run(&["audit", "verify"]);
    assert!(
        said.contains("7 entries") && said.contains("4 of them are blotted out"),
        "{said}"
    );
    assert_eq!(journal(&server).len(), 7);
    let server = server.restart();
    server.do_run(&["audit", "verify"]);
}
