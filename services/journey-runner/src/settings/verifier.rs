//! Where the verifier is, and by what it knows this service.

use std::path::PathBuf;

use grpc_client::Remote;
use settings::Mistakes;
use tls::ClientTlsFiles;

/// How the verifier is called.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct VerifierArgs {
    /// The verifier's gRPC address, such as `http://verifier:50052`, or `https` where it speaks TLS; all
    /// addresses of that name are called in turn
    #[arg(long, env = "POSTERN_VERIFIER", value_name = "URL")]
    verifier: Option<String>,
    /// The authority of the verifier's certificate, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_VERIFIER_AUTHORITY", value_name = "FILE")]
    verifier_authority: Option<PathBuf>,
    /// This service's certificate for the verifier, PEM
    #[arg(long, env = "POSTERN_VERIFIER_CERTIFICATE", value_name = "FILE")]
    verifier_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, env = "POSTERN_VERIFIER_KEY", value_name = "FILE")]
    verifier_key: Option<PathBuf>,
    /// By what the verifier knows this service: a token that it signs, or its certificate
    #[arg(
        long,
        env = "POSTERN_VERIFIER_IDENTITY",
        value_name = "token|certificate",
        default_value = "token"
    )]
    verifier_identity: String,
}

/// By what the verifier knows this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A token that it signs.
    Token,
    /// Its certificate.
    Certificate,
}

impl VerifierArgs {
    /// Checks the settings.
    pub(super) fn open(&self, mistakes: &mut Mistakes) -> Option<(Remote, Identity)> {
        let files = ClientTlsFiles {
            authority: (
                "--verifier-authority (POSTERN_VERIFIER_AUTHORITY)",
                self.verifier_authority.clone(),
            ),
            certificate: (
                "--verifier-certificate (POSTERN_VERIFIER_CERTIFICATE)",
                self.verifier_certificate.clone(),
            ),
            key: ("--verifier-key (POSTERN_VERIFIER_KEY)", self.verifier_key.clone()),
        };
        let identity = match self.verifier_identity.as_str() {
            "token" => Ok(Identity::Token),
            "certificate" if files.has_identity() => Ok(Identity::Certificate),
            "certificate" => Err("needs --verifier-certificate and --verifier-key"),
            _ => Err("must be token or certificate"),
        };
        let setting = "--verifier-identity (POSTERN_VERIFIER_IDENTITY)";
        let identity = mistakes.check(setting, identity);
        let setting = "--verifier (POSTERN_VERIFIER)";
        let remote = Remote::check(setting, self.verifier.as_deref(), files, mistakes);
        Some((remote?, identity?))
    }
}
