//! The Rust client library against Postern: what it hides from its caller, and what it tells.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use client::{CallError, Client, Credentials, Outcome, Secret, Tls, TokenError, attempt, user};
use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt as _, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::Tested;
use crate::forgery::{Forge, LOGIN};
use crate::harness::apart::Deployment;
use crate::harness::collector::Collector;
use crate::harness::http::TOKEN;
use crate::harness::lossy::Lossy;
use crate::harness::postern::{config, copy_of_config, utf8};
use crate::harness::receiver::{Receiver, notifying};
use crate::harness::*;

/// Longer than any outage here.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client whose secret is its ID followed by `-secret`.
fn client(token_endpoint: String, id: &str) -> anyhow::Result<Client> {
    with_secret(token_endpoint, id, Secret::Text(format!("{id}-secret").into()))
}

fn with_secret(token_endpoint: String, client_id: &str, secret: Secret) -> anyhow::Result<Client> {
    let client_id = client_id.to_owned();
    let credentials = Credentials { token_endpoint, client_id, secret, tls: None };
    Ok(Client::new(credentials, None)?.with_deadline(PATIENCE))
}

fn token_endpoint(postern: &Postern) -> String {
    format!("http://{}{TOKEN}", postern.at.http)
}

fn url(at: SocketAddr) -> String {
    format!("http://{at}")
}

fn issue(name: &str) -> client::IssueCodeRequest {
    let user = user(client::IdentifierType::UserId, name);
    client::IssueCodeRequest { user, ..Default::default() }
}

/// Issues a code through the library.
async fn issued(
    postern: &Postern,
    issuer: &client::CodeIssuer,
    name: &str,
) -> anyhow::Result<String> {
    postern.keep_secret(name);
    let issued = issuer.issue_code(issue(name)).await?;
    postern.keep_secret(&issued.code);
    Ok(issued.code.clone())
}

