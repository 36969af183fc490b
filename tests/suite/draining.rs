//! Shutdown: in time, in order, and without cutting requests in flight.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::Tested;
use crate::harness::http::{INVOKE, OTP_SEND, for_user};
use crate::harness::postern::{config, utf8};
use crate::harness::*;

/// Less than the grace period for requests in flight.
const IN_TIME: Duration = Duration::from_secs(10);

fn start(flags: &[&str]) -> anyhow::Result<Postern> {
    let config = config();
    Postern::with(&[&["--config", utf8(&config)?], flags].concat())
}

async fn asks(postern: &Postern, path: &str) -> anyhow::Result<(StatusCode, String)> {
    let answer = reqwest::get(format!("http://{}{path}", postern.at.admin)).await?;
    Ok((answer.status(), answer.text().await?))
}

/// A request whose last byte is still to be sent.
struct Half {
    stream: TcpStream,
    rest: String,
}

impl Half {
    fn send(at: SocketAddr, path: &str, token: &str, body: &Value) -> anyhow::Result<Self> {
        let body = body.to_string();
        let (most, rest) = body.split_at(body.len() - 1);
        let length = body.len();
        let mut stream = TcpStream::connect(at)?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{most}"
        )?;
        Ok(Self { stream, rest: rest.to_owned() })
    }

    /// Sends the last byte. Returns the status line, header and body of the answer.
    fn finish(mut self) -> anyhow::Result<String> {
        self.stream.write_all(self.rest.as_bytes())?;
        let mut answer = String::new();
        // The server closes the connection after the answer.
        self.stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// Waits until the server refuses connections. From then on it serves only requests in flight.
async fn no_longer_listens(at: SocketAddr) -> Tested {
    within(IN_TIME, "no new connection is accepted", async || Ok(TcpStream::connect(at).is_err()))
        .await
}

#[tokio::test]
async fn liveness_and_readiness_are_served_to_operators_only() -> Tested {
    let postern = Postern::start()?;
    assert_eq!(asks(&postern, "/livez").await?, (StatusCode::OK, "alive\n".to_owned()));
    assert_eq!(asks(&postern, "/readyz").await?, (StatusCode::OK, "ready\n".to_owned()));
    assert_eq!(asks(&postern, "/metrics").await?.0, StatusCode::OK);
    assert_eq!(asks(&postern, "/debug").await?.0, StatusCode::NOT_FOUND);
    // No other listener serves them.
    for path in ["/readyz", "/metrics"] {
        assert_eq!(postern.get(path).send().await?.status(), StatusCode::NOT_FOUND);
    }
    Ok(())
}

#[tokio::test]
async fn silent_connections_and_health_watches_do_not_hold_up_the_end() -> Tested {
    let mut postern = Postern::start()?;
    let at = postern.at;
    let everywhere = [at.http, at.issuer, at.verifier, at.runner, at.admin];
    let silent = everywhere.map(TcpStream::connect);
    let mut health = HealthClient::new(channel(at.verifier));
    let request = HealthCheckRequest { service: String::new() };
    let mut watch = health.watch(request).await?.into_inner();
    let first = watch.message().await?.expect("a first status");
    assert_eq!(first.status(), ServingStatus::Serving);

    postern.process("postern").terminate()?;
    let begun = Instant::now();
    let mut last = first;
    // The stream ends with the process. The same status may be sent twice during the start.
    while let Some(next) = watch.message().await? {
        last = next;
    }
    assert_eq!(last.status(), ServingStatus::NotServing);
    let status = postern.process("postern").ends_within(IN_TIME).await?;
    assert_eq!(status.code(), Some(0), "after {:?}", begun.elapsed());
    drop(silent);
    Ok(())
}

#[tokio::test]
async fn before_it_ends_it_reports_not_ready_and_still_serves() -> Tested {
    let mut postern = start(&["--drain-delay", "3s"])?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    postern.process("postern").terminate()?;
    within(IN_TIME, "it is not ready", async || {
        Ok(asks(&postern, "/readyz").await?.0 == StatusCode::SERVICE_UNAVAILABLE)
    })
    .await?;
    assert_eq!(asks(&postern, "/livez").await?.0, StatusCode::OK);
    assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
    let status = postern.process("postern").ends_within(IN_TIME).await?;
    assert_eq!(status.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn a_request_in_flight_is_answered() -> Tested {
    let mut postern = Postern::start()?;
    let at = postern.at.http;
    let token = postern.token("acme-support").await?;
    let half = Half::send(at, OTP_SEND, &token, &for_user(&unique("jane")))?;
    postern.get("/").send().await?;
    postern.process("postern").terminate()?;
    no_longer_listens(at).await?;
    let answer = half.finish()?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("OTP sent"), "{answer}");
    let status = postern.process("postern").ends_within(IN_TIME).await?;
    assert_eq!(status.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn a_journey_in_flight_still_finds_the_verifier() -> Tested {
    let mut postern = Postern::start()?;
    let at = postern.at.http;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let path = format!("{INVOKE}?aid=default_application&clientId=acme-web&locale=en");
    let params = json!({"external_user_id": user, "temp_code": code});
    let data = json!({"policy_request_id": "temp-code-authentication", "params": params});
    let half = Half::send(at, &path, "", &json!({"headers": [], "data": data}))?;
    postern.get("/").send().await?;
    postern.process("postern").terminate()?;
    no_longer_listens(at).await?;
    let answer = half.finish()?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("completed"), "{answer}");
    let status = postern.process("postern").ends_within(IN_TIME).await?;
    assert_eq!(status.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn endless_requests_are_cut_at_the_deadline() -> Tested {
    let mut postern = start(&["--drain-deadline", "1s"])?;
    let at = postern.at;
    let token = postern.token("acme-support").await?;
    let half = Half::send(at.http, OTP_SEND, &token, &for_user(&unique("jane")))?;
    // Sends the HTTP/2 preface and nothing more.
    let mut preface = TcpStream::connect(at.issuer)?;
    preface.write_all(b"PRI * HTTP/2.0\r\n")?;
    postern.get("/").send().await?;
    postern.process("postern").terminate()?;
    let status = postern.process("postern").ends_within(IN_TIME).await?;
    assert_eq!(status.code(), Some(0));
    assert!(postern.printed().contains("the drain deadline passed"));
    drop(half);
    Ok(())
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() -> Tested {
    let mut postern = start(&["--drain-delay", "1h"])?;
    postern.process("postern").terminate()?;
    within(IN_TIME, "it drains", async || Ok(postern.printed().contains("draining"))).await?;
    postern.process("postern").terminate()?;
    let status = postern.process("postern").ends_within(IN_TIME).await?;
    assert_eq!(status.code(), Some(0));
    Ok(())
}
