//! The settings of a journey runner, and how it is put together from them.

mod issuer;
mod verifier;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use assembly::configuration::{ConfigArgs, look_after};
use assembly::health;
use assembly::secrets::{SigningArgs, TrustArgs, sealing_key};
use assembly::store::{JourneyStoreArgs, Store, StoreArgs, Use};
use clock::SystemClock;
use codes::randomness;
use config::Live;
use edge::certificate::PeerName;
use edge::gate::Gate;
use edge::metadata::{self, Issuer};
use grpc_client::{Client, Remote};
use journeys::runner::Capacity;
use server::http::{Proxies, ProxyArgs};
use server::{GrpcServer, HttpServer, Process, ProcessArgs, Servers, StartError, bind};
use settings::Endpoint;
use settings::{AdminListen, GrpcListen, HttpListen, Mistakes};
use tls::{GrpcTls, HttpTls, ServerTls};
use tokens::mint::Minter;
use tokens::service::Service;
use tokens::verify::TokenVerifier;
use zeroize::Zeroizing;

use self::issuer::CodeIssuerArgs;
pub use self::verifier::Identity;
use self::verifier::VerifierArgs;
use crate::{JourneyRunner, Limits, OPENAPI, Ports, RemoteDesk, RemoteVerifier};

/// How fast anonymous callers may go.
#[derive(Clone, Debug, clap::Args)]
pub struct PaceArgs {
    /// How often one address (of IPv6, one /64) may start or answer a journey within a minute over
    /// HTTP; key exchanges and polls count as well. A /48 of IPv6 may ten times as often
    #[arg(long, env = "POSTERN_STARTS_PER_MINUTE", value_name = "COUNT", default_value = "300")]
    starts_per_minute: String,
    /// How often all addresses together may start or answer journeys of one application within a
    /// minute over HTTP, at each replica
    #[arg(
        long,
        env = "POSTERN_APPLICATION_STARTS_PER_MINUTE",
        value_name = "COUNT",
        default_value = "30000"
    )]
    application_starts_per_minute: String,
    /// How many journeys that one address (of IPv6, one /64) started over HTTP may wait for it at each
    /// replica; a /48 of IPv6 may have ten times as many
    #[arg(
        long,
        env = "POSTERN_WAITING_JOURNEYS_PER_SOURCE",
        value_name = "COUNT",
        default_value = "500"
    )]
    waiting_journeys_per_source: String,
    /// How many journeys may wait for their clients at each replica. Each takes one to five
    /// kilobytes of the journey store
    #[arg(long, env = "POSTERN_WAITING_JOURNEYS", value_name = "COUNT", default_value = "10000")]
    waiting_journeys: String,
}

impl PaceArgs {
    /// Checks the settings.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<Limits> {
        let mut check = |setting: &str, count: &str| {
            let count = count.parse::<NonZeroU32>().map_err(|_| "must be a whole number above 0");
            mistakes.check(setting, count).map(NonZeroU32::get)
        };
        let source =
            check("--starts-per-minute (POSTERN_STARTS_PER_MINUTE)", &self.starts_per_minute);
        let application = check(
            "--application-starts-per-minute (POSTERN_APPLICATION_STARTS_PER_MINUTE)",
            &self.application_starts_per_minute,
        );
        let of_source = check(
            "--waiting-journeys-per-source (POSTERN_WAITING_JOURNEYS_PER_SOURCE)",
            &self.waiting_journeys_per_source,
        );
        let in_all = check("--waiting-journeys (POSTERN_WAITING_JOURNEYS)", &self.waiting_journeys);
        let waiting = Capacity { of_source: of_source?, in_all: in_all? };
        Some(Limits { source: source?, application: application?, waiting })
    }
}

/// Runs recovery journeys for services and browsers
#[derive(clap::Parser)]
#[command(name = "journey-runner", version = server::VERSION)]
pub struct Args {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    grpc: GrpcListen,
    #[command(flatten)]
    grpc_tls: GrpcTls,
    #[command(flatten)]
    http: HttpListen,
    #[command(flatten)]
    http_tls: HttpTls,
    #[command(flatten)]
    proxies: ProxyArgs,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    admin: AdminListen,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    journey_store: JourneyStoreArgs,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    clients: TrustArgs,
    #[command(flatten)]
    verifier: VerifierArgs,
    #[command(flatten)]
    code_issuer: CodeIssuerArgs,
    /// A file of at least 32 random bytes, the same for all replicas, under which waiting journeys are
    /// sealed before they are stored
    #[arg(long, env = "POSTERN_SEALING_KEY", value_name = "FILE")]
    sealing_key: Option<PathBuf>,
}

