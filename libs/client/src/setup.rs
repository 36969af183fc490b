//! Why a client cannot be set up.

/// Why a client cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A URL without a host, or with a scheme other than `http` and `https`.
    #[error("{0:?} is no URL such as http://host:1234 or https://host:1234")]
    Url(String),
    /// The URL of a gRPC service has a path.
    #[error("{0:?} has a path: give scheme, host and port of the gRPC service alone")]
    Path(String),
    /// Certificates are given, and the URL is not encrypted.
    #[error("{0:?} must begin with https, since certificates are given")]
    NotSecure(String),
    /// A certificate or a key is unusable.
    #[error("{0}")]
    Tls(String),
}
