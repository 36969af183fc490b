//! A server that greets like a primary and answers every script with whatever it is told to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the fake says.
#[derive(Clone, Default)]
pub(crate) struct Says {
    /// To every script, as it goes over the wire.
    script: Arc<Mutex<Vec<u8>>>,
    /// How many scripts it was sent.
    pub(crate) scripts: Arc<AtomicUsize>,
}

impl Says {
    /// From now on, says this to every script.
    pub(crate) fn say(&self, reply: &[u8]) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = reply.to_vec();
    }

    fn to(&self, command: &str) -> Vec<u8> {
        match command {
            "PING" => b"+PONG\r\n".to_vec(),
            "ROLE" => b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n".to_vec(),
            "EVAL" | "EVALSHA" => {
                self.scripts.fetch_add(1, Ordering::SeqCst);
                self.script.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }
            _ => b"+OK\r\n".to_vec(),
        }
    }
}

/// Begins to serve, for as long as the runtime lives.
pub(crate) async fn fake() -> (SocketAddr, Says) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let says = Says::default();
    let told = says.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, told.clone()));
        }
    });
    (address, says)
}

async fn serve(client: TcpStream, says: Says) {
    let mut client = BufReader::new(client);
    while let Some(command) = command(&mut client).await {
        if client.write_all(&says.to(&command)).await.is_err() {
            return;
        }
    }
}

/// The name of the next command, whose other words are read and forgotten.
async fn command(client: &mut BufReader<TcpStream>) -> Option<String> {
    let mut name = None;
    for _ in 0..number(client, '*').await? {
        let mut word = vec![0; number(client, '$').await? + 2];
        client.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        name.get_or_insert(String::from_utf8_lossy(&word).to_uppercase());
    }
    name
}

async fn number(client: &mut BufReader<TcpStream>, kind: char) -> Option<usize> {
    let mut line = String::new();
    client.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}
