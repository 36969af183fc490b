//! The server under test: a `postern` process, or the three services apart, on free loopback ports.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use super::process::{Process, Variable, command, on_free_ports};
use super::redis::Redis;
use super::{scan, trail};

/// How long a log line may take to reach the file, on a machine under load.
const LOG_DELAY: Duration = Duration::from_millis(50);

/// The listen addresses of one Postern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// HTTP of the code issuer.
    pub(crate) http: SocketAddr,
    /// HTTP of the journey runner; the same in a single `postern`.
    pub(crate) pages: SocketAddr,
    pub(crate) issuer: SocketAddr,
    pub(crate) verifier: SocketAddr,
    pub(crate) runner: SocketAddr,
    /// The operators' listener of a `postern`, or of the code issuer.
    pub(crate) admin: SocketAddr,
    /// The console of a demo; of others, nothing is served there.
    pub(crate) console: SocketAddr,
    /// The operators' listener of the journey runner.
    pub(crate) runner_admin: SocketAddr,
}

impl Addresses {
    /// Addresses that were just free.
    pub(crate) fn free() -> anyhow::Result<Self> {
        let [http, issuer, verifier, runner, admin, console] = free()?;
        let (pages, runner_admin) = (http, admin);
        Ok(Self { http, pages, issuer, verifier, runner, admin, console, runner_admin })
    }

    /// The flags that make `postern` listen there.
    pub(crate) fn flags(&self) -> Vec<String> {
        let all = self.all().into_iter().chain([("--console-listen", self.console)]);
        all.flat_map(|(flag, at)| [flag.to_owned(), at.to_string()]).collect()
    }

