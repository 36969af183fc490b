//! A process under test: it listens on free loopback ports, its output is stored, and it is always
//! ended.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

/// The limit for a start.
const START_LIMIT: Duration = Duration::from_secs(20);
/// The polling interval.
const PAUSE: Duration = Duration::from_millis(20);

/// A running process, killed on drop.
pub(crate) struct Process {
    command: Command,
    listens: Vec<SocketAddr>,
    says: Vec<String>,
    child: Child,
    output: TempDir,
}

impl Process {
    /// Starts a service and waits until it serves at all these addresses; `None` if one of them is
    /// taken.
    pub(crate) fn start(
        command: Command,
        listens: Vec<SocketAddr>,
    ) -> anyhow::Result<Option<Self>> {
        let says = listens.iter().map(|at| format!(r#""address":"{at}""#)).collect();
        Self::start_saying(command, listens, says)
    }

    /// Starts a process and waits until it has printed that it is ready and accepts connections at
    /// all these addresses. An open port alone could belong to another process.
    pub(crate) fn start_saying(
        mut command: Command,
        listens: Vec<SocketAddr>,
        says: Vec<String>,
    ) -> anyhow::Result<Option<Self>> {
        let output = TempDir::new()?;
        command
            .stdin(Stdio::null())
            .stdout(File::create(output.path().join("stdout"))?)
            .stderr(File::create(output.path().join("stderr"))?);
        let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        let mut process = Self { command, listens, says, child, output };
        if process.is_ready()? {
            return Ok(Some(process));
        }
        let printed = process.printed();
        let taken = ["is taken", "Address already in use"];
        ensure!(taken.iter().any(|it| printed.contains(it)), "it does not start: {printed}");
        Ok(None)
    }

    /// Starts a process whose standard error goes to `stderr` and cannot be read here. Waits until
    /// it accepts connections at all these addresses.
    pub(crate) fn start_unread(
        mut command: Command,
        listens: Vec<SocketAddr>,
        stderr: Stdio,
    ) -> anyhow::Result<Option<Self>> {
        let output = TempDir::new()?;
        let stdout = File::create(output.path().join("stdout"))?;
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        let mut process = Self { command, listens, says: Vec::new(), child, output };
        Ok(process.is_ready()?.then_some(process))
    }

    /// Kills the process, as a crash would.
    pub(crate) fn kill(&mut self) {
        // Fails only if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts the process again, after its end.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = self.command.spawn()?;
        ensure!(self.is_ready()?, "it does not start again: {}", self.printed());
        Ok(())
    }

    /// The peak memory of the process so far, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kibibytes.context("a process has memory")?.parse::<u64>()? * 1024)
    }

    /// Asks the process to end.
    pub(crate) fn terminate(&self) -> anyhow::Result<()> {
        self.signal("TERM")
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -$1 $0", &pid, name]).status()?;
        ensure!(sent.success(), "there is no process {pid}");
        Ok(())
    }

    /// Waits for the end of the process without blocking the runtime.
    pub(crate) async fn ends_within(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("it goes on running after {limit:?}: {}", self.printed())
    }

    /// The output so far, of all its starts.
    pub(crate) fn printed(&self) -> String {
        read_all(self.output.path())
    }

    /// Waits until the process is ready. False if it ends before.
    fn is_ready(&mut self) -> anyhow::Result<bool> {
        let begun = Instant::now();
        let mut waiting = self.listens.clone();
        while begun.elapsed() < START_LIMIT {
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            waiting.retain(|address| TcpStream::connect(address).is_err());
            if waiting.is_empty() {
                let printed = self.printed();
                if self.says.iter().all(|it| printed.contains(it)) {
                    return Ok(true);
                }
            }
            sleep(PAUSE);
        }
        bail!("it is not ready after {START_LIMIT:?}: {}", self.printed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tries three times: a free port can be taken by another process before it is used.
pub(crate) fn on_free_ports<T>(
    mut start: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    for _ in 0..3 {
        if let Some(started) = start()? {
            return Ok(started);
        }
    }
    bail!("no free ports")
}

/// A binary of the workspace. Its environment contains only the log level.
pub(crate) fn command(binary: &str) -> Command {
    let postern = std::env::var_os("POSTERN_BIN").map_or_else(built_binary, PathBuf::from);
    let path = postern.with_file_name(binary);
    let missing = format!("there is no {}: run `cargo build --workspace` first", path.display());
    assert!(path.exists(), "{missing}");
    let mut command = Command::new(path);
    command.env_clear().env("POSTERN_LOG", "trace").env("POSTERN_LOG_FORMAT", "json");
    command
}

/// A variable of the environment.
pub(crate) type Variable = (&'static str, String);

/// Runs `postern` until it exits. Returns its status and its output.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<(ExitStatus, String)> {
    run_with(arguments, &[])
}

/// Like [`run`], with these environment variables.
pub(crate) fn run_with(
    arguments: &[&str],
    variables: &[Variable],
) -> anyhow::Result<(ExitStatus, String)> {
    let mut command = command("postern");
    command.args(arguments).envs(variables.iter().cloned());
    run_to_end(command)
}

/// Runs a process until it exits. Returns its status and its output.
pub(crate) fn run_to_end(command: Command) -> anyhow::Result<(ExitStatus, String)> {
    run_within(START_LIMIT, command)
}

/// Like [`run_to_end`], for commands that take longer than a start.
pub(crate) fn run_within(
    limit: Duration,
    mut command: Command,
) -> anyhow::Result<(ExitStatus, String)> {
    let output = TempDir::new()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(File::create(output.path().join("stdout"))?)
        .stderr(File::create(output.path().join("stderr"))?)
        .spawn()?;
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok((status, read_all(output.path())));
        }
        sleep(PAUSE);
    }
    child.kill()?;
    child.wait()?;
    bail!("it goes on running: {}", read_all(output.path()))
}

/// Beside this test: `target/debug/deps/suite-…` and `target/debug/postern`.
fn built_binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    test.ancestors().nth(2).expect("two folders above a test is the profile's").join("postern")
}

fn read_all(folder: &Path) -> String {
    ["stdout", "stderr"]
        .map(|name| fs::read(folder.join(name)).unwrap_or_default())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat()
}
