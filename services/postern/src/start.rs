//! Puts all services together in one process. They talk over gRPC as they would apart; only the store and
//! the keys are shared by hand.

use std::net::SocketAddr;
use std::sync::Arc;

use assembly::configuration::look_after;
use assembly::health;
use clock::SystemClock;
use code_issuer::CodeIssuer;
use code_issuer::dispatch::dispatch;
use code_issuer::links::PageLinks;
use code_issuer::redemption::RemoteRunner;
use codes::randomness;
use edge::gate::Gate;
use edge::metadata::{self, Issuer};
use grpc_client::{Client, Remote};
use journey_runner::{Identity, JourneyRunner, Ports, RemoteDesk, RemoteVerifier};
use server::{GrpcServer, HttpServer, Process, Servers, StartError, bind};
use tokens::mint::Minter;
use tokens::service::Service;
use tokens::verify::TokenVerifier;
use verifier::Verifier;
use zeroize::Zeroizing;

use crate::settings::{Checked, Endpoints};
use crate::welcome::{Addresses, reachable, welcome};

/// What the description of all services together says of itself.
const OPENAPI: &str = concat!(
    r#"{
  "openapi": "3.1.0",
  "info": {
    "title": "Postern",
    "version": ""#,
    env!("CARGO_PKG_VERSION"),
    r#"",
    "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    "description": "Account recovery with temporary access codes: all services in one process."
  }
}"#
);

/// Binds, builds and says hello.
pub(crate) async fn start(settings: Checked, process: Process) -> Result<Servers, StartError> {
    let Checked { endpoints, live, is_demo, store, peppers, keys, issuer, .. } = settings;
    let Checked { directory, tls, audit_addresses, proxies, limits, people, .. } = settings;
    let Endpoints { http, issuer: issuer_grpc, verifier, runner, console, admin } = endpoints;
    let [http, issuer_grpc, verifier, runner, admin] =
        bind([http, issuer_grpc, verifier, runner, admin]).await?;
    let console = match people {
        Some(people) => Some((people, bind([console]).await?)),
        None => None,
    };
    let addresses = Addresses {
        http: http.address(),
        issuer: issuer_grpc.address(),
        verifier: verifier.address(),
        runner: runner.address(),
        admin: admin.address(),
        console: console.as_ref().map(|(_, [listener])| listener.address()),
        scheme: if tls.is_spoken() { "https" } else { "http" },
    };
    let issuer = issuer.unwrap_or_else(|| format!("{}://{}", addresses.scheme, http.address()));
    let minter = Minter::new(keys, issuer).map_err(anyhow::Error::from)?;
    let stores = store.open().await?;
    directory.connect(&live)?;
    let notifier = assembly::notifier(&stores, Arc::clone(&peppers));
    let operations = assembly::operations(&stores, peppers, audit_addresses);

    let tokens = TokenVerifier::new(Arc::clone(minter.ring()), [minter.issuer()]);
    let gate = Gate::for_clients(Arc::clone(&live), Arc::new(SystemClock), tokens.clone());
    let desks = Arc::clone(&stores.desks);
    let code_issuer = CodeIssuer::new(
        gate.clone().and_links(),
        operations.clone(),
        desks,
        notifier.clone(),
        minter.clone(),
        Some(RemoteRunner::new(way_to(addresses.runner)?, minter.clone())),
    );
    let code_verifier = Verifier::new(
        gate.clone().and_service(Service::JourneyRunner, tokens.clone()),
        operations,
        notifier.clone(),
    );
    let ports = Ports {
        live: Arc::clone(&live),
        store: Arc::clone(&stores.journeys),
        authorizations: Arc::clone(&stores.authorizations),
        claims: Arc::clone(&stores.journey_claims),
        grants: Arc::clone(&stores.grants),
        verifier: Arc::new(verifier_at(addresses.verifier, minter.clone())?),
        desk: Some(RemoteDesk::new(way_to(addresses.issuer)?, tokens.clone())),
        clock: Arc::new(SystemClock),
        randomness: randomness::system(),
        sealing_key: Zeroizing::new(randomness::bytes(&randomness::system())),
        limits,
    };
    let gate = gate.and_service(Service::CodeIssuer, tokens);
    let journey_runner = JourneyRunner::new(ports, gate, minter.clone());
    let links = PageLinks::to(minter.issuer().to_owned(), minter.clone());

    let router = code_issuer
        .http()
        .merge(journey_runner.http())
        .merge(metadata::well_known(Issuer {
            minter: &minter,
            other: None,
            live: Arc::clone(&live),
            has_tokens: true,
            has_introspection: true,
        }))
        .merge(metadata::openapi(
            &[OPENAPI, code_issuer::OPENAPI, journey_runner::OPENAPI],
            journey_runner.starts(),
        ));
    let pages = HttpServer::new(http.tls(tls), router);
    let pages = journey_runner.serve_browsers(pages).behind(proxies.clone());
    let may_ask = process.reflection.unwrap_or(true);
    let reflecting = |server: GrpcServer| server.reflection(may_ask, wire::FILE_DESCRIPTOR_SET);
    welcome(&addresses, &live.current(), is_demo);
    let issuer = GrpcServer::new(issuer_grpc).service(code_issuer.grpc());
    let issuer = issuer.service(code_issuer.desk_grpc());
    let runner = GrpcServer::new(runner).service(journey_runner.grpc());
    let runner = runner.service(journey_runner.authorization_grpc());
    let mut servers = Servers::new();
    if let Some((people, [listener])) = console {
        servers = servers.http(crate::desk::pages(people, listener, &addresses, &stores, &live)?);
    }
    let servers = servers
        .behind(proxies)
        .grpc(reflecting(issuer)?)
        // The journey runner calls it until its own last answer.
        .inner_grpc(reflecting(GrpcServer::new(verifier).service(code_verifier.grpc()))?)
        .grpc(reflecting(runner)?)
        .http(pages)
        .admin(admin)
        .task(dispatch(Arc::clone(&live), notifier, Some(links)))
        .task(look_after(live))
        .task(code_issuer.watch_desks());
    let readiness = servers.readiness();
    Ok(servers.task(health::follow(stores, readiness)))
}

/// The verifier, as the journey runner calls it.
fn verifier_at(listener: SocketAddr, minter: Minter) -> anyhow::Result<RemoteVerifier> {
    let way = way_to(listener)?;
    Ok(RemoteVerifier::new(way, Identity::Token, minter, Arc::new(SystemClock)))
}

/// The way to another service of this process.
fn way_to(listener: SocketAddr) -> anyhow::Result<Client> {
    let remote = Remote::parse(&format!("http://{}", reachable(listener)), None)?;
    Client::connect(remote, wire::FILE_DESCRIPTOR_SET)
}
