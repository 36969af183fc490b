//! The settings of a console, and how it is put together from them.

mod services;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assembly::configuration::{ConfigArgs, look_after};
use assembly::health;
use assembly::secrets::read_password;
use assembly::store::{Store, StoreArgs, Use};
use clock::SystemClock;
use codes::randomness;
use config::Live;
use oidc::RelyingParty;
use oidc::relying_party::Registration;
use secrecy::SecretString;
use server::http::{Proxies, ProxyArgs};
use server::{HttpServer, Process, ProcessArgs, Servers, StartError, bind};
use settings::{AdminListen, Endpoint, HttpListen, Mistakes};
use tls::{HttpTls, ServerTls};

use self::services::{Reached, ServiceArgs};
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

/// Puts the service together.
///
/// # Errors
/// A listener cannot be bound, or the store is unfit.
pub async fn start(settings: Checked, _: Process) -> Result<Servers, StartError> {
    let Checked { endpoints, tls, proxies, store, url, registration, services, configuration } =
        settings;
    let [http, admin] = bind(endpoints).await?;
    let stores = store.open().await?;
    let clients = services.clients().map_err(|error| Mistakes(vec![error.to_string()]))?;
    let console = Console::new(Ports {
        url,
        relying_party: RelyingParty::new(registration),
        services: clients,
        sessions: Arc::clone(&stores.console),
        clock: Arc::new(SystemClock),
        randomness: randomness::system(),
        configuration: configuration.clone(),
    });
    let pages = HttpServer::new(http.tls(tls), console.http());
    let pages = Console::serve_pages(pages).behind(proxies.clone());
    let servers = Servers::new().behind(proxies).http(pages).admin(admin);
    let readiness = servers.readiness();
    let servers = servers.task(health::follow(stores, readiness)).task(services.look_after());
    Ok(match configuration {
        Some(configuration) => servers.task(look_after(configuration)),
        None => servers,
    })
}
