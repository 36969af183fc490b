//! Where the code issuer is, for users who press the links of notices, and how it is known where it redeems
//! authorization codes.

use std::path::PathBuf;

use edge::certificate::PeerName;
use grpc_client::Remote;
use settings::Mistakes;
use tls::{ClientTlsFiles, GrpcTls};

/// How the code issuer is called.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "they name the flags")]
pub(super) struct CodeIssuerArgs {
    /// The code issuer's gRPC address, such as `http://code-issuer:50051`, or `https` where it speaks TLS.
    /// Without it, the page for users who say that a code was not for them is not served
    #[arg(long, env = "POSTERN_CODE_ISSUER", value_name = "URL")]
    code_issuer: Option<String>,
    /// The authority of the code issuer's certificate, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_CODE_ISSUER_AUTHORITY", value_name = "FILE")]
    code_issuer_authority: Option<PathBuf>,
    /// This service's certificate for the code issuer, PEM
    #[arg(long, env = "POSTERN_CODE_ISSUER_CERTIFICATE", value_name = "FILE")]
    code_issuer_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, env = "POSTERN_CODE_ISSUER_KEY", value_name = "FILE")]
    code_issuer_key: Option<PathBuf>,
    /// The host or URI in the code issuer's certificate: authorization codes are then redeemed only over a
    /// connection with that certificate
    #[arg(long, env = "POSTERN_CODE_ISSUER_CERTIFICATE_NAME", value_name = "NAME")]
    code_issuer_certificate_name: Option<String>,
}

impl CodeIssuerArgs {
    /// The name that the code issuer's certificate must have, if one is required.
    pub(super) fn name(&self, tls: &GrpcTls, mistakes: &mut Mistakes) -> Option<PeerName> {
        let setting = "--code-issuer-certificate-name (POSTERN_CODE_ISSUER_CERTIFICATE_NAME)";
        let name = self.code_issuer_certificate_name.as_deref()?;
        tls.needs_certificates(setting, mistakes);
        mistakes.check(setting, PeerName::parse(name))
    }

    /// Checks the settings. `None` too if there are none: then the code issuer is not called.
    pub(super) fn open(&self, mistakes: &mut Mistakes) -> Option<Remote> {
        let file = |setting, file: &Option<PathBuf>| (setting, file.clone());
        let files = ClientTlsFiles {
            authority: file(
                "--code-issuer-authority (POSTERN_CODE_ISSUER_AUTHORITY)",
                &self.code_issuer_authority,
            ),
            certificate: file(
                "--code-issuer-certificate (POSTERN_CODE_ISSUER_CERTIFICATE)",
                &self.code_issuer_certificate,
            ),
            key: file("--code-issuer-key (POSTERN_CODE_ISSUER_KEY)", &self.code_issuer_key),
        };
        if self.code_issuer.is_none() && !files.is_any_given() {
            return None;
        }
        let setting = "--code-issuer (POSTERN_CODE_ISSUER)";
        Remote::check(setting, self.code_issuer.as_deref(), files, mistakes)
    }
}
