//! A Redis that greets like any other and answers every script with one and the same line.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// It serves for as long as the tests run.
pub(crate) struct FakeRedis {
    at: SocketAddr,
    scripts: Arc<AtomicUsize>,
}

impl FakeRedis {
    /// Starts one that says this line to every script.
    pub(crate) fn start(line: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let at = listener.local_addr()?;
        let scripts = Arc::new(AtomicUsize::new(0));
        let (line, counted) = (format!("{line}\r\n"), Arc::clone(&scripts));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (line, counted) = (line.clone(), Arc::clone(&counted));
                thread::spawn(move || serve(client, &line, &counted));
            }
        });
        Ok(Self { at, scripts })
    }

    /// What `--store` takes.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.at)
    }

    /// How many scripts it was sent.
    pub(crate) fn scripts(&self) -> usize {
        self.scripts.load(Ordering::SeqCst)
    }
}

/// Answers until the client goes.
fn serve(client: TcpStream, line: &str, scripts: &AtomicUsize) -> Option<()> {
    let mut client = BufReader::new(client);
    loop {
        let reply = match command(&mut client)?.as_str() {
            "PING" => "+PONG\r\n",
            "ROLE" => "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n",
            "EVAL" | "EVALSHA" => {
                scripts.fetch_add(1, Ordering::SeqCst);
                line
            }
            _ => "+OK\r\n",
        };
        client.get_mut().write_all(reply.as_bytes()).ok()?;
    }
}

/// The name of the next command, whose other words are read and forgotten.
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