    /// Those that every `postern` has: only the demo serves a console.
    fn all(&self) -> [(&'static str, SocketAddr); 5] {
        [
            ("--http-listen", self.http),
            ("--issuer-grpc-listen", self.issuer),
            ("--verifier-grpc-listen", self.verifier),
            ("--runner-grpc-listen", self.runner),
            ("--admin-listen", self.admin),
        ]
    }
}

/// Loopback addresses that were just free.
pub(crate) fn free<const N: usize>() -> anyhow::Result<[SocketAddr; N]> {
    // All are held until all are known, so that they differ.
    let held = (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    let free = held.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
    free.try_into().ok().context("as many as were asked for")
}

/// Texts that must not occur in any log or store, shared by the replicas of one deployment.
pub(crate) type Secrets = Arc<Mutex<Vec<String>>>;

/// A running Postern. On drop it is stopped, and its log and its store are searched for secrets.
pub(crate) struct Postern {
    pub(crate) at: Addresses,
    /// With the names of their binaries.
    pub(crate) processes: Vec<(&'static str, Process)>,
    /// The Redis of its store; `None` for the in-memory store.
    pub(crate) redis: Option<Arc<Redis>>,
    pub(crate) secrets: Secrets,
}

impl Postern {
    /// Starts with the configuration of these tests.
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::serving(&config())
    }

    /// Starts with the configuration in `folder`.
    pub(crate) fn serving(folder: &Path) -> anyhow::Result<Self> {
        Self::with(&["--config", utf8(folder)?])
    }

    /// Starts as `cargo run` does, with the demo application.
    pub(crate) fn demo() -> anyhow::Result<Self> {
        Self::with(&[])
    }

    /// Starts as `cargo run` does, but with a Redis.
    pub(crate) fn demo_in_redis() -> anyhow::Result<Self> {
        let redis = Redis::start()?;
        let mut postern = Self::with(&["--store", &redis.url()])?;
        postern.redis = Some(Arc::new(redis));
        Ok(postern)
    }

    /// Starts `postern` with these flags and free listen addresses.
    pub(crate) fn with(arguments: &[&str]) -> anyhow::Result<Self> {
        Self::with_environment(arguments, &[])
    }

    /// Like [`Self::with`], with these environment variables.
    pub(crate) fn with_environment(
        arguments: &[&str],
        variables: &[Variable],
    ) -> anyhow::Result<Self> {
        let redis = Redis::if_asked_for(arguments)?.map(Arc::new);
        let store = redis.as_ref().map(|redis| redis.flags()).transpose()?;
        on_free_ports(|| {
            let at = Addresses::free()?;
            let mut command = command("postern");
            command
                .args(store.iter().flatten())
                .args(arguments)
                .args(at.flags())
                .envs(variables.iter().cloned());
            let listens = at.all().map(|(_, address)| address).to_vec();
            let process = Process::start(command, listens)?;
            Ok(process.map(|process| Self {
                at,
                processes: vec![("postern", process)],
                redis: redis.clone(),
                secrets: Secrets::default(),
            }))
        })
    }

    /// Starts `postern` with these flags and this standard error. Its log cannot be read here.
    pub(crate) fn with_stderr(
        arguments: &[&str],
        stderr: impl Fn() -> anyhow::Result<Stdio>,
    ) -> anyhow::Result<Self> {
        on_free_ports(|| {
            let at = Addresses::free()?;
            let mut command = command("postern");
            command.env("POSTERN_LOG", "info").args(arguments).args(at.flags());
            let listens = at.all().map(|(_, address)| address).to_vec();
            let process = Process::start_unread(command, listens, stderr()?)?;
            Ok(process.map(|process| Self {
                at,
                processes: vec![("postern", process)],
                redis: None,
                secrets: Secrets::default(),
            }))
        })
    }

    /// The process of that binary.
    pub(crate) fn process(&mut self, binary: &str) -> &mut Process {
        let found = self.processes.iter_mut().find(|(name, _)| *name == binary);
        &mut found.expect("a process of that name").1
    }

    /// Registers a text that must not occur in the log.
    pub(crate) fn keep_secret(&self, secret: &str) {
        self.secrets.lock().expect("no test panics while it holds this").push(secret.to_owned());
    }

    /// The registered secrets that occur in a text.
    pub(crate) fn leaks(&self, text: &str) -> Vec<String> {
        scan::leaks(text, &self.secrets.lock().expect("no test panics while it holds this"))
    }

    /// The output so far. A log line is written shortly after the answer.
    pub(crate) fn printed(&self) -> String {
        sleep(LOG_DELAY);
        self.written()
    }

    /// The lines that have reached the file.
    fn written(&self) -> String {
        self.processes.iter().map(|(_, process)| process.printed()).collect()
    }
}

impl Drop for Postern {
    fn drop(&mut self) {
        sleep(LOG_DELAY);
        for (_, process) in &mut self.processes {
            process.kill();
        }
        if std::thread::panicking() {
            for (name, process) in &self.processes {
                let printed = process.printed();
                let tail = printed.len().saturating_sub(4000);
                let tail = (tail..printed.len()).find(|at| printed.is_char_boundary(*at));
                let tail = tail.map_or("", |at| &printed[at..]);
                // Captured by the test runner and shown with the failure.
                #[expect(clippy::print_stderr, reason = "what a failed test has to show")]
                {
                    eprintln!("{name} printed last:\n{tail}");
                }
            }
            return;
        }
        let secrets = self.secrets.lock().expect("no test panics while it holds this");
        let printed = self.written();
        let unforeseen = trail::unforeseen(&printed);
        let leaks = scan::leaks(printed, &secrets);
        assert!(leaks.is_empty(), "the log holds secrets: {leaks:#?}");
        assert!(unforeseen.is_empty(), "the audit trail's schema has no {unforeseen:#?}");
        if let Some(redis) = &self.redis {
            let seen = redis.all_that_it_was_told().expect("Redis outlives its clients");
            let leaks = scan::leaks(seen, &secrets);
            assert!(leaks.is_empty(), "Redis was told secrets: {leaks:#?}");
        }
    }
}

/// A path as the value of a flag.
pub(crate) fn utf8(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}

/// The configuration of these tests.
pub(crate) fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// The configuration of the demo application.
pub(crate) fn demo_config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/postern/demo")
}

/// A copy of the configuration of these tests, for changes.
pub(crate) fn copy_of_config() -> anyhow::Result<TempDir> {
    let copy = TempDir::new()?;
    for folder in ["applications", "journeys", "users"] {
        fs::create_dir(copy.path().join(folder))?;
        for entry in fs::read_dir(config().join(folder))? {
            let entry = entry?;
            fs::copy(entry.path(), copy.path().join(folder).join(entry.file_name()))?;
        }
    }
    Ok(copy)
}

/// Replaces a text in a file of a copied configuration.
pub(crate) fn change(folder: &TempDir, file: &str, from: &str, to: &str) -> anyhow::Result<()> {
    let file = folder.path().join(file);
    let text = fs::read_to_string(&file)?;
    assert!(text.contains(from), "{from:?} is not in {}", file.display());
    fs::write(file, text.replace(from, to))?;
    Ok(())
}
