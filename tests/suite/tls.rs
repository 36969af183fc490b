//! HTTP over TLS: the accepted versions and cipher suites, and the replacement of certificates.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::Tested;
use crate::harness::process::run;
use crate::harness::tls::{Authority, Pair, client_hello, text};
use crate::harness::*;

const IN_TIME: Duration = Duration::from_secs(20);
const JWKS: &str = "/.well-known/jwks.json";

fn start(pair: &Pair) -> anyhow::Result<Postern> {
    let (certificate, key) = (text(&pair.certificate), text(&pair.key));
    Postern::with(&["--http-tls-certificate", &certificate, "--http-tls-key", &key])
}

/// The first record in reply to a `ClientHello`: its type, and the description of an alert.
fn answer(at: SocketAddr, hello: &[u8]) -> anyhow::Result<(u8, Option<u8>)> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(IN_TIME))?;
    stream.write_all(hello)?;
    let mut record = [0; 7];
    stream.read_exact(&mut record)?;
    Ok((record[0], (record[0] == 21).then_some(record[6])))
}

#[tokio::test]
async fn pages_are_served_over_tls_only() -> Tested {
    let authority = Authority::new()?;
    let postern = start(&authority.sign("postern.example")?)?;
    let (page, _) = authority.get(postern.at.http, JWKS).await?;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("\"keys\""), "{page}");
    assert!(
        Authority::new()?.get(postern.at.http, JWKS).await.is_err(),
        "the certificate is not trusted"
    );
    assert!(postern.get(JWKS).send().await.is_err(), "it speaks without TLS");
    assert!(postern.printed().contains(&format!("https://{}/", postern.at.http)));
    // Probes are sent without a certificate.
    let ready = reqwest::get(format!("http://{}/readyz", postern.at.admin)).await?;
    assert!(ready.status().is_success());
    Ok(())
}

#[tokio::test]
async fn only_answers_over_tls_tell_browsers_to_insist_on_it() -> Tested {
    const HEADER: &str = "strict-transport-security";
    let authority = Authority::new()?;
    let postern = start(&authority.sign("postern.example")?)?;
    for path in ["/", JWKS, "/nowhere"] {
        let (answer, _) = authority.get(postern.at.http, path).await?;
        let expected = format!("\r\n{HEADER}: max-age=31536000\r\n");
        assert!(answer.contains(&expected), "{path}: {answer}");
    }
    let plain = Postern::start()?;
    for path in ["/", JWKS, "/nowhere"] {
        let answer = plain.get(path).send().await?;
        assert!(!answer.headers().contains_key(HEADER), "{path}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn old_versions_and_weak_suites_are_refused() -> Tested {
    const HANDSHAKE: u8 = 22;
    const HANDSHAKE_FAILURE: u8 = 40;
    const PROTOCOL_VERSION: u8 = 70;
    let authority = Authority::new()?;
    let postern = start(&authority.sign("postern.example")?)?;
    let at = postern.at.http;
    // Strong suites are accepted, so the ClientHello is well formed.
    for suite in [0xc02b, 0xc02c, 0xcca9] {
        assert_eq!(answer(at, &client_hello(0x0303, suite))?, (HANDSHAKE, None), "{suite:#x}");
    }
    for version in [0x0300, 0x0301, 0x0302] {
        let answer = answer(at, &client_hello(version, 0xc02b))?;
        assert_eq!(answer, (21, Some(PROTOCOL_VERSION)), "{version:#x}");
    }
    // No forward secrecy; CBC; 3DES; RC4; no encryption; export grade; anonymous.
    for suite in
        [0x002f, 0x009c, 0xc009, 0xc013, 0xc023, 0x000a, 0xc008, 0xc007, 0x0001, 0x0008, 0xc018]
    {
        let answer = answer(at, &client_hello(0x0303, suite))?;
        assert_eq!(answer, (21, Some(HANDSHAKE_FAILURE)), "{suite:#x}");
    }
    Ok(())
}

#[tokio::test]
async fn a_new_certificate_is_used_within_seconds_and_an_invalid_one_is_refused() -> Tested {
    let authority = Authority::new()?;
    let pair = authority.sign("postern.example")?;
    let postern = start(&pair)?;
    let at = postern.at.http;
    let mut old = authority.connect(at).await?;
    let (_, first) = authority.get(at, JWKS).await?;

    let good = std::fs::read(&pair.key)?;
    std::fs::write(&pair.key, "nonsense")?;
    within(IN_TIME, "the change is refused", async || {
        Ok(postern.printed().contains("the change of certificates is refused"))
    })
    .await?;
    assert_eq!(authority.get(at, JWKS).await?.1, first);
    std::fs::write(&pair.key, good)?;

    authority.sign_into("postern.example", &pair)?;
    within(IN_TIME, "the new one is shown", async || Ok(authority.get(at, JWKS).await?.1 != first))
        .await?;
    // Connections opened before stay open.
    old.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    old.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}

#[test]
fn every_mistake_about_certificates_is_reported_before_anything_is_served() -> Tested {
    let authority = Authority::new()?;
    let (one, other) = (authority.sign("one.example")?, authority.sign("other.example")?);
    let (status, printed) = run(&[
        "--http-tls-certificate",
        &text(&one.certificate),
        "--http-tls-key",
        &text(&other.key),
        "--http-listen",
        "nowhere",
    ])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    for told in ["--http-listen", "--http-tls-key", "is not the key of"] {
        assert!(printed.contains(told), "{told} is missing in {printed}");
    }
    let (status, printed) = run(&["--http-tls-certificate", "/does/not/exist"])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    for told in ["/does/not/exist", "--http-tls-key (POSTERN_HTTP_TLS_KEY): must be given"] {
        assert!(printed.contains(told), "{told} is missing in {printed}");
    }
    Ok(())
}

#[tokio::test]
async fn stalled_connections_over_tls_do_not_delay_the_end() -> Tested {
    let authority = Authority::new()?;
    let mut postern = start(&authority.sign("postern.example")?)?;
    let at = postern.at;
    let silent = TcpStream::connect(at.http)?;
    let mut half = TcpStream::connect(at.http)?;
    half.write_all(&client_hello(0x0303, 0xc02b)[..40])?;
    let greeted = authority.connect(at.http).await?;
    // Over HTTP/2: one that stops after the preface, and one that waits for the answer to half a
    // call.
    let mut idle = TcpStream::connect(at.verifier)?;
    idle.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
    idle.write_all(&h2::frame(h2::SETTINGS, 0, 0, &[]))?;
    let mut stalled = idle.try_clone()?;
    let head = h2::head("/postern.code.v1.VerifierService/VerifyCode", &[]);
    stalled.write_all(&h2::frame(h2::HEADERS, h2::END_HEADERS, 1, &head))?;
    // The server has accepted all of them before the end begins.
    authority.get(at.http, JWKS).await?;
    postern.process("postern").terminate()?;
    let status = postern.process("postern").ends_within(IN_TIME).await?;
    assert_eq!(status.code(), Some(0));
    drop((silent, half, greeted, idle));
    Ok(())
}
