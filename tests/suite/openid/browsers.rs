//! Attacks through a browser: redirects elsewhere, requests of one browser in another, forged requests.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::back::{self, Back};
use super::flow::{self, Flow, PORTAL, SHOP, configured};
use crate::Tested;
use crate::harness::*;

#[tokio::test]
async fn no_request_redirects_to_an_address_that_is_not_registered() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    for uri in [
        "",
        "https://shop.example",
        "https://shop.example/back/",
        "https://shop.example/back/../evil",
        "https://shop.example/back?x=1",
        "https://shop.example/back#x",
        "https://shop.example/BACK",
        "https://SHOP.example/back",
        "https://shop.example:443/back",
        "https://shop.example:8443/back",
        "http://shop.example/back",
        "https://user@shop.example/back",
        "https://shop.example@evil.example/back",
        "https://shop.example.evil.example/back",
        "https://shop.example%2Fback",
        "https://shop.example/b%61ck",
        "https://shop.example\\@evil.example/back",
        "http://127.0.0.1:3001/back",
        "http://127.0.0.1/back",
        "http://localhost:3000/back",
        "http://[::1]:3000/back",
        "https://portal.example/back?x=1",
        "//shop.example/back",
        "javascript:alert(1)",
    ] {
        let mut query = flow::valid(SHOP);
        query.retain(|(name, _)| *name != "redirect_uri");
        query.push(("redirect_uri", uri.to_owned()));
        let answer = flow::authorize(&postern, &query, &[]).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{uri}");
        let headers = answer.headers().clone();
        assert!(headers.get("location").is_none() && headers.get("set-cookie").is_none(), "{uri}");
        let page = answer.text().await?;
        assert!(!page.contains("evil") && !page.contains("shop"), "{uri}: {page}");
    }
    let mut query = flow::valid(SHOP);
    query.retain(|(name, _)| *name != "client_id");
    for client in ["acme-web", "acme-backend", "other"] {
        let query = [query.clone(), vec![("client_id", client.to_owned())]].concat();
        let answer = flow::authorize(&postern, &query, &[]).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{client} did not opt in");
    }
    Ok(())
}

/// Errors come back to the client with its state and the issuer, which tells issuers apart (mix-up).
#[tokio::test]
async fn a_mistake_is_told_to_the_client_with_its_state_and_the_issuer() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let issuer = back::issuer(&postern).await?;
    for (name, value, error) in [
        ("prompt", "none", "login_required"),
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "email", "invalid_scope"),
        ("request", "a.b.c", "request_not_supported"),
        // PKCE is neither left out nor downgraded.
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
    ] {
        let mut query = flow::valid(SHOP);
        query.retain(|(it, _)| *it != name);
        query.push((name, value.to_owned()));
        let answer = flow::authorize(&postern, &query, &[]).await?;
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        let back = Back::of(&answer)?;
        let state = query.iter().find(|(name, _)| *name == "state").map(|(_, it)| it.as_str());
        assert_eq!(back.path, SHOP.redirect_uri, "{name}");
        assert_eq!((back.get("error"), back.get("state")), (Some(error), state), "{name}");
        assert_eq!(back.get("iss"), Some(issuer.as_str()), "{name}");
        assert_eq!(back.get("code"), None, "{name}");
    }
    Ok(())
}

/// Without `state` and `nonce`, and with those of another request, the challenge still ties a code to its
/// request: see `a_code_is_redeemed_with_the_verifier_of_its_own_request_only`.
#[tokio::test]
async fn state_and_nonce_return_as_they_were_sent() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let mut query = flow::valid(SHOP);
    query.retain(|(name, _)| !["state", "nonce"].contains(name));
    query.push(("prompt", "none".to_owned()));
    let back = Back::of(&flow::authorize(&postern, &query, &[]).await?)?;
    assert_eq!(back.get("state"), None, "none is made up");
    for state in ["a&code=injected&iss=evil", "\u{e4} #?", "<script>"] {
        let query = [query.clone(), vec![("state", state.to_owned())]].concat();
        let back = Back::of(&flow::authorize(&postern, &query, &[]).await?)?;
        assert_eq!((back.get("state"), back.get("code")), (Some(state), None));
    }
    Ok(())
}

