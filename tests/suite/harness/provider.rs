//! An identity provider of agents that a test plays: it signs what it is told, and publishes its keys.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Postern;
use super::http::TOKEN;
use super::keys::{SigningKey, now, with};

/// The grant of a token exchange.
pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The type of what is exchanged.
pub(crate) const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// What is in the folder for the provider, without its issuer and its keys.
const FILE: &str = "\
audience: postern-desk
clients: [acme-support, acme-override]
max_age: 1h
require_amr: [mfa]
claim: roles
self: { user_id: employee_id, email: email }
roles:
  helpdesk: { applications: [acme], may: [issue, revoke, read], tiers: [standard], group: outsourced }
  lead: { applications: [acme], may: [issue, revoke, read, clear, approve] }
  elsewhere: { applications: [staff], may: [issue] }
";

/// A provider and its key.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) key: SigningKey,
}

impl Provider {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let issuer = "https://login.acme.example/staff".to_owned();
        Ok(Self { issuer, key: SigningKey::generate()? })
    }

    /// Adds the provider to a configuration, with its keys in a file.
    pub(crate) fn add_to(&self, folder: &TempDir) -> anyhow::Result<()> {
        write(folder, &format!("issuer: {}\njwks_file: acme.jwks.json\n{FILE}", self.issuer))?;
        self.write_keys(folder)
    }

    /// Adds the provider to a configuration, with keys that are to be discovered.
    pub(crate) fn add_discovered_to(&self, folder: &TempDir) -> anyhow::Result<()> {
        write(folder, &format!("issuer: {}\n{FILE}", self.issuer))
    }

    pub(crate) fn write_keys(&self, folder: &TempDir) -> anyhow::Result<()> {
        Ok(fs::write(folder.path().join("agents/acme.jwks.json"), self.jwks()?.to_string())?)
    }

    pub(crate) fn jwks(&self) -> anyhow::Result<Value> {
        Ok(json!({ "keys": [self.key.public_jwk("1")?] }))
    }

    /// What a good token of an agent of the help desk says.
    pub(crate) fn claims(&self) -> Value {
        let now = now();
        json!({
            "iss": self.issuer, "aud": "postern-desk", "sub": "agent-7", "iat": now,
            "exp": now + 300, "auth_time": now - 60, "amr": ["pwd", "mfa"], "roles": ["helpdesk"],
            "employee_id": "e-7", "email": "Agent.7@acme.example",
        })
    }

    /// A good token, except for these claims.
    pub(crate) fn id_token(&self, changes: &Value) -> anyhow::Result<String> {
        self.key.sign(&good_header(), &with(self.claims(), changes))
    }
}

/// The header of a good token.
pub(crate) fn good_header() -> Value {
    json!({ "alg": "ES256", "kid": "1", "typ": "JWT" })
}

fn write(folder: &TempDir, text: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder.path().join("agents"))?;
    Ok(fs::write(folder.path().join("agents/acme.yaml"), text)?)
}

impl Postern {
    /// Has a client exchange an ID token; `more` are further fields of the form.
    pub(crate) async fn exchange(
        &self,
        client: &str,
        id_token: &str,
        more: &[(&str, &str)],
    ) -> anyhow::Result<Response> {
        self.keep_secret(id_token);
        let secret = format!("{client}-secret");
        let form = [
            ("grant_type", EXCHANGE),
            ("client_id", client),
            ("client_secret", &secret),
            ("subject_token_type", ID_TOKEN),
            ("subject_token", id_token),
        ];
        Ok(self.post(TOKEN).form(&[&form, more].concat()).send().await?)
    }

    /// The token of an agent whom the provider describes so, through that client.
    pub(crate) async fn agent(
        &self,
        client: &str,
        provider: &Provider,
        changes: &Value,
    ) -> anyhow::Result<String> {
        let answer = self.exchange(client, &provider.id_token(changes)?, &[]).await?;
        let (status, answer) = (answer.status(), answer.json::<Value>().await?);
        let token = answer["access_token"].as_str();
        let token = token.with_context(|| format!("{status}: {answer}"))?.to_owned();
        self.keep_secret(&token);
        Ok(token)
    }
}

/// A server of the provider's metadata and keys, which can be changed and stopped.
pub(crate) struct Published {
    pub(crate) at: SocketAddr,
    pub(crate) keys: Arc<Mutex<Value>>,
    _server: JoinSet<()>,
}

impl Published {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = listener.local_addr()?;
        let keys: Arc<Mutex<Value>> = Arc::default();
        let (theirs, mut server) = (Arc::clone(&keys), JoinSet::new());
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = answer(stream, at, &theirs).await;
            }
        });
        Ok(Self { at, keys, _server: server })
    }
}

async fn answer(mut stream: TcpStream, at: SocketAddr, keys: &Mutex<Value>) -> anyhow::Result<()> {
    let mut head = vec![0; 4096];
    let read = stream.read(&mut head).await?;
    let body = if head[..read].starts_with(b"GET /keys ") {
        keys.lock().expect("no panic").to_string()
    } else {
        json!({"issuer": format!("http://{at}"), "jwks_uri": format!("http://{at}/keys")})
            .to_string()
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    Ok(stream.write_all((head + &body).as_bytes()).await?)
}
