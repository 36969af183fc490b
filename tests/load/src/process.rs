//! A process of a run: started, watched, and always ended.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// The limit for a start.
const START_LIMIT: Duration = Duration::from_secs(20);
/// The limit for a graceful end.
const END_LIMIT: Duration = Duration::from_secs(20);

/// A running process, which is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts a process whose output goes to a file in that folder, and waits until it accepts
    /// connections at all these addresses.
    pub(crate) fn start(
        name: &str,
        mut command: Command,
        folder: &Path,
        listens: &[SocketAddr],
    ) -> anyhow::Result<Self> {
        let output = folder.join(format!("{name}.{}.log", listens[0].port()));
        // In append mode, so that the file can be truncated while the process writes.
        let log = File::options().create(true).append(true).open(&output)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        let mut process = Self { child, output };
        let begun = Instant::now();
        let mut waiting = listens.to_vec();
        while !waiting.is_empty() {
            if process.child.try_wait()?.is_some() || begun.elapsed() > START_LIMIT {
                bail!("{name} does not start: {}", process.printed());
            }
            waiting.retain(|address| TcpStream::connect(address).is_err());
            sleep(Duration::from_millis(1));
        }
        Ok(process)
    }

    /// The output so far.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Truncates the output.
    pub(crate) fn forget_printed(&self) -> anyhow::Result<()> {
        Ok(File::options().write(true).open(&self.output)?.set_len(0)?)
    }

    /// The processor time so far, in user mode and in the kernel.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The process name, in parentheses, may contain spaces.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
        let (Some(user), Some(system)) = (times.next(), times.next()) else {
            bail!("no times in stat")
        };
        // Linux reports hundredths of a second to user space, whatever the kernel's tick is.
        Ok(Duration::from_millis(10) * u32::try_from(user? + system?)?)
    }

    /// The resident memory in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kibibytes.context("no VmRSS in status")?.parse::<u64>()? * 1024)
    }

    /// The number of open files and connections.
    pub(crate) fn descriptors(&self) -> anyhow::Result<u64> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count() as u64)
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -$1 $0", &pid, name]).status()?;
        anyhow::ensure!(sent.success(), "there is no process {pid}");
        Ok(())
    }

    /// Asks the process to end, and waits for it.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        self.signal("TERM")?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(begun.elapsed() < END_LIMIT, "it does not end: {}", self.printed());
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Free loopback addresses.
pub(crate) fn free<const N: usize>() -> anyhow::Result<[SocketAddr; N]> {
    let mut held = Vec::new();
    let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); N];
    for address in &mut addresses {
        let listener = TcpListener::bind(*address)?;
        *address = listener.local_addr()?;
        held.push(listener);
    }
    Ok(addresses)
}

/// A binary built beside this one.
pub(crate) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(path.exists(), "there is no {}: build the services first", path.display());
    Ok(path)
}

/// The command of a service, with an otherwise empty environment.
pub(crate) fn command(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(binary(name)?);
    command.env_clear().env("POSTERN_LOG_FORMAT", "json");
    Ok(command)
}
