//! The separate services with mutual TLS: clients without a certificate of the CA are refused. The
//! journey runner may be authenticated by its certificate alone.

use std::io::Write as _;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::Tested;
use crate::harness::apart::{Deployment, RUNNER_NAME};
use crate::harness::h2::{END_HEADERS, HEADERS, SETTINGS, frame, head};
use crate::harness::pb::code::verifier_service_client::VerifierServiceClient;
use crate::harness::postern::config;
use crate::harness::process::command;
use crate::harness::tls::{Authority, client_hello};
use crate::harness::*;

const VERIFY: &str = "/postern.code.v1.VerifierService/VerifyCode";
/// The grace period for requests in flight, and an allowance for a busy machine.
const GRACE: Duration = Duration::from_secs(15 + 5);
const APPLICATION: &str = "postern-application";

/// Calls the verifier with this metadata.
async fn verify(channel: &Channel, sent: &[(&'static str, &str)]) -> Result<Rejected, Status> {
    let user = user_id(&unique("jane"));
    let code = "123456123456".to_owned();
    let mut request = Request::new(VerifyCodeRequest { user, code, ..Default::default() });
    for (name, value) in sent {
        let value: AsciiMetadataValue = value.parse().expect("text");
        request.metadata_mut().append(*name, value);
    }
    let answer = VerifierServiceClient::new(channel.clone()).verify_code(request).await?;
    match answer.into_inner().outcome {
        Some(verify_code_response::Outcome::Rejected(rejected)) => Ok(rejected),
        other => panic!("no code was issued, so none can be accepted: {other:?}"),
    }
}

fn code(answer: Result<Rejected, Status>) -> Code {
    answer.expect_err("the call is refused").code()
}

#[tokio::test]
async fn a_recovery_goes_through_over_mutual_tls() -> Tested {
    let deployment = Deployment::of(&config())?.meshed(false)?;
    let postern = deployment.replica()?;
    let user = unique("jane");
    let issued = postern.issue(&user).await?;
    assert_eq!(postern.redeem(&user, &issued).await?.0, "completed");

    let mesh = deployment.mesh();
    let (known, at) = (mesh.sign("somebody.example")?, postern.at.verifier);
    // A certificate without a token gives no access.
    let secure = mesh.channel(at, Some(&known))?;
    let sent = [(APPLICATION, "acme")];
    assert_eq!(code(verify(&secure, &sent).await), Code::Unauthenticated);
    let runner = mesh.channel(at, Some(&mesh.sign(RUNNER_NAME)?))?;
    assert_eq!(
        code(verify(&runner, &sent).await),
        Code::Unauthenticated,
        "without its name in the settings, a certificate gives no access"
    );
    let token = format!("Bearer {}", postern.token("acme-verifier").await?);
    verify(&secure, &[("authorization", &token)]).await?;
    // A client without a certificate is refused, even with a token.
    for refused in [mesh.channel(at, None)?, channel(at)] {
        verify(&refused, &[("authorization", &token)]).await.expect_err("no certificate");
    }
    Ok(())
}

#[tokio::test]
async fn the_journey_runner_may_be_authenticated_by_its_certificate_alone() -> Tested {
    let deployment = Deployment::of(&config())?.meshed(true)?;
    let postern = deployment.replica()?;
    let user = unique("jane");
    let issued = postern.issue(&user).await?;
    assert_eq!(postern.redeem(&user, &another(&issued)).await?.0, "rejected");
    assert_eq!(postern.redeem(&user, &issued).await?.0, "completed");

    let (mesh, at) = (deployment.mesh(), postern.at.verifier);
    let (runner, other) = (mesh.sign(RUNNER_NAME)?, mesh.sign("somebody.example")?);
    let (runner, other) = (mesh.channel(at, Some(&runner))?, mesh.channel(at, Some(&other))?);
    // It has the rights of its token: it is told the reason of a denial, and may call no other rpc.
    let rejected = verify(&runner, &[(APPLICATION, "acme")]).await?;
    assert_ne!(rejected.reason(), RejectionReason::Unspecified);
    let mut request = Request::new(DescribeLockoutRequest { user: user_id(&user) });
    request.metadata_mut().insert(APPLICATION, "acme".parse()?);
    let mut client = VerifierServiceClient::new(runner.clone());
    let answer = client.describe_lockout(request).await;
    assert_eq!(answer.expect_err("refused").code(), Code::PermissionDenied);

    for (who, sent) in [
        (&runner, &[][..]),
        (&runner, &[(APPLICATION, "")]),
        (&runner, &[(APPLICATION, "nobody")]),
        (&runner, &[(APPLICATION, "acme"), (APPLICATION, "acme")]),
        (&runner, &[(APPLICATION, "acme"), ("authorization", "Bearer garbage")]),
        (&runner, &[(APPLICATION, "acme"), ("authorization", "")]),
        (&other, &[(APPLICATION, "acme")]),
    ] {
        assert_eq!(code(verify(who, sent).await), Code::Unauthenticated, "{sent:?}");
    }
    let stranger = Authority::new()?;
    let stranger = mesh.channel(at, Some(&stranger.sign(RUNNER_NAME)?))?;
    verify(&stranger, &[(APPLICATION, "acme")]).await.expect_err("of another authority");
    Ok(())
}

#[tokio::test]
async fn all_certificates_can_be_replaced_while_the_services_run() -> Tested {
    let deployment = Deployment::of(&config())?.meshed(true)?;
    let postern = deployment.replica()?;
    let user = unique("jane");
    let issued = postern.issue(&user).await?;
    assert_eq!(postern.redeem(&user, &another(&issued)).await?.0, "rejected");
    // From a new CA, not trusted so far.
    let new = Authority::new()?;
    deployment.change_mesh(&new)?;
    within(Duration::from_secs(30), "the new certificates are used by all", async || {
        let channel = new.channel(postern.at.verifier, Some(&new.sign(RUNNER_NAME)?))?;
        Ok(verify(&channel, &[(APPLICATION, "acme")]).await.is_ok())
    })
    .await?;
    within(Duration::from_secs(30), "the runner reaches the verifier", async || {
        Ok(postern.redeem(&user, &issued).await?.0 == "completed")
    })
    .await?;
    let old = deployment.mesh();
    let old = old.channel(postern.at.verifier, Some(&old.sign(RUNNER_NAME)?))?;
    verify(&old, &[(APPLICATION, "acme")]).await.expect_err("of the old authority");
    Ok(())
}

#[tokio::test]
async fn stalled_connections_over_mutual_tls_do_not_delay_the_end_of_a_verifier() -> Tested {
    let deployment = Deployment::of(&config())?.meshed(false)?;
    let mut postern = deployment.replica()?;
    let (mesh, at) = (deployment.mesh(), postern.at.verifier);
    let known = mesh.sign("somebody.example")?;
    // One that sends nothing, one that stops in its ClientHello, one that is silent after the
    // handshake.
    let silent = std::net::TcpStream::connect(at)?;
    let mut half = std::net::TcpStream::connect(at)?;
    half.write_all(&client_hello(0x0303, 0xc02b)[..40])?;
    let greeted = mesh.connect_with(at, Some(&known)).await?;
    // One that stops after the HTTP/2 preface, and one that waits for the answer to half a call.
    let hello = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*frame(SETTINGS, 0, 0, &[])].concat();
    let mut idle = mesh.connect_with(at, Some(&known)).await?;
    idle.write_all(&hello).await?;
    let token = format!("Bearer {}", postern.token("acme-verifier").await?);
    let head = head(VERIFY, &[("authorization", &token)]);
    let mut stalled = mesh.connect_with(at, Some(&known)).await?;
    stalled.write_all(&[hello, frame(HEADERS, END_HEADERS, 1, &head)].concat()).await?;
    for stream in [&mut idle, &mut stalled] {
        // Once the server's SETTINGS frame arrives, it has read what was sent before.
        stream.read_exact(&mut [0; 9]).await?;
    }
    verify(&mesh.channel(at, Some(&known))?, &[("authorization", &token)]).await?;

    let process = postern.process("verifier");
    let begun = Instant::now();
    process.terminate()?;
    let status = process.ends_within(GRACE).await?;
    assert_eq!(status.code(), Some(0));
    figure(&format!("a verifier with stalled connections ended after {:?}", begun.elapsed()));
    drop((silent, half, greeted, idle, stalled));
    Ok(())
}

#[test]
fn a_certificate_name_without_certificates_is_refused() -> Tested {
    let output = command("verifier")
        .args(["--runner-certificate-name", "runner.mesh", "--grpc-tls-client-authority", "/none"])
        .output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{printed}");
    assert!(printed.contains("--grpc-tls-key (POSTERN_GRPC_TLS_KEY): must be given"), "{printed}");
    let output = command("verifier").args(["--runner-certificate-name", "*.mesh"]).output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    for told in ["must be one host", "needs --grpc-tls-client-authority"] {
        assert!(printed.contains(told), "{told} is missing in {printed}");
    }
    assert!(!printed.contains("--runner-keys"), "{printed}");
    let output = command("journey-runner")
        .args(["--verifier", "http://a", "--verifier-identity", "certificate"])
        .output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("needs --verifier-certificate and --verifier-key"), "{printed}");
    Ok(())
}
