//! The settings of a code issuer, and how it is put together from them.

mod runner;

use std::sync::Arc;

use assembly::audit::AddressArgs;
use assembly::configuration::{ConfigArgs, look_after};
use assembly::directory::{Directory, DirectoryArgs};
use assembly::health;
use assembly::secrets::{PepperArgs, SigningArgs, issuer};
use assembly::store::{Store, StoreArgs, Use};
use clock::SystemClock;
use codes::audit::Addresses;
use codes::peppers::Peppers;
use config::Live;
use edge::gate::Gate;
use edge::metadata::{self, Issuer};
use grpc_client::{Client, Remote};
use server::http::{Proxies, ProxyArgs};
use server::{GrpcServer, HttpServer, Process, ProcessArgs, Servers, StartError, bind};
use settings::Endpoint;
use settings::{AdminListen, GrpcListen, HttpListen, Mistakes};
use tls::{GrpcTls, HttpTls, ServerTls};
use tokens::keys::KeyRing;
use tokens::mint::Minter;
use tokens::verify::TokenVerifier;

use self::runner::RunnerArgs;
use crate::dispatch::dispatch;
use crate::links::PageLinks;
use crate::redemption::RemoteRunner;
use crate::{CodeIssuer, OPENAPI};

/// Issues temporary access codes, and the tokens that clients call with
#[derive(clap::Parser)]
#[command(name = "code-issuer", version = server::VERSION)]
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
    signing: SigningArgs,
    #[command(flatten)]
    runner: RunnerArgs,
    /// The journey runner's public URL: notices have links to its page, on which users say that a code was
    /// not for them. Without it they have none
    #[arg(long, env = "POSTERN_RECOVERY_PAGE", value_name = "URL")]
    recovery_page: Option<String>,
}

/// Checked settings.
pub struct Checked {
    endpoints: [Endpoint; 3],
    /// For gRPC, and for HTTP.
    tls: [ServerTls; 2],
    live: Arc<Live>,
    directory: Directory,
    store: Store,
    addresses: Addresses,
    peppers: Arc<Peppers>,
    minter: Minter,
    runner: Option<(Remote, Arc<KeyRing>)>,
    recovery_page: Option<String>,
    proxies: Proxies,
}

impl server::Settings for Args {
    type Checked = Checked;

    const VARIABLES: &[&str] = &assembly::variables::ALL;

    fn process(&self) -> &ProcessArgs {
        &self.process
    }

    fn check(self, mistakes: &mut Mistakes) -> Option<Checked> {
        let grpc = self.grpc.check(50051, mistakes);
        let grpc_tls = self.grpc_tls.open(mistakes);
        let http = self.http.check(8080, mistakes);
        let http_tls = self.http_tls.open(mistakes);
        let admin = self.admin.check(9090, mistakes);
        let live =
            self.config.open([grpc, http].into_iter().flatten(), Some(&self.directory), mistakes);
        let directory = self.directory.check(mistakes);
        let store = self.store.shared(Use::CodesAndDesks, mistakes);
        let addresses = self.addresses.check(mistakes);
        let peppers = self.peppers.open(mistakes);
        let minter = self.signing.open(mistakes);
        let runner = self.runner.open(mistakes);
        let page = |url| issuer("--recovery-page (POSTERN_RECOVERY_PAGE)", Some(url), mistakes);
        let recovery_page = self.recovery_page.as_deref().and_then(page);
        let proxies = self.proxies.check(mistakes);
        Some(Checked {
            endpoints: [grpc?, http?, admin?],
            tls: [grpc_tls?, http_tls?],
            live: live?,
            directory: directory?,
            store: store?,
            addresses: addresses?,
            peppers: peppers?,
            minter: minter?,
            runner,
            recovery_page,
            proxies: proxies?,
        })
    }
}

/// Puts the service together.
///
/// # Errors
/// A listener cannot be bound, or the store is unfit.
pub async fn start(settings: Checked, process: Process) -> Result<Servers, StartError> {
    let Checked { endpoints, tls: [grpc_tls, http_tls], live, directory, store, .. } = settings;
    let Checked { peppers, addresses, minter, recovery_page, runner, proxies, .. } = settings;
    let [grpc, http, admin] = bind(endpoints).await?;
    let stores = store.open().await?;
    directory.connect(&live)?;
    let notifier = assembly::notifier(&stores, Arc::clone(&peppers));
    let operations = assembly::operations(&stores, peppers, addresses);
    let tokens = TokenVerifier::new(Arc::clone(minter.ring()), [minter.issuer()]);
    let gate = Gate::for_clients(Arc::clone(&live), Arc::new(SystemClock), tokens).and_links();
    let (runner, other) = match runner {
        Some((remote, keys)) => {
            let way = Client::connect(remote, wire::FILE_DESCRIPTOR_SET)?;
            (Some(RemoteRunner::new(way, minter.clone())), Some(keys))
        }
        None => (None, None),
    };
    let router = metadata::well_known(Issuer {
        minter: &minter,
        other,
        live: Arc::clone(&live),
        has_tokens: true,
        has_introspection: false,
    });
    let router = router.merge(metadata::openapi(&[OPENAPI], serde_json::Value::default));
    let desks = Arc::clone(&stores.desks);
    let links = recovery_page.map(|page| PageLinks::to(page, minter.clone()));
    let service = CodeIssuer::new(gate, operations, desks, notifier.clone(), minter, runner);
    let server = GrpcServer::new(grpc.tls(grpc_tls)).service(service.grpc());
    let server = server.service(service.desk_grpc());
    let server =
        server.reflection(process.reflection.unwrap_or(false), wire::FILE_DESCRIPTOR_SET)?;
    let pages = HttpServer::new(http.tls(http_tls), router.merge(service.http()));
    // Pages without a backend redeem their codes themselves.
    let pages = edge::browsers::serve(pages, Arc::clone(&live));
    let watch = service.clone().watch_desks();
    let servers = Servers::new()
        .behind(proxies.clone())
        .grpc(server)
        .http(pages.behind(proxies))
        .admin(admin)
        .task(dispatch(Arc::clone(&live), notifier, links))
        .task(look_after(live))
        .task(watch);
    let readiness = servers.readiness();
    Ok(servers.task(health::follow(stores, readiness)))
}
