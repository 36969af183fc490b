//! Header blocks and messages that are too large, or that misstate their content.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use tonic::Code;
use tonic::body::Body;
use tower::ServiceExt as _;

use crate::Tested;
use crate::harness::h2::*;
use crate::harness::*;

const RPC: &str = "/postern.code.v1.CodeIssuerService/RevokeCode";
const LIMIT: Duration = Duration::from_secs(5);

/// A header block in as many frames as it needs.
fn in_frames(stream: u32, block: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = block.chunks(16_000).collect();
    let (last, mut bytes) = (parts.len() - 1, Vec::new());
    for (number, part) in parts.into_iter().enumerate() {
        let kind = if number == 0 { HEADERS } else { CONTINUATION };
        let end = if number == last { END_HEADERS } else { 0 };
        let end = if number == 0 { end | END_STREAM } else { end };
        bytes.extend(frame(kind, end, stream, part));
    }
    bytes
}

#[tokio::test]
async fn a_header_block_that_is_too_large_reaches_no_service() -> Tested {
    let postern = Postern::start()?;
    let long = "a".repeat(1024 * 1024);
    let one_long = head(RPC, &[("x-long", &long)]);
    let many = vec![("a", "b"); 10_000];
    let many = head(RPC, &many);
    // Adds a long header to the dynamic table once, and repeats it by its index.
    let mut bomb = head(RPC, &[]);
    bomb.extend([0x40, 1, b'x']);
    bomb.extend(integer(3900, 7, 0));
    bomb.extend([b'a'; 3900]);
    bomb.extend([0x80 | 0x3e; 4096]);
    for (what, block) in [("one long", one_long), ("many", many), ("bomb", bomb)] {
        let at = postern.at.issuer;
        let frames = in_frames(1, &block);
        let end = tokio::task::spawn_blocking(move || {
            flood(at, LIMIT, true, |sent| (sent == 0).then(|| frames.clone()))
        });
        let end = end.await??;
        let is_answered = end.frames.iter().any(|(kind, stream)| {
            (*stream == 1 && [HEADERS, RST_STREAM].contains(kind)) || *kind == GOAWAY
        });
        assert!(is_answered || end.closed_after.is_some(), "{what}: {end:?}");
    }
    assert!(!postern.printed().contains("RevokeCode"), "a service has seen it");
    // A header block just below the limit does reach the service.
    let at = postern.at.issuer;
    let large = head(RPC, &[("x-long", &"a".repeat(8 * 1024))]);
    let large = in_frames(1, &large);
    tokio::task::spawn_blocking(move || {
        flood(at, LIMIT / 5, true, |sent| (sent == 0).then(|| large.clone()))
    })
    .await??;
    assert!(postern.printed().contains("RevokeCode"), "the call did not reach the service");
    Ok(())
}

/// Sends a body as it is. Returns the status.
async fn status(postern: &Postern, encoding: Option<&str>, body: Vec<u8>) -> anyhow::Result<Code> {
    let token = postern.token("acme-support").await?;
    let mut request = ::http::Request::post(format!("http://localhost{RPC}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"));
    if let Some(encoding) = encoding {
        request = request.header("grpc-encoding", encoding);
    }
    let body = Full::from(body).map_err(|never| match never {});
    let answer = channel(postern.at.issuer).oneshot(request.body(Body::new(body))?).await?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await?;
    let status = head.headers.get("grpc-status");
    let status = status.or_else(|| body.trailers()?.get("grpc-status")).expect("a status");
    Ok(Code::from_bytes(status.as_bytes()))
}

/// A message with a given length prefix.
fn message(compressed: u8, says: u32, bytes: &[u8]) -> Vec<u8> {
    [&[compressed], &says.to_be_bytes()[..], bytes].concat()
}

#[tokio::test]
async fn messages_that_are_too_large_or_misstate_their_length_are_refused() -> Tested {
    let mut postern = Postern::start()?;
    let most = 64 * 1024;
    let field = |length: usize| {
        // An unknown field, which the server skips. Its tag and length take four bytes.
        let mut bytes = vec![0xfa, 0x7f];
        let mut rest = length;
        while rest >= 128 {
            bytes.push(u8::try_from(rest % 128).expect("small") | 128);
            rest /= 128;
        }
        bytes.push(u8::try_from(rest).expect("small"));
        bytes.extend(vec![b'a'; length]);
        bytes
    };
    let fits = field(most - 5);
    assert_eq!(fits.len(), most);
    let says = u32::try_from(most)?;
    let answer = status(&postern, None, message(0, says, &fits)).await?;
    assert_eq!(answer, Code::InvalidArgument, "it is read, and names no code");
    let answer = status(&postern, None, message(0, says + 1, &field(most - 4))).await?;
    assert_eq!(answer, Code::ResourceExhausted);

    let before = postern.process("postern").memory()?;
    for _ in 0..20 {
        let answer = status(&postern, None, message(0, u32::MAX, b"a")).await?;
        assert_eq!(answer, Code::ResourceExhausted);
    }
    let grown = postern.process("postern").memory()?.saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "memory grew by {grown} bytes");

    for short in [message(0, 100, b"short"), vec![0, 0], message(0, 1, b"")] {
        let answer = status(&postern, None, short.clone()).await?;
        assert!([Code::Internal, Code::InvalidArgument].contains(&answer), "{short:?}: {answer:?}");
    }
    let answer = status(&postern, None, message(0, 0, b"")).await?;
    assert_eq!(answer, Code::InvalidArgument, "an empty message is a message");
    Ok(())
}

#[tokio::test]
async fn compressed_messages_are_refused() -> Tested {
    let postern = Postern::start()?;
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let compressed = message(1, 10, &bomb);
    assert_eq!(status(&postern, Some("gzip"), compressed.clone()).await?, Code::Unimplemented);
    let unsaid = status(&postern, None, compressed).await?;
    assert!([Code::Internal, Code::Unimplemented].contains(&unsaid), "{unsaid:?}");
    Ok(())
}
