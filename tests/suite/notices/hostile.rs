//! Receivers that fail for one user, redirect, hang, or are where they must not be.

use super::*;

#[tokio::test]
async fn one_poisoned_notice_delays_no_other_and_stops_no_issue() -> Tested {
    for manner in [Manner::Answers(500), Manner::Silent] {
        let desk = Notifying::start("max_lag: 3s").await?;
        desk.receiver.behaves("mallory", manner);
        let poisoned = desk.issue("mallory", 1).await?;
        for _ in 0..3 {
            let others = desk.issue("jane", 3).await?;
            desk.told("code.issued", &others).await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        assert_eq!(untold(&desk.receiver, "code.issued", &poisoned), 1);
        desk.receiver.behaves("mallory", Manner::Answers(200));
        desk.told("code.issued", &poisoned).await?;
        one_id_each(&desk.receiver);
    }
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_not_followed() -> Tested {
    let desk = Notifying::start("").await?;
    let elsewhere = Receiver::start().await?;
    let url = format!("http://{}/", elsewhere.at);
    desk.receiver.behaves("", Manner::Redirects(url));
    let users = desk.issue("jane", 2).await?;
    within(SOON, "it is tried again", async || Ok(desk.receiver.received().len() > 4)).await?;
    assert_eq!(elsewhere.connections(), 0);
    desk.receiver.behaves("", Manner::Answers(200));
    desk.told("code.issued", &users).await
}

#[tokio::test]
async fn a_refused_notice_is_a_dead_letter_at_once() -> Tested {
    let desk = Notifying::start("").await?;
    desk.receiver.behaves("mallory", Manner::Answers(410));
    desk.issue("mallory", 1).await?;
    let dead = r#"postern_notices_dead_letters_total{postern_reason="refused"}"#;
    within(SOON, "it is counted", async || Ok(desk.postern.metric(dead).await? == 1)).await?;
    let printed = desk.postern.printed();
    let told = printed.lines().find(|line| line.contains("a notice is dead: refused"));
    assert!(
        told.is_some_and(|line| line.contains("msg_") && !line.contains("mallory")),
        "{told:?}"
    );
    let others = desk.issue("jane", 1).await?;
    desk.told("code.issued", &others).await?;
    let about = desk.receiver.received();
    assert_eq!(about.iter().filter(|it| it.user().starts_with("mallory")).count(), 1);
    Ok(())
}

/// Codes are issued until the lag is too large; no connection is ever made.
#[tokio::test]
async fn no_connection_is_made_to_a_private_address() -> Tested {
    let forbidden = Receiver::start().await?;
    let port = forbidden.at.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254"] {
        let (folder, _) = notifying(&format!("https://{host}:{port}/"), "")?;
        let postern = Postern::serving(folder.path())?;
        postern.issue(&unique("jane")).await?;
        within(SOON, "it is refused", async || {
            Ok(postern.printed().contains("private addresses only, which are refused"))
        })
        .await?;
    }
    assert_eq!(forbidden.connections(), 0);
    Ok(())
}

/// A wrong key at the receiver, say. A delivery ends the lag, here that of a redemption.
#[tokio::test]
async fn a_receiver_that_refuses_everything_stops_issuing() -> Tested {
    let desk = Notifying::start("max_lag: 2s").await?;
    desk.receiver.behaves("", Manner::Answers(401));
    let users = desk.issue("jane", 1).await?;
    let mut issuer = desk.postern.issuer("acme-support").await?;
    let user = unique("jane");
    desk.postern.keep_secret(&user);
    let mut refused = None;
    within(SOON, "issuing stops", async || {
        refused = issuer.issue_code(order(&user, unique("key"))).await.err();
        Ok(refused.is_some())
    })
    .await?;
    let status = refused.expect("refused");
    refusal::<()>(Err(status), Code::Unavailable, "NOTICES_DELAYED");
    desk.receiver.behaves("", Manner::Answers(200));
    assert_eq!(desk.postern.verify(&users[0].0, &users[0].1).await?, Ok(()));
    desk.told("code.redeemed", &users).await?;
    within(SOON, "issuing goes on", async || {
        Ok(issuer.issue_code(order(&user, unique("key"))).await.is_ok())
    })
    .await
}
