//! The environment of a run: Redis, the services with generated keys, and a telemetry sink. All
//! listen on loopback only.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rcgen::KeyPair;
use serde_json::Value;
use tempfile::TempDir;

use crate::generator::Target;
use crate::process::{Process, command, free};
use crate::redis_server::{PASSWORD, Redis};

const ISSUER: &str = "https://issuer.example";
pub(crate) const RUNNER: &str = "https://runner.example";

/// The trace sampling of a service.
#[derive(Clone, Copy)]
pub(crate) enum Traces {
    /// None: nothing is sent anywhere.
    Off,
    /// This share of the traces, from 0 to 1.
    Sampled(f64),
    /// All traces, sent to that address.
    AllTo(SocketAddr),
}

/// The sampling in production.
pub(crate) const USUAL: Traces = Traces::Sampled(0.01);

/// A running service.
pub(crate) struct Service {
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) process: Process,
    /// The time from the start until readiness.
    pub(crate) ready_after: Duration,
}

/// The parts that the processes of a run share.
pub(crate) struct Stack {
    pub(crate) files: TempDir,
    /// The value of `--store`.
    pub(crate) store: String,
    sink: SocketAddr,
    /// Kept so that the sink runs as long as the services.
    _sink: Process,
}

impl Stack {
    /// Generates keys and secrets, and starts the telemetry sink.
    pub(crate) fn over(store: String) -> anyhow::Result<Self> {
        let files = TempDir::new()?;
        let path = files.path();
        for name in ["peppers", "issuer", "issuer-public", "runner", "runner-public"] {
            fs::create_dir(path.join(name))?;
        }
        for name in ["peppers/locator.key", "peppers/current.pepper", "sealing.key"] {
            fs::write(path.join(name), rand::random::<[u8; 32]>())?;
        }
        for service in ["issuer", "runner"] {
            let key = KeyPair::generate()?;
            fs::write(path.join(service).join("1.pem"), key.serialize_pem())?;
            fs::write(path.join(format!("{service}-public/1.pem")), key.public_key_pem())?;
        }
        fs::write(path.join("store.password"), PASSWORD)?;
        configure(&path.join("config"))?;
        let (sink, process) = start_sink(path, &[])?;
        Ok(Self { files, store, sink, _sink: process })
    }

    /// The stack over one Redis.
    pub(crate) fn on(redis: &Redis) -> anyhow::Result<Self> {
        Self::over(format!("redis://{}", redis.at))
    }

    /// Starts a sink that reads requests without ever replying.
    pub(crate) fn deaf(&self) -> anyhow::Result<(SocketAddr, Process)> {
        start_sink(self.files.path(), &["--deaf"])
    }

    /// Starts a code issuer. Also returns the address of its token endpoint.
    pub(crate) fn issuer(&self, more: &[&str]) -> anyhow::Result<(Service, SocketAddr)> {
        self.issuer_of("config", more)
    }

    /// Starts a code issuer with the configuration in that folder.
    pub(crate) fn issuer_of(
        &self,
        config: &str,
        more: &[&str],
    ) -> anyhow::Result<(Service, SocketAddr)> {
        let [http] = free()?;
        let mut command = self.command("code-issuer", config, USUAL)?;
        command.args(["--http-listen", &http.to_string()]).args(more);
        self.give(&mut command, &[("--peppers", "peppers"), ("--signing-keys", "issuer")]);
        command.args(["--issuer", ISSUER]);
        Ok((self.start("code-issuer", command)?, http))
    }

    /// Starts a code issuer that redeems authorization codes at this journey runner.
    pub(crate) fn issuer_that_redeems(
        &self,
        runner: &Service,
    ) -> anyhow::Result<(Service, SocketAddr)> {
        let keys = self.files.path().join("runner-public");
        let keys = keys.to_str().context("the folder is not UTF-8")?;
        let url = format!("http://{}", runner.grpc);
        self.issuer(&["--journey-runner", &url, "--runner-keys", keys])
    }

    /// Starts a verifier.
    pub(crate) fn verifier(&self, traces: Traces, more: &[&str]) -> anyhow::Result<Service> {
        let mut command = self.command("verifier", "config", traces)?;
        command.args(more);
        self.give(
            &mut command,
            &[
                ("--peppers", "peppers"),
                ("--client-keys", "issuer-public"),
                ("--runner-keys", "runner-public"),
            ],
        );
        command.args(["--client-issuer", ISSUER, "--runner-issuer", RUNNER]);
        self.start("verifier", command)
    }

