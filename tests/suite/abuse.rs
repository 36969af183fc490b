//! HTTP/2 attacks while another client works: each attack is ended, or costs the server next to
//! nothing, and the other client does not notice.
//!
//! Each attack is short. `POSTERN_ABUSE=10` makes all of them ten times as long.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::Tested;
use crate::harness::h2::*;
use crate::harness::victim::Victim;
use crate::harness::{Postern, asked};

const RPC: &str = "/postern.code.v1.VerifierService/ClearLockout";
/// The duration of an attack that the server tolerates.
const ATTACK: Duration = Duration::from_secs(2);
/// The limit for the server to close an attacking connection.
const SOON: Duration = Duration::from_secs(5);

/// The factor for the duration of attacks.
fn times() -> u32 {
    u32::try_from(asked("POSTERN_ABUSE", 1)).expect("a small number")
}

/// Attacks the verifier beside a working client, which must be served. The attack blocks its
/// thread.
async fn attack<T: Send + 'static>(
    attack: impl FnOnce(SocketAddr, String) -> std::io::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let mut postern = Postern::start()?;
    let token = postern.token("acme-support").await?;
    let victim = Victim::of(&mut postern).await?;
    let at = postern.at.verifier;
    let begun = Instant::now();
    let attacked = tokio::task::spawn_blocking(move || attack(at, token)).await??;
    tokio::time::sleep(ATTACK.saturating_sub(begun.elapsed())).await;
    victim.ends_well(&mut postern).await?;
    Ok(attacked)
}

/// The stream id of the n-th call.
fn stream(call: usize) -> u32 {
    u32::try_from(call * 2 + 1).expect("a stream's number")
}

/// A batch of frames to send at once.
fn batch(sent: usize, frames: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    (sent * 100..sent * 100 + 100).flat_map(frames).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_reset_at_once_end_the_connection() -> Tested {
    let end = attack(|at, _| {
        let head = head(RPC, &[]);
        flood(at, SOON, true, |sent| {
            (sent < 1000).then(|| {
                batch(sent, |call| {
                    let call = stream(call);
                    let begun = frame(HEADERS, END_STREAM | END_HEADERS, call, &head);
                    [begun, frame(RST_STREAM, 0, call, &8_u32.to_be_bytes())].concat()
                })
            })
        })
    })
    .await?;
    assert_eq!(end.goaway, Some(ENHANCE_YOUR_CALM), "{end:?}");
    assert!(end.closed_after.is_some() && end.sent < 1000, "{end:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_make_the_server_reset_them_end_the_connection() -> Tested {
    let end = attack(|at, _| {
        let head = head(RPC, &[]);
        flood(at, SOON, true, |sent| {
            (sent < 1000).then(|| {
                batch(sent, |call| {
                    let call = stream(call);
                    let begun = frame(HEADERS, END_HEADERS, call, &head);
                    // Beyond the maximum window, which is a stream error: the server resets the
                    // call.
                    let wider = 0x7fff_ffff_u32.to_be_bytes();
                    [begun, frame(WINDOW_UPDATE, 0, call, &wider)].concat()
                })
            })
        })
    })
    .await?;
    assert_eq!(end.goaway, Some(ENHANCE_YOUR_CALM), "{end:?}");
    assert!(end.closed_after.is_some() && end.sent < 1000, "{end:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_block_without_end_ends_the_connection() -> Tested {
    for (length, flags) in [(16_000, 0), (1, 0), (0, 0)] {
        let end = attack(move |at, _| {
            let more = vec![b'a'; length];
            flood(at, SOON, true, |sent| match sent {
                0 => Some(frame(HEADERS, flags, 1, &head(RPC, &[]))),
                sent => (sent < 100_000).then(|| batch(sent, |_| frame(CONTINUATION, 0, 1, &more))),
            })
        })
        .await?;
        let closed =
            end.closed_after.with_context(|| format!("{length}: it bears {}", end.sent))?;
        assert!(closed < SOON, "{length}: {end:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_in_tiny_frames_are_bounded() -> Tested {
    for length in [0, 1] {
        attack(move |at, token| {
            let token = format!("Bearer {token}");
            let head = head(RPC, &[("authorization", &token)]);
            // The prefix of a message of the maximum size.
            let begin = frame(DATA, 0, 1, &[0, 0, 1, 0, 0]);
            flood(at, ATTACK * times(), false, |sent| match sent {
                0 => Some([frame(HEADERS, END_HEADERS, 1, &head), begin.clone()].concat()),
                sent => Some(batch(sent, |_| frame(DATA, 0, 1, &b"a"[..length]))),
            })
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_pings_and_settings_are_bounded() -> Tested {
    for flood_of in [frame(PING, 0, 0, &[7; 8]), frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])] {
        let end = attack(move |at, _| {
            flood(at, ATTACK * times(), false, |sent| Some(batch(sent, |_| flood_of.clone())))
        })
        .await?;
        assert!(end.sent > 10, "{end:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_answers_are_bounded() -> Tested {
    let end = attack(|at, token| {
        let token = format!("Bearer {token}");
        let head = head(RPC, &[("authorization", &token)]);
        let no_window = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
        flood(at, ATTACK * times(), true, |sent| match sent {
            0 => Some(no_window.clone()),
            sent => (sent < 1000).then(|| {
                let call = stream(sent);
                let message = frame(DATA, END_STREAM, call, &[0, 0, 0, 0, 0]);
                [frame(HEADERS, END_HEADERS, call, &head), message].concat()
            }),
        })
    })
    .await?;
    assert!(end.sent > 1, "{end:?}");
    Ok(())
}
