//! The settings of a console, and how it is put together from them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assembly::configuration::{ConfigArgs, look_after};
use assembly::health;
use assembly::secrets::read_password;
use assembly::store::{Store, StoreArgs, Use};
use client::{Client, CodeIssuer, Credentials, Desk, Secret, Tls, Verifier};
use clock::SystemClock;
use codes::randomness;
use config::Live;
use oidc::RelyingParty;
use oidc::relying_party::Registration;
use secrecy::{ExposeSecret as _, SecretString};
use server::http::{Proxies, ProxyArgs};
use server::{HttpServer, Process, ProcessArgs, Servers, StartError, bind};
use settings::{AdminListen, Endpoint, HttpListen, Mistakes};
use tls::{HttpTls, ServerTls};

use crate::session::LONGEST;
use crate::sign_in::CALLBACK;
use crate::{Console, Ports, PublicUrl};

/// How long ago agents may have authenticated at the provider: as long as a session lives.
pub const MAX_AGE: Duration = LONGEST;

/// Pages for the agents of a help desk and for their administrators
#[derive(clap::Parser)]
#[command(name = "console", version = server::VERSION)]
pub struct Args {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    http: HttpListen,
    #[command(flatten)]
    http_tls: HttpTls,
    #[command(flatten)]
    proxies: ProxyArgs,
    #[command(flatten)]
    admin: AdminListen,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    services: ServiceArgs,
    /// The URL at which browsers reach the console, without a path
    #[arg(long, env = "POSTERN_CONSOLE_URL", value_name = "URL")]
    console_url: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Where agents sign in.
#[derive(Clone, Debug, clap::Args)]
struct ProviderArgs {
    /// The identity provider's issuer URL, as agents/*.yaml has it
    #[arg(long, env = "POSTERN_PROVIDER", value_name = "URL")]
    provider: Option<String>,
    /// The console's client ID at the provider, which is the audience in agents/*.yaml
    #[arg(long, env = "POSTERN_PROVIDER_CLIENT", value_name = "ID")]
    provider_client: Option<String>,
    /// The file with the console's client secret at the provider
    #[arg(long, env = "POSTERN_PROVIDER_SECRET_FILE", value_name = "FILE")]
    provider_secret_file: Option<PathBuf>,
    /// The scopes that the console asks the provider for
    #[arg(
        long,
        env = "POSTERN_PROVIDER_SCOPE",
        value_name = "SCOPES",
        default_value = "openid profile"
    )]
    provider_scope: String,
}

/// Where the services are, and as what the console calls them.
#[derive(Clone, Debug, clap::Args)]
struct ServiceArgs {
    /// The console's client ID in applications/*.yaml
    #[arg(long, env = "POSTERN_CONSOLE_CLIENT", value_name = "ID")]
    console_client: Option<String>,
    /// The file with that client's secret; it is read again for each agent who signs in
    #[arg(long, env = "POSTERN_CONSOLE_CLIENT_SECRET_FILE", value_name = "FILE")]
    console_client_secret_file: Option<PathBuf>,
    /// The code issuer's token endpoint, such as `http://code-issuer:8080/oidc/token`
    #[arg(long, env = "POSTERN_TOKEN_ENDPOINT", value_name = "URL")]
    token_endpoint: Option<String>,
    /// The code issuer's gRPC address, such as `http://code-issuer:50051`
    #[arg(long, env = "POSTERN_CODE_ISSUER", value_name = "URL")]
    code_issuer: Option<String>,
    /// The verifier's gRPC address, such as `http://verifier:50052`
    #[arg(long, env = "POSTERN_VERIFIER", value_name = "URL")]
    verifier: Option<String>,
    /// The authority of the services' certificates, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_SERVICES_AUTHORITY", value_name = "FILE")]
    services_authority: Option<PathBuf>,
    /// The console's certificate for the services, PEM
    #[arg(long, env = "POSTERN_SERVICES_CERTIFICATE", value_name = "FILE")]
    services_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, env = "POSTERN_SERVICES_KEY", value_name = "FILE")]
    services_key: Option<PathBuf>,
}

/// The services to call.
struct Services {
    client: Client,
    issuer: CodeIssuer,
    desk: Desk,
    verifier: Verifier,
}

/// Where the services are.
struct Reached {
    credentials: Credentials,
    issuer: String,
    verifier: String,
    tls: Option<Tls>,
}

/// Checked settings.
pub struct Checked {
    endpoints: [Endpoint; 2],
    tls: ServerTls,
    proxies: Proxies,
    store: Store,
    url: PublicUrl,
    registration: Registration,
    services: Reached,
    configuration: Option<Arc<Live>>,
}

impl server::Settings for Args {
    type Checked = Checked;

    const VARIABLES: &[&str] = &assembly::variables::ALL;

    fn process(&self) -> &ProcessArgs {
        &self.process
    }

    fn check(self, mistakes: &mut Mistakes) -> Option<Checked> {
        let http = self.http.check(8081, mistakes);
        let tls = self.http_tls.open(mistakes);
        let proxies = self.proxies.check(mistakes);
        let admin = self.admin.check(9090, mistakes);
        let store = self.store.shared(Use::Console, mistakes);
        let url = given(self.console_url.as_deref());
        let url = url.and_then(|url| PublicUrl::parse(url).map_err(|error| error.to_string()));
        let url = mistakes.check("--console-url (POSTERN_CONSOLE_URL)", url);
        let registration = self.provider.check(url.as_ref(), mistakes);
        let services = self.services.check(mistakes);
        let configuration = self.config.published(mistakes);
        Some(Checked {
            endpoints: [http?, admin?],
            tls: tls?,
            proxies: proxies?,
            store: store?,
            url: url?,
            registration: registration?,
            services: services?,
            configuration: configuration?,
        })
    }
}

