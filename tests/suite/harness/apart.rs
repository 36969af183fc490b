//! The three services as separate processes over one Redis, as in production. Each holds only the
//! keys that it needs.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use anyhow::Context as _;
use tempfile::TempDir;

use super::Postern;
use super::keys::SigningKey;
use super::lossy::Lossy;
use super::postern::{Addresses, Secrets, free, utf8};
use super::process::{Process, Variable, command, on_free_ports, run_to_end};
use super::redis::Redis;
use super::tls::{Authority, Pair, text};

/// A service's name, its command, and its listen addresses.
type Service = (&'static str, Command, Vec<SocketAddr>);

const ISSUER: &str = "https://issuer.example";
const RUNNER: &str = "https://runner.example";
/// The name in the journey runner's certificate.
pub(crate) const RUNNER_NAME: &str = "runner.mesh";
/// The name in the code issuer's certificate.
const ISSUER_NAME: &str = "issuer.mesh";

/// The state that the replicas of one deployment share.
pub(crate) struct Deployment {
    config: PathBuf,
    files: TempDir,
    secrets: Secrets,
    variables: Vec<Variable>,
    mesh: Option<Mesh>,
    way: Option<Arc<Lossy>>,
    /// The public URL of the journey runner.
    runner_issuer: &'static str,
    /// The name in the certificate that a mesh's code issuer shows the journey runner.
    pub(crate) redeemer: &'static str,
    pub(crate) redis: Arc<Redis>,
}

/// Certificates for calls from the journey runner to the verifier.
struct Mesh {
    authority: Authority,
    verifier: Pair,
    runner: Pair,
    /// Whether the verifier authenticates the journey runner by its certificate alone.
    is_identity: bool,
    /// The code issuer's certificate, if clients call it, too, over TLS alone.
    issuer: Option<Pair>,
}

impl Deployment {
    /// Starts Redis and generates all keys.
    pub(crate) fn of(config: &Path) -> anyhow::Result<Self> {
        Self::over(config, Redis::start()?)
    }

    /// Generates all keys.
    pub(crate) fn over(config: &Path, redis: Redis) -> anyhow::Result<Self> {
        let files = TempDir::new()?;
        for name in ["peppers", "issuer", "issuer-public", "runner", "runner-public"] {
            fs::create_dir(files.path().join(name))?;
        }
        for name in ["peppers/locator.key", "peppers/current.pepper", "sealing.key"] {
            fs::write(files.path().join(name), rand::random::<[u8; 32]>())?;
        }
        for service in ["issuer", "runner"] {
            let key = SigningKey::generate()?;
            fs::write(files.path().join(service).join("1.pem"), key.private_pem())?;
            let public = files.path().join(format!("{service}-public"));
            fs::write(public.join("1.pem"), key.public_pem()?)?;
        }
        Ok(Self {
            config: config.to_owned(),
            files,
            secrets: Secrets::default(),
            variables: Vec::new(),
            mesh: None,
            way: None,
            runner_issuer: RUNNER,
            redeemer: ISSUER_NAME,
            redis: Arc::new(redis),
        })
    }

    /// Sets these variables for each service.
    pub(crate) fn with_environment(mut self, variables: &[Variable]) -> Self {
        self.variables = variables.to_vec();
        self
    }

    /// Makes the journey runner and the verifier use mutual TLS. The certificate may also be the
    /// journey runner's only credential.
    pub(crate) fn meshed(mut self, is_identity: bool) -> anyhow::Result<Self> {
        let authority = Authority::new()?;
        let (verifier, runner) = (authority.sign("verifier.mesh")?, authority.sign(RUNNER_NAME)?);
        self.mesh = Some(Mesh { authority, verifier, runner, is_identity, issuer: None });
        Ok(self)
    }

    /// Makes the code issuer of a mesh use TLS: mutual TLS for gRPC, and for HTTP its own certificate.
    pub(crate) fn with_secure_issuer(mut self) -> anyhow::Result<Self> {
        let mesh = self.mesh.as_mut().context("it is meshed")?;
        mesh.issuer = Some(mesh.authority.sign(ISSUER_NAME)?);
        Ok(self)
    }

    /// Gives all services one public URL, and the code issuer the way to the journey runner, as for
    /// `OpenID` Connect.
    pub(crate) fn of_one_issuer(self) -> Self {
        Self { runner_issuer: ISSUER, ..self }
    }

    /// Makes the journey runner call the verifier through this proxy.
    pub(crate) fn through(mut self, way: &Arc<Lossy>) -> Self {
        self.way = Some(Arc::clone(way));
        self
    }

    /// The CA of the certificates.
    pub(crate) fn mesh(&self) -> &Authority {
        &self.mesh.as_ref().expect("it is meshed").authority
    }

    /// Replaces all certificates by those of another CA.
    pub(crate) fn change_mesh(&self, new: &Authority) -> anyhow::Result<()> {
        let Mesh { authority, verifier, runner, .. } = self.mesh.as_ref().expect("it is meshed");
        fs::write(authority.file(), new.pem())?;
        new.sign_into("verifier.mesh", verifier)?;
        new.sign_into(RUNNER_NAME, runner)
    }

    /// Starts one replica of each service.
    pub(crate) fn replica(&self) -> anyhow::Result<Postern> {
        on_free_ports(|| self.try_replica())
    }

    /// A file or folder that the replicas share. Services read it when they start.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Makes the current pepper the previous one and generates a new one.
    pub(crate) fn rotate_peppers(&self) -> anyhow::Result<()> {
        let peppers = self.file("peppers");
        fs::rename(peppers.join("current.pepper"), peppers.join("previous.pepper"))?;
        fs::write(peppers.join("current.pepper"), rand::random::<[u8; 32]>())?;
        Ok(())
    }

    /// Runs a service, with its Redis checks on, until it exits. Returns its status and its output.
    pub(crate) fn checked(&self, service: &str) -> anyhow::Result<(ExitStatus, String)> {
        let (_, services) = self.services("on")?;
        let found = services.into_iter().find(|(name, ..)| *name == service);
        run_to_end(found.context("a service of that name")?.1)
    }

    fn try_replica(&self) -> anyhow::Result<Option<Postern>> {
        // The tests' Redis does not fsync, which the checks would refuse.
        let (at, services) = self.services("off")?;
        let mut processes = Vec::new();
        for (name, command, listens) in services {
            let Some(process) = Process::start(command, listens)? else { return Ok(None) };
            processes.push((name, process));
        }
        let (redis, secrets) = (Some(Arc::clone(&self.redis)), Arc::clone(&self.secrets));
        Ok(Some(Postern { at, processes, redis, secrets }))
    }

    /// The command and the listen addresses of each service.
    fn services(&self, checks: &str) -> anyhow::Result<(Addresses, [Service; 3])> {
        let [http, pages, issuer, verifier, runner, admin, verifier_admin, runner_admin] = free()?;
        let console = pages;
        let at = Addresses { http, pages, issuer, verifier, runner, admin, console, runner_admin };
        if let Some(way) = &self.way {
            way.lead_to(verifier);
        }
        let reached = self.way.as_ref().map_or(verifier, |way| way.at);
        let url_of_verifier = match self.mesh {
            // Certificates contain host names. Localhost may also resolve to an address without a
            // listener.
            Some(_) => format!("https://localhost:{}", reached.port()),
            None => format!("http://{reached}"),
        };
        let [pepper, issuer_keys, issuer_public, runner_keys, runner_public, sealing] =
            ["peppers", "issuer", "issuer-public", "runner", "runner-public", "sealing.key"]
                .map(|name| self.file(name));
        let sign_as = |command: &mut Command, keys: &Path, url: &str| -> anyhow::Result<()> {
            command.args(["--signing-keys", utf8(keys)?, "--issuer", url]);
            Ok(())
        };

        let mut code_issuer = self.service("code-issuer", checks)?;
        code_issuer.args(["--grpc-listen", &issuer.to_string()]);
        code_issuer.args(["--http-listen", &http.to_string()]);
        code_issuer.args(["--admin-listen", &admin.to_string()]);
        code_issuer.args(["--peppers", utf8(&pepper)?]);
        code_issuer.args(["--recovery-page", RUNNER]);
        sign_as(&mut code_issuer, &issuer_keys, ISSUER)?;
        if self.runner_issuer == ISSUER {
            let url = match self.mesh {
                Some(_) => format!("https://localhost:{}", runner.port()),
                None => format!("http://{runner}"),
            };
            code_issuer.args(["--journey-runner", &url]);
            code_issuer.args(["--runner-keys", utf8(&runner_public)?]);
        }

        let mut code_verifier = self.service("verifier", checks)?;
        code_verifier.args(["--grpc-listen", &verifier.to_string()]);
        code_verifier.args(["--admin-listen", &verifier_admin.to_string()]);
        code_verifier.args(["--peppers", utf8(&pepper)?]);
        code_verifier.args(["--client-keys", utf8(&issuer_public)?, "--client-issuer", ISSUER]);
        if self.mesh.as_ref().is_none_or(|mesh| !mesh.is_identity) {
            code_verifier.args([
                "--runner-keys",
                utf8(&runner_public)?,
                "--runner-issuer",
                self.runner_issuer,
            ]);
        }

        let mut journey_runner = self.service("journey-runner", checks)?;
        journey_runner.args(["--grpc-listen", &runner.to_string()]);
        journey_runner.args(["--http-listen", &pages.to_string()]);
        journey_runner.args(["--admin-listen", &runner_admin.to_string()]);
        journey_runner.args(["--client-keys", utf8(&issuer_public)?, "--client-issuer", ISSUER]);
        journey_runner.args(["--verifier", &url_of_verifier, "--sealing-key", utf8(&sealing)?]);
        sign_as(&mut journey_runner, &runner_keys, self.runner_issuer)?;

        let is_secure = self.mesh.as_ref().is_some_and(|mesh| mesh.issuer.is_some());
        let url_of_issuer = if is_secure {
            format!("https://localhost:{}", issuer.port())
        } else {
            format!("http://{issuer}")
        };
        journey_runner.args(["--code-issuer", &url_of_issuer]);

        if let Some(Mesh { authority, verifier, runner, is_identity, issuer }) = &self.mesh {
            let files =
                |pair: &Pair| [authority.file(), pair.certificate.clone(), pair.key.clone()];
            let flags = ["--grpc-tls-client-authority", "--grpc-tls-certificate", "--grpc-tls-key"];
            code_verifier.args(flags.into_iter().zip(files(verifier)).flat_map(flag));
            if let Some(issuer) = issuer {
                code_issuer.args(flags.into_iter().zip(files(issuer)).flat_map(flag));
                let flags = ["--http-tls-certificate", "--http-tls-key"];
                let [_, certificate, key] = files(issuer);
                code_issuer.args(flags.into_iter().zip([certificate, key]).flat_map(flag));
            }
            if self.runner_issuer == ISSUER {
                journey_runner.args(flags.into_iter().zip(files(runner)).flat_map(flag));
                journey_runner.args(["--code-issuer-certificate-name", ISSUER_NAME]);
                let flags = [
                    "--journey-runner-authority",
                    "--journey-runner-certificate",
                    "--journey-runner-key",
                ];
                let redeemer = authority.sign(self.redeemer)?;
                code_issuer.args(flags.into_iter().zip(files(&redeemer)).flat_map(flag));
            }
            let flags = ["--verifier-authority", "--verifier-certificate", "--verifier-key"];
            journey_runner.args(flags.into_iter().zip(files(runner)).flat_map(flag));
            if issuer.is_some() {
                let flags =
                    ["--code-issuer-authority", "--code-issuer-certificate", "--code-issuer-key"];
                journey_runner.args(flags.into_iter().zip(files(runner)).flat_map(flag));
            }
            if *is_identity {
                code_verifier.args(["--runner-certificate-name", RUNNER_NAME]);
                journey_runner.args(["--verifier-identity", "certificate"]);
            }
        }

        let services = [
            ("code-issuer", code_issuer, vec![issuer, http, admin]),
            ("verifier", code_verifier, vec![verifier, verifier_admin]),
            ("journey-runner", journey_runner, vec![runner, pages, runner_admin]),
        ];
        Ok((at, services))
    }

    fn service(&self, binary: &str, checks: &str) -> anyhow::Result<Command> {
        let mut command = command(binary);
        command.args(["--config", utf8(&self.config)?, "--store", &self.redis.url()]);
        command.args(["--store-checks", checks]);
        command.envs(self.variables.iter().cloned());
        Ok(command)
    }
}

fn flag((flag, file): (&str, PathBuf)) -> [String; 2] {
    [flag.to_owned(), text(&file)]
}
