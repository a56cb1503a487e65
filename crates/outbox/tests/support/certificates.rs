//! Certificates to test with, made by openssl.

use std::path::Path;
use std::process::Command;

/// A certificate authority (`ca.crt`), a certificate of it for this machine (`server.crt`), and one for another name.
pub(crate) fn make(folder: &Path) {
    let openssl = |arguments: &str| {
        let done = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output();
        let done = done.expect("openssl is missing: apt-get install openssl");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!(
        "req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=Test"
    ));
    for (name, names) in [
        ("server", "IP:127.0.0.1,DNS:localhost"),
        ("other", "DNS:other.example.com"),
    ] {
        openssl(&format!(
            "req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"
        ));
        let extensions = format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n");
        std::fs::write(folder.join("names"), extensions).unwrap();
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {name}.crt"
        ));
    }
}