/// A setting without a default.
fn given<T>(setting: Option<T>) -> Result<T, String> {
    setting.ok_or_else(|| "must be given".to_owned())
}

impl ProviderArgs {
    fn check(&self, url: Option<&PublicUrl>, mistakes: &mut Mistakes) -> Option<Registration> {
        let issuer = mistakes.check("--provider (POSTERN_PROVIDER)", given(self.provider.clone()));
        let setting = "--provider-client (POSTERN_PROVIDER_CLIENT)";
        let client_id = mistakes.check(setting, given(self.provider_client.clone()));
        let setting = "--provider-secret-file (POSTERN_PROVIDER_SECRET_FILE)";
        let secret = given(self.provider_secret_file.as_deref()).and_then(read_password);
        let secret: Option<SecretString> = mistakes.check(setting, secret);
        let has_openid = self.provider_scope.split(' ').any(|scope| scope == "openid");
        let setting = "--provider-scope (POSTERN_PROVIDER_SCOPE)";
        let scope = has_openid.then(|| self.provider_scope.clone()).ok_or("must contain openid");
        let scope = mistakes.check(setting, scope);
        Some(Registration {
            issuer: issuer?,
            client_id: client_id?,
            secret: secret?,
            redirect_uri: url?.at(CALLBACK),
            scope: scope?,
            max_age: MAX_AGE,
        })
    }
}

impl ServiceArgs {
    fn check(self, mistakes: &mut Mistakes) -> Option<Reached> {
        let mut text = |setting, value| mistakes.check(setting, given(value));
        let client = text("--console-client (POSTERN_CONSOLE_CLIENT)", self.console_client.clone());
        let token_endpoint =
            text("--token-endpoint (POSTERN_TOKEN_ENDPOINT)", self.token_endpoint.clone());
        let issuer = text("--code-issuer (POSTERN_CODE_ISSUER)", self.code_issuer.clone());
        let verifier = text("--verifier (POSTERN_VERIFIER)", self.verifier.clone());
        let setting = "--console-client-secret-file (POSTERN_CONSOLE_CLIENT_SECRET_FILE)";
        let secret = given(self.console_client_secret_file.clone())
            .and_then(|file| read_password(&file).map(|_| Secret::File(file)));
        let secret = mistakes.check(setting, secret);
        let tls = mistakes.check("--services-authority (POSTERN_SERVICES_AUTHORITY)", self.tls());
        let (token_endpoint, client_id) = (token_endpoint?, client?);
        let credentials = Credentials { token_endpoint, client_id, secret: secret? };
        Some(Reached { credentials, issuer: issuer?, verifier: verifier?, tls: tls? })
    }

    fn tls(&self) -> Result<Option<Tls>, String> {
        let read = |path: &PathBuf| {
            let content = files::read_secret(path);
            content.map_err(|error| format!("{}: {error}", path.display()))
        };
        let told = |error: client::SetupError| error.to_string();
        let tls = match &self.services_authority {
            Some(path) => Some(Tls::authority(read(path)?.expose_secret()).map_err(told)?),
            None => None,
        };
        match (&self.services_certificate, &self.services_key) {
            (None, None) => Ok(tls),
            (Some(certificate), Some(key)) => {
                let tls = tls.map_or_else(|| Tls::system().map_err(told), Ok)?;
                let (certificate, key) = (read(certificate)?, read(key)?);
                let tls = tls.with_identity(certificate.expose_secret(), key.expose_secret());
                tls.map(Some).map_err(told)
            }
            _ => Err("--services-certificate and --services-key must be given together".to_owned()),
        }
    }
}

impl Reached {
    /// Clients of the services, inside a runtime. They connect at their first calls.
    fn clients(&self) -> Result<Services, client::SetupError> {
        let client = Client::new(self.credentials.clone(), self.tls.clone())?;
        let (issuer, desk) = (client.code_issuer(&self.issuer)?, client.desk(&self.issuer)?);
        let verifier = client.verifier(&self.verifier)?;
        Ok(Services { client, issuer, desk, verifier })
    }
}

/// Puts the service together.
///
/// # Errors
/// A listener cannot be bound, or the store is unfit.
pub async fn start(settings: Checked, _: Process) -> Result<Servers, StartError> {
    let Checked { endpoints, tls, proxies, store, url, registration, services, configuration } =
        settings;
    let [http, admin] = bind(endpoints).await?;
    let stores = store.open().await?;
    let Services { client, issuer, desk, verifier } =
        services.clients().map_err(|error| Mistakes(vec![error.to_string()]))?;
    let console = Console::new(Ports {
        url,
        relying_party: RelyingParty::new(registration),
        client,
        issuer,
        desk,
        verifier,
        sessions: Arc::clone(&stores.console),
        clock: Arc::new(SystemClock),
        randomness: randomness::system(),
        configuration: configuration.clone(),
    });
    let pages = HttpServer::new(http.tls(tls), console.http());
    let pages = Console::serve_pages(pages).behind(proxies.clone());
    let servers = Servers::new().behind(proxies).http(pages).admin(admin);
    let readiness = servers.readiness();
    let servers = servers.task(health::follow(stores, readiness));
    Ok(match configuration {
        Some(configuration) => servers.task(look_after(configuration)),
        None => servers,
    })
}