/// Checked settings.
pub struct Checked {
    endpoints: [Endpoint; 3],
    /// For gRPC, and for HTTP.
    tls: [ServerTls; 2],
    live: Arc<Live>,
    store: Store,
    minter: Minter,
    clients: TokenVerifier,
    verifier: Remote,
    identity: Identity,
    code_issuer: Option<Remote>,
    issuer_name: Option<PeerName>,
    sealing_key: Zeroizing<[u8; 32]>,
    proxies: Proxies,
    limits: Limits,
}

impl server::Settings for Args {
    type Checked = Checked;

    const VARIABLES: &[&str] = &assembly::variables::ALL;

    fn process(&self) -> &ProcessArgs {
        &self.process
    }

    fn check(self, mistakes: &mut Mistakes) -> Option<Checked> {
        let grpc = self.grpc.check(50053, mistakes);
        let grpc_tls = self.grpc_tls.open(mistakes);
        let http = self.http.check(8080, mistakes);
        let http_tls = self.http_tls.open(mistakes);
        let admin = self.admin.check(9090, mistakes);
        let live = self.config.open([grpc, http].into_iter().flatten(), None, mistakes);
        let store = self.store.shared(Use::JourneysAndGrants, mistakes);
        let store = store.and_then(|store| self.journey_store.beside(store, mistakes));
        let minter = self.signing.open(mistakes);
        let clients = self.clients.open(mistakes);
        let verifier = self.verifier.open(mistakes);
        let code_issuer = self.code_issuer.open(mistakes);
        let issuer_name = self.code_issuer.name(&self.grpc_tls, mistakes);
        let sealing_key = sealing_key(self.sealing_key.as_deref(), mistakes);
        let proxies = self.proxies.check(mistakes);
        let limits = self.pace.check(mistakes);
        let (verifier, identity) = verifier?;
        Some(Checked {
            endpoints: [grpc?, http?, admin?],
            tls: [grpc_tls?, http_tls?],
            live: live?,
            store: store?,
            minter: minter?,
            clients: clients?,
            verifier,
            identity,
            code_issuer,
            issuer_name,
            sealing_key: sealing_key?,
            proxies: proxies?,
            limits: limits?,
        })
    }
}

/// Puts the service together.
///
/// # Errors
/// A listener cannot be bound, or the store is unfit.
pub async fn start(settings: Checked, process: Process) -> Result<Servers, StartError> {
    let Checked { endpoints, tls: [grpc_tls, http_tls], proxies, limits, sealing_key, .. } =
        settings;
    let Checked { live, store, minter, clients, verifier, identity, .. } = settings;
    let Checked { code_issuer, issuer_name, .. } = settings;
    let [grpc, http, admin] = bind(endpoints).await?;
    let stores = store.open().await?;
    let verifier = Client::connect(verifier, wire::FILE_DESCRIPTOR_SET)?;
    let desk = code_issuer.map(|remote| Client::connect(remote, wire::FILE_DESCRIPTOR_SET));
    let desk = desk.transpose()?.map(|way| RemoteDesk::new(way, clients.clone()));
    let clock = || Arc::new(SystemClock);
    let ports = Ports {
        live: Arc::clone(&live),
        store: Arc::clone(&stores.journeys),
        authorizations: Arc::clone(&stores.authorizations),
        claims: Arc::clone(&stores.journey_claims),
        grants: Arc::clone(&stores.grants),
        verifier: Arc::new(RemoteVerifier::new(verifier, identity, minter.clone(), clock())),
        desk,
        clock: clock(),
        randomness: randomness::system(),
        sealing_key,
        limits,
    };
    let other = clients.ring_of(minter.issuer()).cloned();
    let gate = Gate::for_clients(Arc::clone(&live), Arc::new(SystemClock), clients.clone());
    let gate = gate.and_service(Service::CodeIssuer, clients).known_as(issuer_name);
    let well_known = metadata::well_known(Issuer {
        minter: &minter,
        other,
        live: Arc::clone(&live),
        has_tokens: false,
        has_introspection: true,
    });
    let service = JourneyRunner::new(ports, gate, minter);
    let router = well_known.merge(metadata::openapi(&[OPENAPI], service.starts()));
    let server = GrpcServer::new(grpc.tls(grpc_tls)).service(service.grpc());
    let server = server.service(service.authorization_grpc());
    let server =
        server.reflection(process.reflection.unwrap_or(false), wire::FILE_DESCRIPTOR_SET)?;
    let pages = HttpServer::new(http.tls(http_tls), router.merge(service.http()));
    let pages = service.serve_browsers(pages).behind(proxies.clone());
    let servers = Servers::new().behind(proxies).grpc(server).http(pages).admin(admin);
    let servers = servers.task(look_after(live));
    let readiness = servers.readiness();
    Ok(servers.task(health::follow(stores, readiness)))
}
