//! The encrypted mode is no oracle. A client that replays, changes or combines captured messages
//! gets the same refusal after the same time. After three refusals the session ends.
//!
//! One bit of every byte is changed. `POSTERN_ORACLE=8` changes each bit in turn.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::Tested;
use crate::harness::encrypted::*;
use crate::harness::http::INVOKE;
use crate::harness::postern::config;
use crate::harness::*;

/// The minimum time until a refusal.
const FLOOR: Duration = Duration::from_millis(50);

fn serving(starts_per_minute: u32) -> anyhow::Result<Postern> {
    let (config, pace) = (config(), format!("--starts-per-minute={starts_per_minute}"));
    Postern::with(&["--config", config.to_str().expect("a path in UTF-8"), &pace])
}

/// The text that a browser encrypts to redeem a code. A reader ignores nothing in its first block.
fn redemption(user: &str, code: &str) -> String {
    let params = json!({"external_user_id": user, "temp_code": code});
    format!(r#"{{"policy_request_id":"temp-code-authentication","params":{params}}}"#)
}

/// The refusal for a client without a key, to compare with.
async fn refusal(postern: &Postern) -> anyhow::Result<Seen> {
    let session = CryptoSession::agree(postern).await?;
    let text = session.encrypt("{}")?;
    let unknown = CryptoSession { id: "AAAA".to_owned(), ..session };
    let seen = seen(unknown.send(postern, &text).await?).await?;
    assert_eq!(seen.0, StatusCode::BAD_REQUEST, "{seen:?}");
    Ok(seen)
}

#[tokio::test]
async fn a_message_with_a_changed_bit_is_refused_alike_and_three_end_the_session() -> Tested {
    let postern = serving(10_000)?;
    let refusal = refusal(&postern).await?;
    let plain = redemption(&unique("jane"), "123456123456");
    for turn in 0..asked("POSTERN_ORACLE", 1) {
        change_every_byte(&postern, &plain, &refusal, turn).await?;
    }
    Ok(())
}

/// Changes a bit of each byte of a message, three times in each session.
async fn change_every_byte(postern: &Postern, plain: &str, refusal: &Seen, turn: usize) -> Tested {
    let length = CryptoSession::agree(postern).await?.encrypt(plain)?.len();
    let positions: Vec<_> = (0..length).collect();
    let sessions = positions.chunks(3).map(async |positions| -> Tested {
        let session = CryptoSession::agree(postern).await?;
        for at in positions {
            let captured = session.encrypt(plain)?;
            let seen =
                seen(session.send(postern, &captured.flipped(*at, *at + turn)).await?).await?;
            assert_eq!(&seen, refusal, "byte {at} of {length}, turn {turn}");
        }
        if positions.len() == 3 {
            let fresh = session.encrypt(plain)?;
            let seen = seen(session.send(postern, &fresh).await?).await?;
            assert_eq!(&seen, refusal, "the session goes on after bytes {positions:?}");
        }
        Ok(())
    });
    try_join_all(sessions).await?;
    Ok(())
}

#[tokio::test]
async fn a_captured_message_is_accepted_once() -> Tested {
    let postern = serving(10_000)?;
    let refusal = refusal(&postern).await?;
    let session = CryptoSession::agree(&postern).await?;
    let captured = session.encrypt(&redemption(&unique("jane"), "123456123456"))?;
    assert_eq!(session.send(&postern, &captured).await?.status(), StatusCode::OK);
    for at in [None, Some(16), Some(captured.len() - 1)] {
        let again = at.map_or_else(|| captured.clone(), |at| captured.flipped(at, 0));
        assert_eq!(seen(session.send(&postern, &again).await?).await?, refusal, "{at:?}");
    }
    // A replay does not end the session of the user who sent the message.
    let next = session.encrypt(&redemption(&unique("jane"), "123456123456"))?;
    assert_eq!(session.send(&postern, &next).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn of_many_concurrent_copies_of_a_message_one_is_accepted() -> Tested {
    let postern = serving(10_000)?;
    let session = CryptoSession::agree(&postern).await?;
    let captured = session.encrypt(&redemption(&unique("jane"), "123456123456"))?;
    let answers = try_join_all((0..20).map(|_| session.send(&postern, &captured))).await?;
    assert_eq!(answers.iter().filter(|answer| answer.status() == StatusCode::OK).count(), 1);
    Ok(())
}

/// Messages that must be refused, each with a description.
fn faults(session: &CryptoSession) -> anyhow::Result<Vec<(&'static str, Value)>> {
    let encrypted = |plain: &str| session.encrypt(plain);
    let genuine = redemption("jane", "123456123456");
    let captured = encrypted(&genuine)?;
    // The second block as the first block of a message, with a guessed initialisation vector. The
    // guess is right, and then wrong by one bit.
    let block = &genuine.as_bytes()[16..32];
    let wanted = [b"{}".as_slice(), &[14; 14]].concat();
    let xored = captured.text[..16].iter().zip(block).zip(&wanted);
    let iv: Vec<_> = xored.map(|((cipher, plain), wanted)| cipher ^ plain ^ wanted).collect();
    let joined = Captured { iv, text: captured.text[16..32].to_vec() };
    let part = |end: usize| Captured { text: captured.text[..end].to_vec(), ..captured.clone() };
    let mut faults = vec![
        ("a right guess", session.message(&joined)),
        ("a wrong guess", session.message(&joined.flipped(0, 0))),
        ("a wrong padding", session.message(&joined.flipped(15, 0))),
        ("no text", session.message(&part(0))),
        ("half a block", session.message(&part(24))),
        ("half a message", session.message(&part(32))),
        ("a short vector", session.message(&Captured { iv: vec![7; 15], ..captured.clone() })),
    ];
    for (what, plain) in [
        ("no JSON", "journey"),
        ("no object", r#"["temp-code-authentication",{}]"#),
        ("no UTF-8", "{\"a\":\"\u{1}\"}"),
        ("no fields", "{}"),
        ("a field of another kind", r#"{"policy_request_id":7}"#),
        ("an unknown journey", r#"{"policy_request_id":"nothing"}"#),
        ("another client's journey", r#"{"policy_request_id":"back-office"}"#),
    ] {
        faults.push((what, session.message(&encrypted(plain)?)));
    }
    let mut clear = session.message(&captured);
    clear["data"] = json!({"policy_request_id": "temp-code-authentication"});
    faults.push(("data in clear", clear));
    let mut header = session.message(&captured);
    header["enc_headers"] = json!([header["data"].as_str().expect("a text").get(..24)]);
    faults.push(("an invalid header", header));
    Ok(faults)
}

#[tokio::test]
async fn every_fault_of_an_encrypted_message_gets_the_same_answer_after_the_same_time() -> Tested {
    let postern = serving(10_000)?;
    let refusal = refusal(&postern).await?;
    let count = faults(&CryptoSession::agree(&postern).await?)?.len();
    for at in 0..count {
        let session = CryptoSession::agree(&postern).await?;
        let (what, message) = faults(&session)?.swap_remove(at);
        let begun = Instant::now();
        let seen = seen(postern.send_from_page(INVOKE, &message).await?).await?;
        let took = begun.elapsed();
        assert_eq!(seen, refusal, "{what}");
        assert!(took >= FLOOR, "{what}: {took:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_continues_while_its_messages_are_accepted() -> Tested {
    let postern = serving(10_000)?;
    let session = CryptoSession::agree(&postern).await?;
    for fault in 0..3 {
        for _ in 0..2 {
            let message = session.encrypt(&redemption(&unique("jane"), "123456123456"))?;
            assert_eq!(session.send(&postern, &message).await?.status(), StatusCode::OK);
        }
        let wrong = session.encrypt("{}")?;
        assert_eq!(session.send(&postern, &wrong).await?.status(), 400, "fault {fault}");
    }
    let message = session.encrypt(&redemption(&unique("jane"), "123456123456"))?;
    assert_eq!(session.send(&postern, &message).await?.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn key_exchanges_and_polls_count_towards_the_limit_on_starts() -> Tested {
    for path in [KEY_EXCHANGE, "/ido/api/v2/auth/poll"] {
        let postern = serving(5)?;
        let body = json!({"headers": [], "data": {}});
        let mut statuses = Vec::new();
        for _ in 0..7 {
            statuses.push(postern.send_from_page(path, &body).await?.status().as_u16());
        }
        assert_eq!(statuses, [400, 400, 400, 400, 400, 429, 429], "{path}");
    }
    Ok(())
}
