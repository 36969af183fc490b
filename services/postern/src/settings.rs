//! The settings of `postern`: everything has a default that works.

use std::path::PathBuf;
use std::sync::Arc;

use assembly::audit::AddressArgs;
use assembly::configuration::{ConfigArgs, open};
use assembly::directory::{Directory, DirectoryArgs};
use assembly::secrets::{PepperArgs, generated_peppers};
use assembly::store::{JourneyStoreArgs, Store, StoreArgs};
use codes::audit::Addresses;
use codes::peppers::Peppers;
use codes::randomness;
use config::{Live, Source};
use journey_runner::Limits;
use journey_runner::settings::PaceArgs;
use server::ProcessArgs;
use server::http::{Proxies, ProxyArgs};
use settings::Endpoint;
use settings::{AdminListen, HttpListen, Mistakes, endpoint};
use tls::{HttpTls, ServerTls};
use tokens::keys::KeyRing;

use crate::people::People;
use crate::{demo, draw, generate, import, plan, schema, webhook};

/// Lets people back into their accounts with a temporary access code: all services in one process
///
/// Without --config it serves a demo application, with secrets that everybody knows, on the loopback.
/// Without --store, codes, lockouts and journeys are kept in memory and end with the process; without
/// --peppers and --signing-keys, those are drawn anew at each start.
#[derive(clap::Parser)]
#[command(name = "postern", version = server::VERSION, args_conflicts_with_subcommands = true)]
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
    /// Prints the JSON Schema of a file in the configuration folder, for editors, or of notices
    Schema {
        /// The kind of file
        file: schema::File,
    },
    /// Generates a project that runs a journey, or checks one that was generated
    Generate(generate::Args),
    /// Draws a journey: an SVG, a Mermaid flowchart, or a table in Markdown
    Draw(draw::Args),
    /// Compares two folders of configuration: what changes, and whether a control gets weaker
    Plan(plan::Args),
    /// Turns exported journeys of another system into journeys of a configuration folder
    Import {
        #[command(subcommand)]
        from: import::From,
    },
    /// Keys and signatures of notices
    Webhook {
        #[command(subcommand)]
        command: webhook::Webhook,
    },
}

/// How to serve.
#[derive(clap::Parser)]
pub(crate) struct Serve {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    http: HttpListen,
    #[command(flatten)]
    http_tls: HttpTls,
    #[command(flatten)]
    proxies: ProxyArgs,
    #[command(flatten)]
    pace: PaceArgs,
    /// Where the code issuer's gRPC is served
    #[arg(long, env = "POSTERN_ISSUER_GRPC_LISTEN", value_name = "ADDRESS")]
    issuer_grpc_listen: Option<String>,
    /// Where the verifier's gRPC is served
    #[arg(long, env = "POSTERN_VERIFIER_GRPC_LISTEN", value_name = "ADDRESS")]
    verifier_grpc_listen: Option<String>,
    /// Where the journey runner's gRPC is served
    #[arg(long, env = "POSTERN_RUNNER_GRPC_LISTEN", value_name = "ADDRESS")]
    runner_grpc_listen: Option<String>,
    /// Where the demo's console is served
    #[arg(long, env = "POSTERN_CONSOLE_LISTEN", value_name = "ADDRESS")]
    console_listen: Option<String>,
    #[command(flatten)]
    admin: AdminListen,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    journey_store: JourneyStoreArgs,
    #[command(flatten)]
    addresses: AddressArgs,
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
    pub(crate) console: Endpoint,
    pub(crate) admin: Endpoint,
}

impl Endpoints {
    /// All but the operators'.
    const fn of_clients(&self) -> [Endpoint; 5] {
        let Self { http, issuer, verifier, runner, console, admin: _ } = self;
        [*http, *issuer, *verifier, *runner, *console]
    }
}

/// Checked settings.
pub(crate) struct Checked {
    pub(crate) endpoints: Endpoints,
    pub(crate) live: Arc<Live>,
    pub(crate) directory: Directory,
    pub(crate) is_demo: bool,
    /// The demo's identity provider, where its console is served.
    pub(crate) people: Option<People>,
    pub(crate) store: Store,
    pub(crate) audit_addresses: Addresses,
    pub(crate) peppers: Arc<Peppers>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) issuer: Option<String>,
    pub(crate) tls: ServerTls,
    pub(crate) proxies: Proxies,
    pub(crate) limits: Limits,
}

impl server::Settings for Serve {
    type Checked = Checked;

