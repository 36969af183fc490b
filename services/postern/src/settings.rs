//! The settings of `postern`: everything has a default that works.

use std::path::PathBuf;
use std::sync::Arc;

use assembly::configuration::{ConfigArgs, has_demo_secret, open};
use assembly::secrets::{PepperArgs, generated_peppers};
use assembly::store::{Store, StoreArgs};
use chassis::Endpoint;
use chassis::settings::{AdminListen, HttpListen, Mistakes, ProcessArgs, endpoint};
use codes::peppers::Peppers;
use codes::randomness;
use config::{Live, Source};
use tokens::keys::KeyRing;

use crate::demo;

/// Lets people back into their accounts with a temporary access code: all services in one process
#[derive(clap::Parser)]
#[command(name = "postern", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Postern {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// What else `postern` can do.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Checks a folder of configuration: exits 0 if it is valid, 64 with every mistake if not
    Check {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// How to serve.
#[derive(clap::Parser)]
pub(crate) struct Serve {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    http: HttpListen,
    /// Where the code issuer's gRPC is served
    #[arg(long, env = "POSTERN_ISSUER_GRPC_LISTEN", value_name = "ADDRESS")]
    issuer_grpc_listen: Option<String>,
    /// Where the verifier's gRPC is served
    #[arg(long, env = "POSTERN_VERIFIER_GRPC_LISTEN", value_name = "ADDRESS")]
    verifier_grpc_listen: Option<String>,
    /// Where the journey runner's gRPC is served
    #[arg(long, env = "POSTERN_RUNNER_GRPC_LISTEN", value_name = "ADDRESS")]
    runner_grpc_listen: Option<String>,
    #[command(flatten)]
    admin: AdminListen,
    /// Without it the demo application is served
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Without them, codes end with this process
    #[command(flatten)]
    peppers: PepperArgs,
    /// The folder of the signing keys, PEM files; without it, tokens end with this process
    #[arg(long, env = "POSTERN_SIGNING_KEYS", value_name = "DIR")]
    signing_keys: Option<PathBuf>,
    /// The public URL, which tokens name as their issuer; without it, the address of --http-listen
    #[arg(long, env = "POSTERN_ISSUER", value_name = "URL")]
    issuer: Option<String>,
}

/// Where everything is served.
pub(crate) struct Endpoints {
    pub(crate) http: Endpoint,
    pub(crate) issuer: Endpoint,
    pub(crate) verifier: Endpoint,
    pub(crate) runner: Endpoint,
    pub(crate) admin: Endpoint,
}

/// Checked settings.
pub(crate) struct Checked {
    pub(crate) endpoints: Endpoints,
    pub(crate) live: Arc<Live>,
    pub(crate) is_demo: bool,
    pub(crate) store: Store,
    pub(crate) peppers: Arc<Peppers>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) issuer: Option<String>,
}

impl chassis::Settings for Serve {
    type Checked = Checked;

    fn process(&self) -> &ProcessArgs {
        &self.process
    }

    fn check(self, mistakes: &mut Mistakes) -> Option<Checked> {
        let endpoints = self.endpoints(mistakes);
        let folder = self.config.config.clone();
        let is_demo = folder.is_none();
        let live = open(folder.map_or_else(demo::source, Source::Folder), mistakes);
        let store = self.store.or_memory(mistakes);
        let peppers = match &self.peppers.peppers {
            Some(_) => self.peppers.open(mistakes),
            None => Some(generated_peppers(&randomness::system())),
        };
        let keys = self.keys(mistakes);
        let setting = "--issuer (POSTERN_ISSUER)";
        let issuer = self.issuer.as_deref();
        let issuer = issuer.map(|url| assembly::secrets::issuer(setting, Some(url), mistakes));
        let issuer = issuer.map_or(Some(None), |url| url.map(Some));
        let (endpoints, live) = (endpoints?, live?);
        refuse_demo_secrets(&endpoints, &live, mistakes);
        let (store, peppers, keys) = (store?, peppers?, keys?);
        Some(Checked { endpoints, live, is_demo, store, peppers, keys, issuer: issuer? })
    }
}

impl Serve {
    fn endpoints(&self, mistakes: &mut Mistakes) -> Option<Endpoints> {
        let mut grpc = |flag, env, address: &Option<String>, port| {
            endpoint(flag, env, address.as_deref(), port, mistakes)
        };
        let issuer = grpc(
            "--issuer-grpc-listen",
            "POSTERN_ISSUER_GRPC_LISTEN",
            &self.issuer_grpc_listen,
            50051,
        );
        let verifier = grpc(
            "--verifier-grpc-listen",
            "POSTERN_VERIFIER_GRPC_LISTEN",
            &self.verifier_grpc_listen,
            50052,
        );
        let runner = grpc(
            "--runner-grpc-listen",
            "POSTERN_RUNNER_GRPC_LISTEN",
            &self.runner_grpc_listen,
            50053,
        );
        let http = self.http.check(8080, mistakes);
        let admin = self.admin.check(9090, mistakes);
        Some(Endpoints {
            http: http?,
            issuer: issuer?,
            verifier: verifier?,
            runner: runner?,
            admin: admin?,
        })
    }

    fn keys(&self, mistakes: &mut Mistakes) -> Option<Arc<KeyRing>> {
        let setting = "--signing-keys (POSTERN_SIGNING_KEYS)";
        match &self.signing_keys {
            Some(folder) => assembly::secrets::keys(setting, Some(folder), KeyRing::load, mistakes),
            None => Some(Arc::new(KeyRing::generate())),
        }
    }
}

/// Everybody knows the demo's secrets: whoever could reach this process could issue codes.
fn refuse_demo_secrets(endpoints: &Endpoints, live: &Live, mistakes: &mut Mistakes) {
    if !has_demo_secret(&live.current()) {
        return;
    }
    let Endpoints { http, issuer, verifier, runner, admin: _ } = endpoints;
    for endpoint in [http, issuer, verifier, runner] {
        if !endpoint.address.ip().is_loopback() {
            mistakes.note(format_args!(
                "{}: {} is no loopback address, and the demo's secrets are known to everybody: \
                 serve your own configuration with --config",
                endpoint.flag, endpoint.address
            ));
        }
    }
}