/// Whether a code is accepted.
async fn accepts(verifier: &client::Verifier, name: &str, code: &str) -> Result<bool, CallError> {
    let user = user(client::IdentifierType::UserId, name);
    let outcome = verifier.verify_code(attempt(user, code)).await?;
    Ok(matches!(outcome, Outcome::Accepted(_)))
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_nothing_happens_twice() -> Tested {
    let postern = Postern::start()?;
    let (to_issuer, to_verifier) = (Lossy::start().await?, Lossy::start().await?);
    to_issuer.lead_to(postern.at.issuer);
    to_verifier.lead_to(postern.at.verifier);
    let desk = client(token_endpoint(&postern), "acme-support")?;
    let issuer = desk.code_issuer(&url(to_issuer.at))?;
    let login = client(token_endpoint(&postern), "acme-verifier")?;
    let verifier = login.verifier(&url(to_verifier.at))?;
    for turn in 1..=5 {
        let name = unique("jane");
        to_issuer.lose_one();
        let code = issued(&postern, &issuer, &name).await?;
        to_verifier.lose_one();
        assert!(!accepts(&verifier, &name, &another(&code)).await?, "{turn}");
        assert_eq!(postern.lockout(&name).await?.failures, 1, "{turn}: one guess, sent twice");
        to_verifier.lose_one();
        assert!(
            accepts(&verifier, &name, &code).await?,
            "{turn}: the outcome of the first attempt"
        );
        assert!(!accepts(&verifier, &name, &code).await?, "{turn}: the code is used up");
        assert_eq!((to_issuer.lost(), to_verifier.lost()), (turn, turn * 2));
        let printed = postern.printed();
        let issues = printed.lines().filter(|line| line.contains(r#""action":"code.issued""#));
        let fresh = issues.filter(|line| line.contains(r#""replayed":false"#)).count();
        assert_eq!(fresh, turn, "one code for each call");
    }
    Ok(())
}

#[tokio::test]
async fn an_outage_of_redis_is_waited_out() -> Tested {
    let deployment = Deployment::of(&config())?;
    let postern = deployment.replica()?;
    let verifier = client(token_endpoint(&postern), "acme-verifier")?;
    let verifier = verifier.verifier(&url(postern.at.verifier))?;
    let name = unique("jane");
    let code = postern.issue(&name).await?;
    assert!(!accepts(&verifier, &name, &another(&code)).await?);

    deployment.redis.freeze()?;
    let begun = Instant::now();
    let thaw = async {
        // The first attempt has failed by then.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        deployment.redis.thaw()
    };
    let wrong = another(&code);
    let (outcome, thawed) = tokio::join!(accepts(&verifier, &name, &wrong), thaw);
    thawed?;
    assert!(!outcome?, "the outcome of one of its attempts");
    assert!(begun.elapsed() > Duration::from_millis(1500));
    let retried = postern.printed().matches(r#""rpc.response.status_code":"UNAVAILABLE""#).count();
    assert!(retried > 0, "{}", postern.printed());
    assert_eq!(postern.lockout(&name).await?.failures, 2, "one guess, sent several times");
    assert!(accepts(&verifier, &name, &code).await?);

    // An outage that does not end is told, with the delay that the service asks for.
    deployment.redis.freeze()?;
    let error = accepts(&verifier, &name, &code).await.expect_err("nothing is stored");
    deployment.redis.thaw()?;
    assert!(error.is_transient() && error.retry_after().is_some(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_rotated_secret_needs_no_restart() -> Tested {
    let folder = copy_of_config()?;
    let postern = Postern::serving(folder.path())?;
    let id = "acme-plain-verifier";
    let served = folder.path().join(format!("applications/{id}.secret"));
    let own = folder.path().join("own.secret");
    fs::copy(&served, &own)?;
    let login = with_secret(token_endpoint(&postern), id, Secret::File(own.clone()))?;
    let verifier = login.verifier(&url(postern.at.verifier))?;
    let name = unique("jane");
    let code = postern.issue(&name).await?;
    assert!(!accepts(&verifier, &name, &another(&code)).await?);

    let secret = unique("secret");
    postern.keep_secret(&secret);
    fs::write(&served, &secret)?;
    let mut refused = None;
    within(PATIENCE, "the old secret is refused", async || {
        refused = accepts(&verifier, &unique("joe"), "123456123456").await.err();
        Ok(refused.is_some())
    })
    .await?;
    let refused = refused.expect("it is refused");
    let CallError::Token(TokenError::Refused { error, .. }) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error, "invalid_client");

    fs::write(&own, &secret)?;
    assert!(accepts(&verifier, &name, &code).await?);
    Ok(())
}

/// A token endpoint that gives these tokens, one after the other.
async fn giving(tokens: [String; 2]) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    tokio::spawn(async move {
        for token in tokens {
            let (mut stream, _) = listener.accept().await?;
            anyhow::ensure!(stream.read(&mut [0; 4096]).await? > 0, "no request");
            let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600});
            let body = body.to_string();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).await?;
            // A connection that is closed with input unread would be reset, and the answer lost.
            stream.read_to_end(&mut Vec::new()).await?;
        }
        anyhow::Ok(())
    });
    Ok(format!("http://{at}{TOKEN}"))
}

#[tokio::test]
async fn an_expired_token_is_renewed() -> Tested {
    let forge = Forge::start().await?;
    let postern = &forge.postern;
    let now = keys::now();
    let expired = forge.changed(LOGIN, &json!({}), &json!({"exp": now - 40, "iat": now - 3640}))?;
    let token = postern.token(LOGIN.0).await?;
    let name = unique("jane");
    let code = postern.issue(&name).await?;
    let login = client(giving([expired.clone(), token]).await?, LOGIN.0)?;
    assert!(accepts(&login.verifier(&url(postern.at.verifier))?, &name, &code).await?);

    // Only once: a token endpoint whose tokens are of no use is left.
    let login = client(giving([expired.clone(), expired]).await?, LOGIN.0)?;
    let answer = accepts(&login.verifier(&url(postern.at.verifier))?, &name, &code).await;
    assert!(matches!(answer, Err(CallError::Unauthenticated)), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn services_and_token_endpoint_are_called_over_mutual_tls() -> Tested {
    let receiver = Receiver::start().await?;
    let (folder, _) = notifying(&format!("http://{}/", receiver.at), "private_addresses: true")?;
    let deployment = Deployment::of(folder.path())?.meshed(false)?.with_secure_issuer()?;
    let postern = deployment.replica()?;
    let mesh = deployment.mesh();
    let pair = mesh.sign("login.example")?;
    // Certificates contain host names.
    let [issuing, verifying, tokens] = [postern.at.issuer, postern.at.verifier, postern.at.http]
        .map(|at| format!("https://localhost:{}", at.port()));
    let with = |id: &str, tokens_by: &Tls, services_by: &Tls| -> anyhow::Result<Client> {
        let credentials = Credentials {
            token_endpoint: format!("{tokens}{TOKEN}"),
            client_id: id.to_owned(),
            secret: Secret::Text(format!("{id}-secret").into()),
            tls: Some(tokens_by.clone()),
        };
        Ok(Client::new(credentials, Some(services_by.clone()))?.with_deadline(PATIENCE))
    };
    let shown = || -> anyhow::Result<Tls> {
        let tls = Tls::authority(mesh.pem())?;
        Ok(tls.with_identity(fs::read(&pair.certificate)?, fs::read(&pair.key)?)?)
    };
    let trusting = Tls::authority(mesh.pem())?;
    let issuer = with("acme-support", &trusting, &shown()?)?.code_issuer(&issuing)?;
    let verifier = with("acme-verifier", &trusting, &shown()?)?.verifier(&verifying)?;
    let name = unique("jane");
    let code = issued(&postern, &issuer, &name).await?;
    assert!(accepts(&verifier, &name, &code).await?);

    // The journey runner calls the code issuer when the user presses the link of the notice.
    let mut told = String::new();
    within(Duration::from_secs(30), "the user is told", async || {
        let taken = receiver.taken();
        let url = taken.first().and_then(|it| it.body["data"]["not_me_url"].as_str());
        told = url.unwrap_or_default().to_owned();
        Ok(url.is_some())
    })
    .await?;
    let (_, link) = told.split_once("?t=").expect("a token");
    postern.keep_secret(link);
    let pressed = postern.post("/not-me").form(&[("t", link)]).send().await?;
    assert_eq!(pressed.status(), 200);

    // Without a certificate it has a token, but no connection to the service until it is renewed.
    let renewed = Tls::authority(mesh.pem())?;
    let bare = with("acme-verifier", &trusting, &renewed)?.verifier(&verifying)?;
    let error = accepts(&bare, &name, &code).await.expect_err("it shows no certificate");
    assert!(matches!(error, CallError::Unavailable { .. }), "{error:?}");
    renewed.renew(&shown()?);
    assert!(!accepts(&bare, &name, &code).await?, "the code is redeemed");
    // A server of another authority gets no secret.
    let other = Tls::authority(tls::Authority::new()?.pem())?;
    let other = with("acme-verifier", &other, &shown()?)?.verifier(&verifying)?;
    let error = accepts(&other, &name, &code).await.expect_err("the server is not trusted");
    assert!(matches!(error, CallError::Token(TokenError::Unavailable { .. })), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn the_callers_trace_goes_on_in_the_service() -> Tested {
    const CALLER: u64 = 0xb7ad_6b71_6920_3331;
    let collector = Collector::start()?;
    let folder = config();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.at)),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
    ];
    let postern = Postern::with_environment(&["--config", utf8(&folder)?], &variables)?;
    let verifier = client(token_endpoint(&postern), "acme-verifier")?;
    let verifier = verifier.verifier(&url(postern.at.verifier))?;
    let trace = rand::random::<u128>() | 1;
    let span = SpanContext::new(
        TraceId::from(trace),
        SpanId::from(CALLER),
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    );
    let caller = Context::new().with_remote_span_context(span);
    assert!(!accepts(&verifier, &unique("jane"), "123456123456").with_context(caller).await?);

    let rpc = "postern.code.v1.VerifierService/VerifyCode";
    let spans = collector.trace(&trace.to_be_bytes(), &[rpc]).await?;
    let served = spans.iter().find(|span| span.name == rpc).expect("it was waited for");
    assert_eq!(served.parent_span_id, CALLER.to_be_bytes());
    Ok(())
}
