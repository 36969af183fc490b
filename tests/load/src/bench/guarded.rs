//! An application with every rule of a desk: its agent, the identity provider of that agent, and the receiver
//! of its notices.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;

use crate::calls;
use crate::generator::{Outcome, Pace, Target, drive};
use crate::pb::body;
use crate::pb::code::{IssueCodeRequest, IssueContext};
use crate::stack::access_token;

const ISSUER: &str = "https://login.load.example";

/// How long a receiver waits for the rest of a notice.
const PATIENCE: Duration = Duration::from_secs(5);

/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8.
const SEED: [u8; 4] = [0x04, 0x22, 0x04, 0x20];

/// Adds the application to a configuration. Returns the ID token of its agent.
pub(super) fn configure(config: &Path) -> anyhow::Result<String> {
    let receiver = receive()?;
    let text = include_str!("../../config/applications/guarded.yaml");
    let applications = config.join("applications");
    fs::write(applications.join("guarded.yaml"), text.replace("RECEIVER", &receiver.to_string()))?;
    fs::write(applications.join("notify.key"), signing_key()?)?;

    let agents = config.join("agents");
    fs::create_dir_all(&agents)?;
    fs::write(agents.join("guarded.yaml"), include_str!("../../config/agents/guarded.yaml"))?;
    let key = KeyPair::generate()?;
    let point = key.public_key_raw();
    let coordinate = |at| URL_SAFE_NO_PAD.encode(&point[at..at + 32]);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1",
        "x": coordinate(1), "y": coordinate(33),
    });
    fs::write(agents.join("guarded.jwks.json"), json!({ "keys": [jwk] }).to_string())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({
        "iss": ISSUER, "aud": "postern-desk", "sub": "agent-1", "iat": now, "exp": now + 300,
        "auth_time": now, "roles": ["helpdesk"], "employee_id": "e-1",
    });
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_pem(key.serialize_pem().as_bytes())?;
    Ok(jsonwebtoken::encode(&header, &claims, &key)?)
}

/// The agent's access token.
pub(super) async fn exchange(
    http: SocketAddr,
    secret: &str,
    id_token: &str,
) -> anyhow::Result<String> {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", "guarded-desk"),
        ("client_secret", secret),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("subject_token", id_token),
    ];
    access_token(http, &form).await
}

/// Issues a code for each of that many new users, under a new ticket each. Every call must succeed.
pub(super) async fn issue(desk: &Target, count: usize) -> anyhow::Result<Outcome> {
    let bodies = calls::users(count).into_iter().map(|user| {
        let context = IssueContext {
            reason: "lost phone".to_owned(),
            ticket_ref: format!("INC-{user}"),
            verification_method: "video".to_owned(),
            ..Default::default()
        };
        let (user, context) = (Some(calls::user_id(&user)), Some(context));
        body(&IssueCodeRequest { user, context, ..Default::default() })
    });
    drive(desk, bodies.collect(), Pace::Full).await?.all_well()
}

/// A key for notices, as `postern webhook keygen` writes it.
fn signing_key() -> anyhow::Result<String> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let document = key.serialize_der();
    let at = document.windows(SEED.len()).position(|bytes| bytes == SEED).context("no seed")?;
    let seed = document.get(at + SEED.len()..at + SEED.len() + 32).context("a short seed")?;
    ensure!(key.public_key_raw().len() == 32, "no Ed25519 key");
    Ok(format!("whsk_{}", STANDARD.encode([seed, key.public_key_raw()].concat())))
}

/// Takes every notice, for as long as the process runs.
fn receive() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(take(stream))));
    Ok(at)
}

fn take(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut some = [0; 4096];
    // The answer may leave before the whole notice is here; closing the connection may not.
    if stream.read(&mut some)? > 0 {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        while stream.read(&mut some)? > 0 {}
    }
    Ok(())
}
