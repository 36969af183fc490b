//! A receiver of notices, which can be down, slow or hostile.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::postern::{change, copy_of_config, utf8};
use super::process::run;

const ACME: &str = "applications/acme.yaml";

/// What the receiver does with a notice about that user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers with that status code.
    Answers(u16),
    /// Answers with a redirect to that URL.
    Redirects(String),
    /// Closes the connection.
    Down,
    /// Never answers.
    Silent,
}

/// A notice as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The whole request.
    pub(crate) request: String,
    /// `webhook-id`.
    pub(crate) id: String,
    /// The notice.
    pub(crate) body: Value,
    /// Whether it was answered with 200.
    pub(crate) is_taken: bool,
}

impl Received {
    /// The user that it is about.
    pub(crate) fn user(&self) -> &str {
        self.body["data"]["user"]["value"].as_str().unwrap_or_default()
    }

    pub(crate) fn event(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    manners: Vec<(String, Manner)>,
    received: Vec<Received>,
    connections: usize,
}

/// A receiver on this machine.
pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    state: Arc<Mutex<State>>,
    _server: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = listener.local_addr()?;
        let state: Arc<Mutex<State>> = Arc::default();
        let (theirs, mut server) = (Arc::clone(&state), JoinSet::new());
        server.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                theirs.lock().expect("no panic").connections += 1;
                let state = Arc::clone(&theirs);
                calls.spawn(async move { drop(serve(stream, &state).await) });
            }
        });
        Ok(Self { at, state, _server: server })
    }

    /// Sets the manner for notices about users whose names begin with the prefix. The latest match wins.
    pub(crate) fn behaves(&self, prefix: &str, manner: Manner) {
        self.state.lock().expect("no panic").manners.push((prefix.to_owned(), manner));
    }

    /// Everything that came in.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.lock().expect("no panic").received.clone()
    }

    /// What was answered with 200.
    pub(crate) fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.is_taken).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().expect("no panic").connections
    }
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> anyhow::Result<()> {
    let (head, body) = read(&mut stream).await?;
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let mut received = Received {
        request: format!("{head}\r\n\r\n{body}"),
        id: header("webhook-id").context("webhook-id")?,
        body: serde_json::from_str(&body)?,
        is_taken: false,
    };
    let manner = {
        let mut state = state.lock().expect("no panic");
        let fits = |(prefix, _): &&(String, Manner)| received.user().starts_with(prefix);
        let found = state.manners.iter().rev().find(fits).map(|(_, manner)| manner.clone());
        let manner = found.unwrap_or(Manner::Answers(200));
        received.is_taken = manner == Manner::Answers(200);
        state.received.push(received);
        manner
    };
    let (status, location) = match manner {
        Manner::Answers(status) => (status, String::new()),
        Manner::Redirects(url) => (307, format!("location: {url}\r\n")),
        Manner::Down => return Ok(()),
        Manner::Silent => {
            sleep(Duration::from_secs(60)).await;
            return Ok(());
        }
    };
    let answer = format!("HTTP/1.1 {status} Told\r\n{location}content-length: 0\r\n\r\n");
    Ok(stream.write_all(answer.as_bytes()).await?)
}

/// Reads the head and the body of a request.
async fn read(stream: &mut TcpStream) -> anyhow::Result<(String, String)> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        anyhow::ensure!(read > 0, "the request ends early");
        text += std::str::from_utf8(&buffer[..read])?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.unwrap_or("0").parse()? {
            return Ok((head.to_owned(), body.to_owned()));
        }
    }
}

/// A copy of the configuration of these tests in which acme's notices go to a URL, and the key that
/// verifies them.
pub(crate) fn notifying(url: &str, more: &str) -> anyhow::Result<(TempDir, String)> {
    let folder = copy_of_config()?;
    let public = keygen(&folder)?;
    let notify = format!("desk: {{ notify: {{ url: '{url}', key_files: [notify.key], {more} }} }}");
    change(&folder, ACME, "temp_code:\n", &format!("{notify}\ntemp_code:\n"))?;
    Ok((folder, public))
}

/// Writes acme's key of notices into a configuration. Returns the key that verifies them.
pub(crate) fn keygen(folder: &TempDir) -> anyhow::Result<String> {
    let file = folder.path().join("applications/notify.key");
    let (status, public) = run(&["webhook", "keygen", utf8(&file)?])?;
    anyhow::ensure!(status.success(), "{public}");
    Ok(public.trim().to_owned())
}
