//! The settings of a verifier, and how it is put together from them.

use std::path::PathBuf;
use std::sync::Arc;

use assembly::audit::AddressArgs;
use assembly::configuration::{ConfigArgs, look_after};
use assembly::directory::{Directory, DirectoryArgs};
use assembly::health;
use assembly::secrets::{PepperArgs, TrustArgs, trusted};
use assembly::store::{Store, StoreArgs, Use};
use clock::SystemClock;
use codes::audit::Addresses;
use codes::peppers::Peppers;
use config::Live;
use edge::certificate::PeerName;
use edge::gate::Gate;
use server::{GrpcServer, Process, ProcessArgs, Servers, StartError, bind};
use settings::Endpoint;
use settings::{AdminListen, GrpcListen, Mistakes};
use tls::{GrpcTls, ServerTls};
use tokens::service::Service;
use tokens::verify::TokenVerifier;

use crate::Verifier;

/// Verifies temporary access codes, counts failures, locks and unlocks
#[derive(clap::Parser)]
#[command(name = "verifier", version = server::VERSION)]
pub struct Args {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    grpc: GrpcListen,
    #[command(flatten)]
    grpc_tls: GrpcTls,
    #[command(flatten)]
    admin: AdminListen,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    addresses: AddressArgs,
    #[command(flatten)]
    peppers: PepperArgs,
    #[command(flatten)]
    clients: TrustArgs,
    /// The folder of the journey runner's public keys, PEM files
    #[arg(long, env = "POSTERN_RUNNER_KEYS", value_name = "DIR")]
    runner_keys: Option<PathBuf>,
    /// The journey runner's public URL, as its tokens name it
    #[arg(long, env = "POSTERN_RUNNER_ISSUER", value_name = "URL")]
    runner_issuer: Option<String>,
    /// The host or URI in the journey runner's certificate, by which it is known without a token; then
    /// its keys need not be given
    #[arg(long, env = "POSTERN_RUNNER_CERTIFICATE_NAME", value_name = "NAME")]
    runner_certificate_name: Option<String>,
}

/// How the journey runner is known: by its tokens, by its certificate, or by either.
struct Runner {
    tokens: Option<TokenVerifier>,
    certificate: Option<PeerName>,
}

/// Checked settings.
pub struct Checked {
    endpoints: [Endpoint; 2],
    tls: ServerTls,
    live: Arc<Live>,
    directory: Directory,
    store: Store,
    addresses: Addresses,
    peppers: Arc<Peppers>,
    clients: TokenVerifier,
    runner: Runner,
}

impl server::Settings for Args {
    type Checked = Checked;

    const VARIABLES: &[&str] = &assembly::variables::ALL;

    fn process(&self) -> &ProcessArgs {
        &self.process
    }

    fn check(self, mistakes: &mut Mistakes) -> Option<Checked> {
        let grpc = self.grpc.check(50052, mistakes);
        let tls = self.grpc_tls.open(mistakes);
        let admin = self.admin.check(9090, mistakes);
        let live = self.config.open(grpc, Some(&self.directory), mistakes);
        let directory = self.directory.check(mistakes);
        let store = self.store.shared(Use::Codes, mistakes);
        let addresses = self.addresses.check(mistakes);
        let peppers = self.peppers.open(mistakes);
        let clients = self.clients.open(mistakes);
        let runner = self.runner(mistakes);
        Some(Checked {
            endpoints: [grpc?, admin?],
            tls: tls?,
            live: live?,
            directory: directory?,
            store: store?,
            addresses: addresses?,
            peppers: peppers?,
            clients: clients?,
            runner: runner?,
        })
    }
}

impl Args {
    /// How the journey runner is known, which must be by something.
    fn runner(&self, mistakes: &mut Mistakes) -> Option<Runner> {
        let setting = "--runner-certificate-name (POSTERN_RUNNER_CERTIFICATE_NAME)";
        let name = self.runner_certificate_name.as_deref();
        let certificate = name.map(|name| mistakes.check(setting, PeerName::parse(name)));
        if certificate.is_some() {
            self.grpc_tls.needs_certificates(setting, mistakes);
        }
        let has_keys = self.runner_keys.is_some() || self.runner_issuer.is_some();
        let tokens = (has_keys || certificate.is_none()).then(|| {
            let settings =
                ["--runner-keys (POSTERN_RUNNER_KEYS)", "--runner-issuer (POSTERN_RUNNER_ISSUER)"];
            let (keys, issuer) = (self.runner_keys.as_deref(), self.runner_issuer.as_deref());
            trusted(settings, keys, issuer, mistakes)
        });
        let certificate = certificate.map_or(Some(None), |name| name.map(Some))?;
        let tokens = tokens.map_or(Some(None), |tokens| tokens.map(Some))?;
        Some(Runner { tokens, certificate })
    }
}

/// Puts the service together.
///
/// # Errors
/// A listener cannot be bound, or the store is unfit.
pub async fn start(settings: Checked, process: Process) -> Result<Servers, StartError> {
    let Checked { endpoints, tls, live, directory, store, .. } = settings;
    let Checked { addresses, peppers, clients, runner, .. } = settings;
    let [grpc, admin] = bind(endpoints).await?;
    let stores = store.open().await?;
    directory.connect(&live)?;
    let notifier = assembly::notifier(&stores, Arc::clone(&peppers));
    let operations = assembly::operations(&stores, peppers, addresses);
    let mut gate = Gate::for_clients(Arc::clone(&live), Arc::new(SystemClock), clients);
    if let Some(tokens) = runner.tokens {
        gate = gate.and_service(Service::JourneyRunner, tokens);
    }
    if let Some(name) = runner.certificate {
        gate = gate.and_certificate(name);
    }
    let service = Verifier::new(gate, operations, notifier);
    let server = GrpcServer::new(grpc.tls(tls)).service(service.grpc());
    let server =
        server.reflection(process.reflection.unwrap_or(false), wire::FILE_DESCRIPTOR_SET)?;
    let servers = Servers::new().grpc(server).admin(admin).task(look_after(live));
    let readiness = servers.readiness();
    Ok(servers.task(health::follow(stores, readiness)))
}
