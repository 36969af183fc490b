//! A server that greets like a primary and answers every script with a reply that the test sets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The replies of the fake, and the commands it received.
#[derive(Clone, Default)]
pub(crate) struct Says {
    /// The reply to every script, in wire format.
    script: Arc<Mutex<Vec<u8>>>,
    /// The replies to other commands, or to one of the commands that send a script.
    others: Arc<Mutex<HashMap<&'static str, Vec<u8>>>>,
    heard: Arc<Mutex<Vec<String>>>,
    /// The number of scripts received.
    pub(crate) scripts: Arc<AtomicUsize>,
}

impl Says {
    /// Sets the reply to every script.
    pub(crate) fn say(&self, reply: &[u8]) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = reply.to_vec();
    }

    /// Sets the reply to every command of that name.
    pub(crate) fn say_to(&self, command: &'static str, reply: &str) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.insert(command, reply.as_bytes().to_vec());
    }

    /// Takes the commands received so far; for scripts, the command that sent them.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn to(&self, command: &[String]) -> Vec<u8> {
        let name = command.first().map_or("", String::as_str);
        let is_script = ["EVAL", "EVALSHA"].contains(&name);
        let told = if is_script { name.to_owned() } else { command.join(" ") };
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reply) = others.get(name) {
            return reply.clone();
        }
        match name {
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

/// Serves until the runtime ends.
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

/// The words of the next command.
async fn command(client: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut words = vec![];
    for _ in 0..number(client, '*').await? {
        let mut word = vec![0; number(client, '$').await? + 2];
        client.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    words.first_mut()?.make_ascii_uppercase();
    Some(words)
}

async fn number(client: &mut BufReader<TcpStream>, kind: char) -> Option<usize> {
    let mut line = String::new();
    client.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}