    const VARIABLES: &[&str] = &assembly::variables::ALL;

    fn process(&self) -> &ProcessArgs {
        &self.process
    }

    fn check(self, mistakes: &mut Mistakes) -> Option<Checked> {
        let endpoints = self.endpoints(mistakes);
        let tls = self.http_tls.open(mistakes);
        let folder = self.config.config.clone();
        let is_demo = folder.is_none();
        let (source, people) = if let Some(folder) = folder {
            (Source::Folder(folder), None)
        } else {
            let people = People::draw();
            (demo::source(&people), Some(people))
        };
        let reach = endpoints.iter().flat_map(Endpoints::of_clients);
        let live = open(source, reach, Some(&self.directory), mistakes);
        let directory = self.directory.check(mistakes);
        let store = self.store.or_memory(mistakes);
        let store = store.and_then(|store| self.journey_store.beside(store, mistakes));
        // Anyone can sign in at the demo's provider: it serves only a store that ends with this process.
        let is_alone = matches!(store, Some(Store::Memory));
        let is_plain = tls.as_ref().is_some_and(|tls| !tls.is_spoken());
        let people = people.filter(|_| is_alone && is_plain);
        let audit_addresses = self.addresses.check(mistakes);
        let peppers = self.peppers(is_demo, store.as_ref(), mistakes);
        let keys = self.keys(mistakes);
        let setting = "--issuer (POSTERN_ISSUER)";
        let issuer = self.issuer.as_deref();
        let issuer = issuer.map(|url| assembly::secrets::issuer(setting, Some(url), mistakes));
        let issuer = issuer.map_or(Some(None), |url| url.map(Some));
        let proxies = self.proxies.check(mistakes);
        let limits = self.pace.check(mistakes);
        Some(Checked {
            endpoints: endpoints?,
            live: live?,
            directory: directory?,
            is_demo,
            people,
            store: store?,
            audit_addresses: audit_addresses?,
            peppers: peppers?,
            keys: keys?,
            issuer: issuer?,
            tls: tls?,
            proxies: proxies?,
            limits: limits?,
        })
    }
}

impl Serve {
    fn endpoints(&self, mistakes: &mut Mistakes) -> Option<Endpoints> {
        let mut listen = |flag, env, address: &Option<String>, port| {
            endpoint(flag, env, address.as_deref(), port, mistakes)
        };
        let issuer = listen(
            "--issuer-grpc-listen",
            "POSTERN_ISSUER_GRPC_LISTEN",
            &self.issuer_grpc_listen,
            50051,
        );
        let verifier = listen(
            "--verifier-grpc-listen",
            "POSTERN_VERIFIER_GRPC_LISTEN",
            &self.verifier_grpc_listen,
            50052,
        );
        let runner = listen(
            "--runner-grpc-listen",
            "POSTERN_RUNNER_GRPC_LISTEN",
            &self.runner_grpc_listen,
            50053,
        );
        let console =
            listen("--console-listen", "POSTERN_CONSOLE_LISTEN", &self.console_listen, 8081);
        let http = self.http.check(8080, mistakes);
        let admin = self.admin.check(9090, mistakes);
        Some(Endpoints {
            http: http?,
            issuer: issuer?,
            verifier: verifier?,
            runner: runner?,
            console: console?,
            admin: admin?,
        })
    }

    /// The peppers that are given. Generated ones will do where nobody else, and no later process,
    /// looks for what is kept under them.
    fn peppers(
        &self,
        is_demo: bool,
        store: Option<&Store>,
        mistakes: &mut Mistakes,
    ) -> Option<Arc<Peppers>> {
        if self.peppers.peppers.is_some() {
            return self.peppers.open(mistakes);
        }
        if !is_demo && matches!(store, Some(Store::Redis { .. })) {
            mistakes.note(
                "--peppers (POSTERN_PEPPERS): must be given with --config and a Redis: each process \
                 with peppers of its own would also have codes and lockouts of its own",
            );
            return None;
        }
        Some(generated_peppers(&randomness::system()))
    }

    fn keys(&self, mistakes: &mut Mistakes) -> Option<Arc<KeyRing>> {
        let setting = "--signing-keys (POSTERN_SIGNING_KEYS)";
        match &self.signing_keys {
            Some(folder) => assembly::secrets::keys(setting, Some(folder), KeyRing::load, mistakes),
            None => Some(Arc::new(KeyRing::generate())),
        }
    }
}

#[cfg(test)]
mod tests;
