//! Encrypted connections. Where encryption is asked for, the server must prove who it
//! is: a connection to whoever answers would hide the password from nobody.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;

/// Whether a connection is encrypted, and whose word for the server counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tls {
    /// It is not.
    Off,
    /// By the authorities that this machine trusts.
    System,
    /// By the authorities of this file alone.
    File(Box<Path>),
}

impl Tls {
    /// What makes connections so.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, StoreError> {
        let roots = match self {
            // Nothing is encrypted, so nobody is asked.
            Self::Off => RootCertStore::empty(),
            Self::System => system()?,
            Self::File(path) => of_file(path)?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Broken(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

fn system() -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(StoreError::Broken(
            "this machine trusts no certificate authority (install ca-certificates, or name a file as sslrootcert=)".to_owned(),
        ));
    }
    Ok(roots)
}

fn of_file(path: &Path) -> Result<RootCertStore, StoreError> {
    let wrong = |what: &str| StoreError::Broken(format!("sslrootcert {}: {what}", path.display()));
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| wrong(&error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate in PEM"));
    }
    Ok(roots)
}
