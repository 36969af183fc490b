//! The settings of a verifier, and how it is put together from them.

use std::path::PathBuf;
use std::sync::Arc;

use assembly::configuration::{ConfigArgs, look_after};
use assembly::secrets::{PepperArgs, TrustArgs, trusted};
use assembly::store::{Store, StoreArgs, Use};
use chassis::settings::{AdminListen, GrpcListen, Mistakes, Process, ProcessArgs};
use chassis::{Endpoint, GrpcServer, Servers, StartError, bind};
use clock::SystemClock;
use codes::peppers::Peppers;
use config::Live;
use edge::gate::Gate;
use tokens::verify::TokenVerifier;

use crate::Verifier;

/// Verifies temporary access codes, counts failures, locks and unlocks
#[derive(clap::Parser)]
#[command(name = "verifier", version)]
pub struct Args {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    grpc: GrpcListen,
    #[command(flatten)]
    admin: AdminListen,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    store: StoreArgs,
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
}

/// Checked settings.
pub struct Checked {
    endpoints: [Endpoint; 2],
    live: Arc<Live>,
    store: Store,
    peppers: Arc<Peppers>,
    clients: TokenVerifier,
    services: TokenVerifier,
}

impl chassis::Settings for Args {
    type Checked = Checked;

    fn process(&self) -> &ProcessArgs {
        &self.process
    }

    fn check(self, mistakes: &mut Mistakes) -> Option<Checked> {
        let grpc = self.grpc.check(50052, mistakes);
        let admin = self.admin.check(9090, mistakes);
        let live = self.config.open(grpc, mistakes);
        let store = self.store.shared(Use::Codes, mistakes);
        let peppers = self.peppers.open(mistakes);
        let clients = self.clients.open(mistakes);
        let services = trusted(
            ["--runner-keys (POSTERN_RUNNER_KEYS)", "--runner-issuer (POSTERN_RUNNER_ISSUER)"],
            self.runner_keys.as_deref(),
            self.runner_issuer.as_deref(),
            mistakes,
        );
        Some(Checked {
            endpoints: [grpc?, admin?],
            live: live?,
            store: store?,
            peppers: peppers?,
            clients: clients?,
            services: services?,
        })
    }
}

/// Puts the service together.
pub async fn start(settings: Checked, process: Process) -> Result<Servers, StartError> {
    let Checked { endpoints, live, store, peppers, clients, services } = settings;
    let [grpc, admin] = bind(endpoints).await?;
    let desk = assembly::desk(&store.open().await?, peppers);
    let gate = Gate::for_clients(Arc::clone(&live), Arc::new(SystemClock), clients);
    let service = Verifier::new(gate.and_services(services), desk);
    let server = GrpcServer::new(grpc).service(service.grpc());
    let server =
        server.reflection(process.reflection.unwrap_or(false), wire::FILE_DESCRIPTOR_SET)?;
    Ok(Servers::new().grpc(server).admin(admin).task(look_after(live)))
}
