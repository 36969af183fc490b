//! A fake Redis that greets like a real one, gives the same reply to every script, and lets a test
//! set its clock.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// Serves until the tests end.
pub(crate) struct FakeRedis {
    at: SocketAddr,
    said: Arc<Said>,
}

/// The replies, and the number of scripts.
struct Said {
    /// The reply to every script.
    line: String,
    scripts: AtomicUsize,
    /// How many seconds the clock is ahead.
    ahead: AtomicI64,
}

impl FakeRedis {
    /// Starts one with this reply to every script.
    pub(crate) fn start(line: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let at = listener.local_addr()?;
        let (scripts, ahead) = (AtomicUsize::new(0), AtomicI64::new(0));
        let said = Arc::new(Said { line: format!("{line}\r\n"), scripts, ahead });
        let says = Arc::clone(&said);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let says = Arc::clone(&says);
                thread::spawn(move || serve(client, &says));
            }
        });
        Ok(Self { at, said })
    }

    /// Sets the clock that many seconds ahead of this machine's, or behind it.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        self.said.ahead.store(seconds, Ordering::SeqCst);
    }

    /// The value of `--store`.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.at)
    }

    /// The number of scripts received.
    pub(crate) fn scripts(&self) -> usize {
        self.said.scripts.load(Ordering::SeqCst)
    }
}

impl Said {
    /// The reply to `TIME`.
    fn time(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = now.as_secs().saturating_add_signed(self.ahead.load(Ordering::SeqCst));
        let [seconds, micros] = [seconds.to_string(), now.subsec_micros().to_string()];
        format!("*2\r\n${}\r\n{seconds}\r\n${}\r\n{micros}\r\n", seconds.len(), micros.len())
    }
}

/// Serves one client until it disconnects.
fn serve(client: TcpStream, said: &Said) -> Option<()> {
    let mut client = BufReader::new(client);
    loop {
        let reply = match command(&mut client)?.as_str() {
            "PING" => "+PONG\r\n".to_owned(),
            "ROLE" => "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n".to_owned(),
            "TIME" => said.time(),
            "EVAL" | "EVALSHA" => {
                said.scripts.fetch_add(1, Ordering::SeqCst);
                said.line.clone()
            }
            _ => "+OK\r\n".to_owned(),
        };
        client.get_mut().write_all(reply.as_bytes()).ok()?;
    }
}

/// The name of the next command. Its arguments are discarded.
fn command(client: &mut BufReader<TcpStream>) -> Option<String> {
    let mut name = None;
    for _ in 0..number(client, '*')? {
        let mut word = vec![0; number(client, '$')? + 2];
        client.read_exact(&mut word).ok()?;
        word.truncate(word.len() - 2);
        name.get_or_insert(String::from_utf8_lossy(&word).to_uppercase());
    }
    name
}

fn number(client: &mut BufReader<TcpStream>, kind: char) -> Option<usize> {
    let mut line = String::new();
    client.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}
