//! A process of a run: started, watched, and ended in every case.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How long a process may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long a process may take to end by itself.
const END_LIMIT: Duration = Duration::from_secs(20);

/// A running process, which is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts a process, which prints to a file in that folder, and waits until it accepts
    /// connections at all these addresses.
    pub(crate) fn start(
        name: &str,
        mut command: Command,
        folder: &Path,
        listens: &[SocketAddr],
    ) -> anyhow::Result<Self> {
        let output = folder.join(format!("{name}.{}.log", listens[0].port()));
        // Appended to, so that it can be emptied while it is written.
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

    /// All that it has printed.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Forgets what it has printed.
    pub(crate) fn forget_printed(&self) -> anyhow::Result<()> {
        Ok(File::options().write(true).open(&self.output)?.set_len(0)?)
    }

    /// What the processor has done for it so far, in user mode and in the kernel.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Its name, in parentheses, may hold spaces.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
        let (Some(user), Some(system)) = (times.next(), times.next()) else {
            bail!("no times in stat")
        };
        // Linux counts in hundredths of a second for whoever asks, whatever its own ticks are.
        Ok(Duration::from_millis(10) * u32::try_from(user? + system?)?)
    }

    /// The memory that it has in the machine's, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kibibytes.context("no VmRSS in status")?.parse::<u64>()? * 1024)
    }

    /// How many files and connections it has open.
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

    /// Asks it to end, and waits until it has.
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
        // Nothing can be done about a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Free ports of the loopback.
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

/// A binary that was built beside this one.
pub(crate) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(path.exists(), "there is no {}: build the services first", path.display());
    Ok(path)
}

/// A service, with an environment of its own.
pub(crate) fn command(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(binary(name)?);
    command.env_clear().env("POSTERN_LOG_FORMAT", "json");
    Ok(command)
}