    /// Starts a journey runner in front of a verifier. Also returns the address of its web protocol.
    pub(crate) fn runner(&self, verifier: &Service) -> anyhow::Result<(Service, SocketAddr)> {
        let [http] = free()?;
        let mut command = self.command("journey-runner", "config", USUAL)?;
        command.args(["--http-listen", &http.to_string()]);
        command.args(["--verifier", &format!("http://{}", verifier.grpc)]);
        self.give(
            &mut command,
            &[
                ("--client-keys", "issuer-public"),
                ("--signing-keys", "runner"),
                ("--sealing-key", "sealing.key"),
            ],
        );
        command.args(["--client-issuer", ISSUER, "--issuer", RUNNER]);
        // All calls come from one address.
        for flag in ["--starts-per-minute", "--application-starts-per-minute"] {
            command.args([flag, "1000000000"]);
        }
        Ok((self.start("journey-runner", command)?, http))
    }

    /// The name of the key with which the runner at that address signs.
    pub(crate) async fn key_of_runner(&self, http: SocketAddr) -> anyhow::Result<String> {
        let keys = reqwest::get(format!("http://{http}/.well-known/jwks.json")).await?;
        let keys: Value = keys.error_for_status()?.json().await?;
        Ok(keys["keys"][0]["kid"].as_str().context("no key")?.to_owned())
    }

    /// A target for calls to the replicas of a service, with a new access token.
    pub(crate) async fn target(
        &self,
        http: SocketAddr,
        client: &str,
        path: &'static str,
        at: Vec<SocketAddr>,
    ) -> anyhow::Result<Target> {
        Ok(Target { at, path, token: self.token(http, client).await? })
    }

    /// Gets an access token for a client from the token endpoint.
    pub(crate) async fn token(&self, http: SocketAddr, client: &str) -> anyhow::Result<String> {
        let secret = fs::read_to_string(self.files.path().join("config/applications/load.secret"))?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", &secret),
        ];
        access_token(http, &form).await
    }

    fn command(&self, service: &str, config: &str, traces: Traces) -> anyhow::Result<Command> {
        let mut command = command(service)?;
        command.args(["--store", &self.store, "--store-username", service]);
        self.give(
            &mut command,
            &[("--config", config), ("--store-password-file", "store.password")],
        );
        let (sink, share) = match traces {
            Traces::Off => return Ok(command),
            Traces::Sampled(share) => (self.sink, share),
            Traces::AllTo(sink) => (sink, 1.0),
        };
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{sink}"));
        command.env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        command.env("OTEL_TRACES_SAMPLER_ARG", share.to_string());
        Ok(command)
    }

    fn give(&self, command: &mut Command, files: &[(&str, &str)]) {
        for (flag, name) in files {
            command.arg(flag).arg(self.files.path().join(name));
        }
    }

    /// Starts a service and waits until it is ready.
    fn start(&self, name: &str, mut command: Command) -> anyhow::Result<Service> {
        let [grpc, admin] = free()?;
        command.args(["--grpc-listen", &grpc.to_string(), "--admin-listen", &admin.to_string()]);
        let begun = Instant::now();
        let process = Process::start(name, command, self.files.path(), &[grpc, admin])?;
        Ok(Service { grpc, admin, process, ready_after: begun.elapsed() })
    }
}

fn start_sink(folder: &Path, more: &[&str]) -> anyhow::Result<(SocketAddr, Process)> {
    let [at] = free()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["sink", "--listen", &at.to_string()]).args(more);
    Ok((at, Process::start("sink", command, folder, &[at])?))
}

/// Writes the configuration with a new client secret.
pub(crate) fn configure(folder: &Path) -> anyhow::Result<()> {
    for kind in ["applications", "journeys"] {
        fs::create_dir_all(folder.join(kind))?;
    }
    fs::write(
        folder.join("applications/load.yaml"),
        include_str!("../config/applications/load.yaml"),
    )?;
    let journey = "journeys/temp-code-authentication.yaml";
    fs::write(
        folder.join(journey),
        include_str!("../config/journeys/temp-code-authentication.yaml"),
    )?;
    let secret = rand::random::<u128>();
    fs::write(folder.join("applications/load.secret"), format!("{secret:032x}"))?;
    Ok(())
}

/// The access token that the token endpoint gives for a form.
pub(crate) async fn access_token(
    http: SocketAddr,
    form: &[(&str, &str)],
) -> anyhow::Result<String> {
    let request = reqwest::Client::new().post(format!("http://{http}/oidc/token")).form(form);
    let answer: Value = request.send().await?.error_for_status()?.json().await?;
    Ok(answer["access_token"].as_str().context("no access token")?.to_owned())
}