#[tokio::test]
async fn the_page_is_in_no_frame_no_cache_and_no_referrer_and_its_cookie_is_no_scripts() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let answer = flow::authorize(&postern, &flow::valid(SHOP), &[]).await?;
    let header = |name: &str| answer.headers()[name].to_str().expect("ASCII").to_owned();
    let policy = header("content-security-policy");
    for rule in
        ["frame-ancestors 'none'", "form-action 'none'", "script-src 'self'", "base-uri 'none'"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    assert_eq!(
        (&*header("cache-control"), &*header("referrer-policy")),
        ("no-store", "no-referrer")
    );
    let cookie = header("set-cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    // A browser keeps its mark, so that two tabs do not end each other's request.
    let pair = cookie.split(';').next().expect("a pair");
    let again = flow::authorize(&postern, &flow::valid(SHOP), &[("cookie", pair)]).await?;
    assert!(again.headers()["set-cookie"].to_str()?.starts_with(pair));
    Ok(())
}

/// Somebody who lures a victim to their own request gets nothing, and nor does a page of another site.
#[tokio::test]
async fn a_request_is_served_in_the_browser_that_made_it_only() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let mine = Flow::begin(&postern, SHOP).await?;
    let other = Flow::begin(&postern, SHOP).await?;
    let portal = Flow::begin(&postern, PORTAL).await?;
    let none = json!({});
    let mut forged = mine.interaction.clone();
    forged.replace_range(..1, if forged.starts_with('A') { "B" } else { "A" });
    let with = |interaction: &str, client| flow::starting(&postern, client, interaction, &none);
    for (what, call) in [
        ("without a cookie", mine.starting(&none)),
        ("in another browser", mine.starting(&none).header("cookie", &other.cookie)),
        ("with a forged request", with(&forged, "shop").header("cookie", &mine.cookie)),
        ("for another client", with(&mine.interaction, "portal").header("cookie", &mine.cookie)),
        ("of another client", with(&portal.interaction, "shop").header("cookie", &portal.cookie)),
        ("without a request", with("", "shop").header("cookie", &mine.cookie)),
    ] {
        assert_eq!(call.send().await?.status(), StatusCode::NOT_FOUND, "{what}");
    }
    for origin in ["https://evil.example", "https://shop.example", "null"] {
        let call = mine.starting(&none).header("cookie", &mine.cookie).header("origin", origin);
        assert_eq!(call.send().await?.status(), StatusCode::FORBIDDEN, "{origin}");
    }

    // The browser is checked at every step.
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut flow = mine;
    let asked = flow.start(json!({})).await?;
    let input = json!({"external_user_id": user, "temp_code": code});
    let input = json!({"assert": "action", "input": input});
    for cookie in [None, Some(&other.cookie)] {
        let call = flow.answering(&asked, &asked, &input);
        let call = cookie.into_iter().fold(call, |call, it| call.header("cookie", it));
        assert_eq!(call.send().await?.status(), StatusCode::NOT_FOUND, "{cookie:?}");
    }
    let answer = flow.answer(&asked, &asked, &input).await?;
    assert!(flow.back(&answer)?.get("code").is_some(), "the user's code is not spent: {answer}");
    Ok(())
}

/// A backend's client runs no journey from a page, except for its own request.
#[tokio::test]
async fn a_confidential_clients_journey_is_no_pages_to_start() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    for (client, journey) in [
        ("portal", "temp-code-authentication"),
        ("portal", "temp-code-form"),
        ("shop", "temp-code-form"),
    ] {
        let path = format!("/ido/api/v2/auth/anonymous_invoke?clientId={client}");
        let body = json!({"headers": [], "data": {"policy_request_id": journey, "params": {}}});
        let answer = postern.post(&path).json(&body).send().await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{client} {journey}");
    }
    let body: Value = postern.invoke("temp-code-form", json!({})).await?.json().await?;
    assert_eq!(body["data"]["state"], "pending", "other clients' pages run theirs as before");
    Ok(())
}

#[tokio::test]
async fn requests_count_against_the_limit_of_their_source() -> Tested {
    let folder = configured()?;
    let config = folder.path().to_str().expect("UTF-8");
    let proxied = ["--starts-per-minute=3", "--trusted-proxies=127.0.0.0/8"];
    let postern = Postern::with(&[&["--config", config], &proxied[..]].concat())?;
    let from = async |address| {
        flow::authorize(&postern, &flow::valid(SHOP), &[("x-forwarded-for", address)]).await
    };
    for _ in 0..3 {
        assert_eq!(from("192.0.2.1").await?.status(), StatusCode::OK);
    }
    let back = Back::of(&from("192.0.2.1").await?)?;
    assert_eq!(back.get("error"), Some("temporarily_unavailable"));
    assert_eq!(from("192.0.2.2").await?.status(), StatusCode::OK, "another source goes on");
    Ok(())
}
