//! Real servers on free ports. They end with the tests, however these end: each runs beneath a shell
//! that kills it once its standard input closes.

pub(crate) mod cluster;
pub(crate) mod proxy;
pub(crate) mod sentinel;
pub(crate) mod tls;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// One server for all tests that only need one; they keep apart by users of their own.
pub(crate) static STANDALONE: LazyLock<Server> = LazyLock::new(|| Server::start(""));

/// The configuration that is delivered, and which all servers run with.
pub(crate) const CONFIGURATION: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/redis/redis.conf");

/// How long a server or a failover may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that ends with this value, and with the tests at the latest.
pub(crate) struct Guarded(Child);

impl Guarded {
    /// Runs `redis-server` in a folder of its own under this configuration.
    pub(crate) fn start(configuration: &str, arguments: &[&str]) -> Self {
        let script = "folder=$(mktemp -d) && cd \"$folder\" || exit 1
            printf '%s' \"$CONFIGURATION\" >redis.conf
            redis-server ./redis.conf \"$@\" >log 2>&1 &
            cat >/dev/null; kill -9 $!; wait; rm -rf \"$folder\"";
        let shell = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(arguments)
            .env("CONFIGURATION", configuration)
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
    process: Option<Guarded>,
}

impl Server {
    /// Starts a server with these settings beyond those that are delivered.
    pub(crate) fn start(settings: &str) -> Self {
        Self::start_guarded(settings, &[])
    }

    /// Starts a server that `redis-cli` is let into by these options.
    pub(crate) fn start_guarded(settings: &str, login: &[String]) -> Self {
        let mut server = Self { port: free_port(), settings: settings.to_owned(), process: None };
        server.restart();
        let ping = [login, &["PING".to_owned()]].concat();
        let ping: Vec<_> = ping.iter().map(String::as_str).collect();
        eventually("the server answers", || server.cli(&ping).contains("PONG"));
        server
    }

    /// Starts the server anew on its port, with nothing of what it knew.
    pub(crate) fn restart(&mut self) {
        let Self { port, settings, .. } = self;
        let configuration = format!(
            "include {CONFIGURATION}\nbind 127.0.0.1\nport {port}\naclfile \"\"\n{settings}\n"
        );
        self.process = None;
        self.process = Some(Guarded::start(&configuration, &[]));
    }

    /// Kills the server: no farewell, nothing written.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What a command of an operator says.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        cli(self.port, arguments)
    }
}

/// What `redis-cli` says.
pub(crate) fn cli(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli").args(["-p", &port.to_string()]).args(arguments).output();
    let output = output.expect("redis-cli");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A port that nobody listens on. It lies below those that connections take for their own end, each
/// is given out once, and other processes begin elsewhere.
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

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(20));
    }
}
