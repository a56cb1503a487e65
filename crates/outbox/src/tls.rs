//! Whom to believe: the system's certificate authorities, and those of a file.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// Certificate authorities that are believed.
#[derive(Clone)]
pub struct Trust {
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) extra: Vec<CertificateDer<'static>>,
}

/// Authorities that can not be read.
#[derive(Debug, thiserror::Error)]
pub enum BadAuthorities {
    /// The file is not there, or holds no certificate.
    #[error("{path} can not be read as certificates in PEM: {why}")]
    File {
        /// Which.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The TLS library does not like them.
    #[error("TLS can not be set up")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// The system's authorities, and those of a PEM file, such as a company's own.
    pub fn new(file: Option<&Path>) -> Result<Self, BadAuthorities> {
        let extra = file.map(certificates).transpose()?.unwrap_or_default();
        let mut roots = RootCertStore::empty();
        // What of the system's can not be read is as if it were not there: fewer are believed, never more.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for certificate in &extra {
            roots.add(certificate.clone())?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            client: Arc::new(client),
            extra,
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, BadAuthorities> {
    let bad = |why: String| BadAuthorities::File {
        path: path.display().to_string(),
        why,
    };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = read.map_err(|error| bad(error.to_string()))?;
    if all.is_empty() {
        return Err(bad("there is none in it".to_owned()));
    }
    Ok(all)
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("extra", &self.extra.len())
            .finish_non_exhaustive()
    }
}
