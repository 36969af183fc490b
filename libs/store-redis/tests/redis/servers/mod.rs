//! Real servers on free ports. Each runs beneath a shell that kills it when its standard input
//! closes, so that they end with the tests, however these end.

pub(crate) mod cluster;
pub(crate) mod fake;
pub(crate) mod pair;
pub(crate) mod proxy;
pub(crate) mod sentinel;
pub(crate) mod tls;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The shared server. Tests stay apart by using different users.
pub(crate) static STANDALONE: LazyLock<Server> = LazyLock::new(|| Server::start(""));

/// The delivered configuration, which all servers use.
pub(crate) const CONFIGURATION: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/redis/redis.conf");

/// The limit for a server start or a failover.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is killed on drop, and with the tests at the latest.
pub(crate) struct Guarded(Child);

impl Guarded {
    /// Runs `redis-server` in a new folder with this configuration.
    pub(crate) fn start(configuration: &str, arguments: &[&str]) -> Self {
        Self::start_limited(configuration, arguments, None)
    }

    /// Does the same, with a limit in kilobytes on the size of each file.
    fn start_limited(configuration: &str, arguments: &[&str], kilobytes: Option<u32>) -> Self {
        let script = "folder=$(mktemp -d) && cd \"$folder\" || exit 1
            if [ -n \"$KILOBYTES\" ]; then trap '' XFSZ; ulimit -f $((KILOBYTES * 2)); fi
            printf '%s' \"$CONFIGURATION\" >redis.conf
            redis-server ./redis.conf \"$@\" >log 2>&1 &
            cat >/dev/null; kill -9 $!; wait; rm -rf \"$folder\"";
        let shell = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(arguments)
            .env("CONFIGURATION", configuration)
            .env("KILOBYTES", kilobytes.map(|number| number.to_string()).unwrap_or_default())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self(shell.expect("a shell"))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A server.
pub(crate) struct Server {
    pub(crate) port: u16,
    settings: String,
    /// The limit on the size of a file, in kilobytes.
    limit: Option<u32>,
    process: Option<Guarded>,
}

impl Server {
    /// Starts a server with settings in addition to the delivered ones.
    pub(crate) fn start(settings: &str) -> Self {
        Self::start_guarded(settings, &[])
    }

    /// Starts a server that needs these `redis-cli` options to log in.
    pub(crate) fn start_guarded(settings: &str, login: &[String]) -> Self {
        let mut server =
            Self { port: free_port(), settings: settings.to_owned(), limit: None, process: None };
        server.restart();
        let ping = [login, &["PING".to_owned()]].concat();
        let ping: Vec<_> = ping.iter().map(String::as_str).collect();
        eventually("the server answers", || server.cli(&ping).contains("PONG"));
        server
    }

    /// Restarts the server on its port. It keeps only what its settings persist.
    pub(crate) fn restart(&mut self) {
        self.restart_with("");
    }

    /// Does the same, with additional settings.
    pub(crate) fn restart_with(&mut self, more: &str) {
        let Self { port, settings, .. } = self;
        let configuration = format!(
            "include {CONFIGURATION}\nbind 127.0.0.1\nport {port}\naclfile \"\"\n\
             repl-diskless-sync-delay 0\n{settings}\n{more}\n"
        );
        self.process = None;
        self.process = Some(Guarded::start_limited(&configuration, &[], self.limit));
    }

    /// Limits the size of its files, in kilobytes, from the next start on.
    pub(crate) const fn limit_files(&mut self, kilobytes: Option<u32>) {
        self.limit = kilobytes;
    }

    /// Kills the server at once, so that it writes nothing more.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Whether it was not killed.
    pub(crate) const fn is_running(&self) -> bool {
        self.process.is_some()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The output of an operator's command.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        cli(self.port, arguments)
    }
}

/// The output of `redis-cli`.
pub(crate) fn cli(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli").args(["-p", &port.to_string()]).args(arguments).output();
    let output = output.expect("redis-cli");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a server is a primary. Called often, so it starts no process.
pub(crate) fn is_primary(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.write_all(b"ROLE\r\n")?;
        let mut said = [0; 64];
        let length = stream.read(&mut said)?;
        Ok(said[..length].starts_with(b"*3\r\n$6\r\nmaster"))
    };
    ask().unwrap_or(false)
}

/// A free port below the ephemeral range. Each is given out once, and other processes begin at
/// another port.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = std::process::id() * 97 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + u16::try_from(next % 20_000).expect("less than 20,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until the condition holds.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(20));
    }
}
