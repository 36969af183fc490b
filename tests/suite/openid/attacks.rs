//! Attacks at the token endpoint: codes that are replayed, injected, or another client's.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::back::{self, Back};
use super::flow::{PORTAL, SHOP, configured, signed_in};
use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::http::TOKEN;
use crate::harness::*;

/// A replayed code gives nothing, and ends what it gave.
async fn a_replay_revokes_what_the_code_gave(postern: &Postern) -> Tested {
    let (flow, back) = signed_in(postern, SHOP).await?;
    let tokens = flow.redeem(&back).await?;
    // A stranger with the code alone, from a history or a log, does not end it.
    let mut stranger = flow.grant(&back);
    stranger.iter_mut().find(|(name, _)| *name == "code_verifier").expect("there").1 =
        "x".repeat(43);
    assert_eq!(flow.try_grant(&stranger).await?.1["error"], "invalid_grant");
    assert_eq!(back::introspect(postern, &tokens).await?["active"], true);
    let (status, body) = flow.try_redeem(&back).await?;
    assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    assert_eq!(back::introspect(postern, &tokens).await?, json!({"active": false}));
    assert!(postern.printed().contains("presented again"), "the operator is told");
    Ok(())
}

#[tokio::test]
async fn a_replay_in_one_process() -> Tested {
    let folder = configured()?;
    a_replay_revokes_what_the_code_gave(&Postern::serving(folder.path())?).await
}

#[tokio::test]
async fn a_replay_at_other_replicas() -> Tested {
    let folder = configured()?;
    let deployment = Deployment::of(folder.path())?.of_one_issuer();
    a_replay_revokes_what_the_code_gave(&deployment.replica()?).await
}

/// A mesh gives every workload a certificate: that of another one redeems nothing, even with the code issuer's
/// key for tokens.
#[tokio::test]
async fn over_mutual_tls_only_the_code_issuers_certificate_redeems() -> Tested {
    let folder = configured()?;
    let mut deployment = Deployment::of(folder.path())?.of_one_issuer().meshed(false)?;
    let postern = deployment.replica()?;
    let (flow, back) = signed_in(&postern, SHOP).await?;
    flow.redeem(&back).await?;

    deployment.redeemer = "somebody.mesh";
    let postern = deployment.replica()?;
    let (flow, back) = signed_in(&postern, SHOP).await?;
    let (status, body) = flow.try_redeem(&back).await?;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(body["error"], "temporarily_unavailable");
    assert!(postern.printed().contains("the journey runner redeems no code"));
    Ok(())
}

/// In parallel, one request gets tokens, which then are revoked.
#[tokio::test]
async fn of_parallel_redemptions_at_most_one_gets_tokens() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let (flow, back) = signed_in(&postern, SHOP).await?;
    let redeemed =
        futures_util::future::try_join_all((0..10).map(|_| flow.try_redeem(&back))).await?;
    let given: Vec<_> = redeemed.iter().filter(|(status, _)| status.is_success()).collect();
    assert_eq!(given.len(), 1, "{redeemed:?}");
    assert_eq!(back::introspect(&postern, &given[0].1).await?["active"], false);
    Ok(())
}

/// A thief without the verifier, and a client into which a code is injected, get nothing. The code is spent.
#[tokio::test]
async fn a_code_is_redeemed_with_the_verifier_of_its_own_request_only() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let (other, _) = signed_in(&postern, SHOP).await?;
    for (name, value) in [
        ("code_verifier", other.verifier.clone()),
        ("redirect_uri", "https://shop.example/back/".to_owned()),
        ("redirect_uri", "http://127.0.0.1:3000/back".to_owned()),
    ] {
        let (flow, back) = signed_in(&postern, SHOP).await?;
        let mut form = flow.grant(&back);
        form.iter_mut().find(|(it, _)| *it == name).expect("there").1 = value;
        for form in [form, flow.grant(&back)] {
            let (status, body) = flow.try_grant(&form).await?;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
            assert_eq!(body["error"], "invalid_grant", "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_code_of_another_client_is_refused() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let (shop, code_of_shop) = signed_in(&postern, SHOP).await?;
    let (portal, code_of_portal) = signed_in(&postern, PORTAL).await?;
    for (flow, back) in [(&portal, &code_of_shop), (&shop, &code_of_portal)] {
        let (status, body) = flow.try_redeem(back).await?;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    }
    Ok(())
}

/// What a request to the token endpoint lacks is told, and spends no code.
#[tokio::test]
async fn an_incomplete_request_spends_no_code() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let (flow, back) = signed_in(&postern, PORTAL).await?;
    for (missing, status, error) in [
        ("code", 400, "invalid_request"),
        ("redirect_uri", 400, "invalid_request"),
        ("code_verifier", 400, "invalid_request"),
        // A confidential client proves itself, also with the right verifier.
        ("client_secret", 401, "invalid_client"),
        ("client_id", 401, "invalid_client"),
    ] {
        let mut form = flow.grant(&back);
        form.retain(|(name, _)| *name != missing);
        let (told, body) = flow.try_grant(&form).await?;
        assert_eq!((told.as_u16(), &body["error"]), (status, &json!(error)), "{missing}: {body}");
    }
    let mut form = flow.grant(&back);
    form.retain(|(name, _)| *name != "client_secret");
    form.push(("client_secret", "portal-secret-portal-secreT".to_owned()));
    let (told, body) = flow.try_grant(&form).await?;
    assert_eq!((told.as_u16(), &body["error"]), (401, &json!("invalid_client")));
    flow.redeem(&back).await?;
    Ok(())
}

#[tokio::test]
async fn what_can_be_no_code_is_refused_and_slowed_down() -> Tested {
    let folder = configured()?;
    let config = folder.path().to_str().expect("UTF-8");
    let postern = Postern::with(&["--config", config, "--trusted-proxies=127.0.0.0/8"])?;
    let (flow, back_of_shop) = signed_in(&postern, SHOP).await?;
    let mut slowed = false;
    for at in 0..150 {
        let code = if at % 2 == 0 { "x".to_owned() } else { "A".repeat(43) };
        let back = Back::parse(&format!("https://shop.example/back?code={code}"))?;
        let answer = postern.post(TOKEN).form(&flow.grant(&back)).send().await?;
        slowed |= answer.status() == StatusCode::TOO_MANY_REQUESTS;
        if slowed {
            assert!(answer.headers().contains_key("retry-after"));
            break;
        }
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }
    assert!(slowed, "a client that presents only wrong codes is slowed down");
    // The right code waits too, but not that of another client, and not at another address.
    let right = flow.grant(&back_of_shop);
    assert_eq!(flow.try_grant(&right).await?.0, StatusCode::TOO_MANY_REQUESTS);
    let (portal, back) = signed_in(&postern, PORTAL).await?;
    portal.redeem(&back).await?;
    let elsewhere = postern.post(TOKEN).header("x-forwarded-for", "192.0.2.2");
    let tokens: Value = elsewhere.form(&right).send().await?.error_for_status()?.json().await?;
    flow.keep(&tokens);
    Ok(())
}
