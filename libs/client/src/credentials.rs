//! Who calls: a client of an application, and its secret.

use std::path::PathBuf;
use std::{fs, io};

use secrecy::SecretString;

use crate::tls::Tls;

/// A confidential client of an application.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The token endpoint, such as `https://recovery.example/oidc/token`.
    pub token_endpoint: String,
    /// The client's ID, such as `help-desk`.
    pub client_id: String,
    /// The client's secret.
    pub secret: Secret,
    /// The certificates for the token endpoint; with `None`, `https` trusts the operating system's
    /// authorities.
    pub tls: Option<Tls>,
}

/// Where a client secret is.
#[derive(Clone, Debug)]
pub enum Secret {
    /// In a file, which is read again for each access token: a rotated secret needs no restart. A
    /// final line break does not count.
    File(PathBuf),
    /// In memory.
    Text(SecretString),
}

impl Secret {
    /// Reads it.
    pub(crate) fn read(&self) -> io::Result<SecretString> {
        match self {
            Self::File(path) => {
                let text = fs::read_to_string(path).map_err(|error| {
                    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                })?;
                Ok(text.trim_end_matches(['\r', '\n']).into())
            }
            Self::Text(text) => Ok(text.clone()),
        }
    }
}
