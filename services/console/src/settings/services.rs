//! Where the services are, and as what the console calls them.

use std::path::PathBuf;
use std::sync::Arc;

use assembly::secrets::read_password;
use client::{Client, Credentials, Secret, SetupError, Tls};
use settings::Mistakes;
use tls::files::{Contents, File, FromFiles};

use super::given;
use crate::Services;

/// Where the services are, and as what the console calls them.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ServiceArgs {
    /// The console's client ID in applications/*.yaml
    #[arg(long, env = "POSTERN_CONSOLE_CLIENT", value_name = "ID")]
    console_client: Option<String>,
    /// The file with that client's secret; it is read again for each agent who signs in
    #[arg(long, env = "POSTERN_CONSOLE_CLIENT_SECRET_FILE", value_name = "FILE")]
    console_client_secret_file: Option<PathBuf>,
    /// The code issuer's token endpoint, such as `http://code-issuer:8080/oidc/token`
    #[arg(long, env = "POSTERN_TOKEN_ENDPOINT", value_name = "URL")]
    token_endpoint: Option<String>,
    /// The authority of the token endpoint's certificate, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_TOKEN_AUTHORITY", value_name = "FILE")]
    token_authority: Option<PathBuf>,
    /// The code issuer's gRPC address, such as `http://code-issuer:50051`
    #[arg(long, env = "POSTERN_CODE_ISSUER", value_name = "URL")]
    code_issuer: Option<String>,
    /// The verifier's gRPC address, such as `http://verifier:50052`
    #[arg(long, env = "POSTERN_VERIFIER", value_name = "URL")]
    verifier: Option<String>,
    /// The authority of the services' certificates for gRPC, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_SERVICES_AUTHORITY", value_name = "FILE")]
    services_authority: Option<PathBuf>,
    /// The console's certificate for gRPC, PEM
    #[arg(long, env = "POSTERN_SERVICES_CERTIFICATE", value_name = "FILE")]
    services_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, env = "POSTERN_SERVICES_KEY", value_name = "FILE")]
    services_key: Option<PathBuf>,
}

/// Where the services are.
pub(super) struct Reached {
    credentials: Credentials,
    issuer: String,
    verifier: String,
    certificates: Certificates,
    token_certificates: Certificates,
}

/// Certificates, as their files are now; none without files.
#[derive(Default)]
struct Certificates(Option<Arc<FromFiles<Tls>>>);

impl ServiceArgs {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<Reached> {
        let mut text = |setting, value| mistakes.check(setting, given(value));
        let client = text("--console-client (POSTERN_CONSOLE_CLIENT)", self.console_client);
        let endpoint = text("--token-endpoint (POSTERN_TOKEN_ENDPOINT)", self.token_endpoint);
        let issuer = text("--code-issuer (POSTERN_CODE_ISSUER)", self.code_issuer);
        let verifier = text("--verifier (POSTERN_VERIFIER)", self.verifier);
        let setting = "--console-client-secret-file (POSTERN_CONSOLE_CLIENT_SECRET_FILE)";
        let secret = given(self.console_client_secret_file)
            .and_then(|file| read_password(&file).map(|_| Secret::File(file)));
        let secret = mistakes.check(setting, secret);
        let file =
            |setting, path: Option<PathBuf>, is_key| Some(File { setting, path: path?, is_key });
        let setting = "--token-authority (POSTERN_TOKEN_AUTHORITY)";
        let authority = file(setting, self.token_authority, false);
        let token_certificates = Certificates::open(authority, [None, None], mistakes);
        let setting = "--services-authority (POSTERN_SERVICES_AUTHORITY)";
        let authority = file(setting, self.services_authority, false);
        let setting = "--services-certificate (POSTERN_SERVICES_CERTIFICATE)";
        let certificate = file(setting, self.services_certificate, false);
        let key = file("--services-key (POSTERN_SERVICES_KEY)", self.services_key, true);
        let certificates = Certificates::open(authority, [certificate, key], mistakes);
        let (token_endpoint, client_id, secret) = (endpoint?, client?, secret?);
        let (certificates, token_certificates) = (certificates?, token_certificates?);
        let tls = token_certificates.tls();
        Some(Reached {
            credentials: Credentials { token_endpoint, client_id, secret, tls },
            issuer: issuer?,
            verifier: verifier?,
            certificates,
            token_certificates,
        })
    }
}

impl Reached {
    /// Clients of the services, inside a runtime. They connect at their first calls.
    pub(super) fn clients(&self) -> Result<Services, SetupError> {
        let client = Client::new(self.credentials.clone(), self.certificates.tls())?;
        Services::at(client, &self.issuer, &self.verifier)
    }

    /// Uses changed certificates for new connections, for as long as it is polled.
    pub(super) async fn look_after(self) {
        tokio::join!(self.certificates.look_after(), self.token_certificates.look_after());
    }
}

impl Certificates {
    /// Reads an authority, and a certificate with its key. Each may be missing.
    fn open(
        authority: Option<File>,
        identity: [Option<File>; 2],
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let has_authority = authority.is_some();
        let files: Vec<_> = authority.into_iter().chain(identity.into_iter().flatten()).collect();
        let opened = match files.len() - usize::from(has_authority) {
            0 if files.is_empty() => return Some(Self::default()),
            1 => {
                Err(vec![files[files.len() - 1].says("needs a certificate and its key: give both")])
            }
            _ => FromFiles::open(files, move |files, contents| {
                made(has_authority, contents).map_err(|error| vec![files[0].says(error)])
            }),
        };
        mistakes.check_all(opened).map(|files| Self(Some(Arc::new(files))))
    }

    fn tls(&self) -> Option<Tls> {
        self.0.as_ref().map(|files| Tls::clone(&files.current()))
    }

    async fn look_after(self) {
        if let (Some(tls), Some(files)) = (self.tls(), self.0) {
            files.follow("certificates", |changed| tls.renew(changed)).await;
        }
    }
}

/// The certificates of an authority, if there is one, and of a pair, if there is one.
fn made(has_authority: bool, contents: &Contents) -> Result<Tls, SetupError> {
    let (authority, identity) = contents.split_at(usize::from(has_authority));
    let tls = authority.first().map_or_else(Tls::system, Tls::authority)?;
    match identity {
        [certificate, key] => tls.with_identity(&**certificate, &**key),
        _ => Ok(tls),
    }
}
