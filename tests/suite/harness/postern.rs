//! The server under test: a `postern` process on free loopback ports.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use super::scan;

const START_LIMIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// The listen addresses of one `postern`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) issuer: SocketAddr,
    pub(crate) verifier: SocketAddr,
    pub(crate) runner: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Addresses {
    /// Addresses that were free a moment ago.
    pub(crate) fn free() -> anyhow::Result<Self> {
        // All are held until all are known, so that they differ.
        let held: Vec<_> =
            (0..5).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
        let at = |index: usize| held[index].local_addr();
        Ok(Self { http: at(0)?, issuer: at(1)?, verifier: at(2)?, runner: at(3)?, admin: at(4)? })
    }

    /// The flags that make `postern` listen there.
    pub(crate) fn flags(&self) -> Vec<String> {
        self.all().iter().flat_map(|(flag, at)| [(*flag).to_owned(), at.to_string()]).collect()
    }

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

/// A running `postern`, which is stopped, and whose log is searched, when this is dropped.
pub(crate) struct Postern {
    pub(crate) at: Addresses,
    child: Child,
    output: TempDir,
    secrets: Mutex<Vec<String>>,
}

impl Postern {
    /// Starts with the configuration of these tests.
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::serving(&config())
    }

    /// Starts with the configuration in `folder`.
    pub(crate) fn serving(folder: &Path) -> anyhow::Result<Self> {
        Self::with(&["--config", folder.to_str().context("a path in UTF-8")?])
    }

    /// Starts as `cargo run` does, with the demo application.
    pub(crate) fn demo() -> anyhow::Result<Self> {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> anyhow::Result<Self> {
        // A free port can be taken before it is used: by another test, or by a connection.
        for _ in 0..3 {
            let at = Addresses::free()?;
            let output = TempDir::new()?;
            let mut child = command()
                .args(arguments)
                .args(at.flags())
                .stdout(File::create(output.path().join("stdout"))?)
                .stderr(File::create(output.path().join("stderr"))?)
                .spawn()?;
            if wait_until_ready(&mut child, at)? {
                return Ok(Self { at, child, output, secrets: Mutex::default() });
            }
            let printed = read_all(output.path());
            if !printed.contains("is taken") {
                bail!("postern does not start: {printed}");
            }
        }
        bail!("no free ports")
    }

    /// Remembers what must not be found in the log.
    pub(crate) fn keep_secret(&self, secret: &str) {
        self.secrets.lock().expect("no test panics while it holds this").push(secret.to_owned());
    }

    /// All that the server has printed so far.
    pub(crate) fn printed(&self) -> String {
        read_all(self.output.path())
    }
}

impl Drop for Postern {
    fn drop(&mut self) {
        // Nothing can be done about a server that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let printed = self.printed();
        if std::thread::panicking() {
            let tail = printed.len().saturating_sub(4000);
            let tail = (tail..printed.len()).find(|at| printed.is_char_boundary(*at));
            let tail = tail.map_or("", |at| &printed[at..]);
            // Captured by the test runner, and shown beside the failure.
            #[expect(clippy::print_stderr, reason = "what a failed test has to show")]
            {
                eprintln!("postern printed last:\n{tail}");
            }
            return;
        }
        let secrets = self.secrets.lock().expect("no test panics while it holds this");
        let leaks = scan::leaks(&printed, &secrets);
        assert!(leaks.is_empty(), "the log holds secrets: {leaks:#?}");
    }
}

/// The configuration of these tests.
pub(crate) fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// Copies the configuration of these tests, to be changed.
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

/// The binary, with an environment that holds nothing but the log level.
pub(crate) fn command() -> Command {
    let path = std::env::var_os("POSTERN_BIN").map_or_else(built_binary, PathBuf::from);
    assert!(path.exists(), "there is no {}: run `cargo build -p postern` first", path.display());
    let mut command = Command::new(path);
    command.env_clear().env("POSTERN_LOG", "trace").env("POSTERN_LOG_FORMAT", "json");
    command.stdin(Stdio::null());
    command
}

/// Runs `postern` to its end; answers with its status and all that it printed.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<(ExitStatus, String)> {
    let mut command = command();
    let output = TempDir::new()?;
    let mut child = command
        .args(arguments)
        .stdout(File::create(output.path().join("stdout"))?)
        .stderr(File::create(output.path().join("stderr"))?)
        .spawn()?;
    let begun = Instant::now();
    while begun.elapsed() < START_LIMIT {
        if let Some(status) = child.try_wait()? {
            return Ok((status, read_all(output.path())));
        }
        sleep(PAUSE);
    }
    child.kill()?;
    child.wait()?;
    bail!("postern goes on running: {}", read_all(output.path()))
}

/// Beside this test: `target/debug/deps/suite-…` and `target/debug/postern`.
fn built_binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    test.ancestors().nth(2).expect("two folders above a test is the profile's").join("postern")
}

/// Whether every port accepts connections before the process ends.
fn wait_until_ready(child: &mut Child, at: Addresses) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let mut waiting = at.all().map(|(_, address)| address).to_vec();
    while begun.elapsed() < START_LIMIT {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        waiting.retain(|address| TcpStream::connect(address).is_err());
        if waiting.is_empty() {
            // Someone else may listen there, and this server be about to say so.
            sleep(PAUSE);
            return Ok(child.try_wait()?.is_none());
        }
        sleep(PAUSE);
    }
    child.kill()?;
    bail!("postern does not listen on {waiting:?} after {START_LIMIT:?}")
}

fn read_all(folder: &Path) -> String {
    ["stdout", "stderr"]
        .map(|name| fs::read(folder.join(name)).unwrap_or_default())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat()
}
