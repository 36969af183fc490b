//! `OpenID` Connect: relying parties send browsers here and get them back with a one-time code.

mod attacks;
mod back;
mod browsers;
mod endpoints;
mod faults;
mod flow;
mod paired;
mod provider;

use serde_json::{Value, json};

use self::flow::{Flow, PORTAL, Party, SHOP, configured};
use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::collector::Collector;
use crate::harness::*;

async fn a_user_signs_in_and_the_client_knows_who(postern: &Postern, party: Party) -> Tested {
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut flow = Flow::begin(postern, party).await?;
    let back = flow.finish(&user, &code).await?;
    assert_eq!(back.path, party.redirect_uri.split('?').next().expect("a path"));
    assert_eq!(back.get("state"), Some(flow.state.as_str()));
    let issuer = back::issuer(postern).await?;
    assert_eq!(back.get("iss"), Some(issuer.as_str()), "RFC 9207");
    assert_eq!(back.get("error"), None);

    let tokens = flow.redeem(&back).await?;
    assert_eq!(
        (&tokens["token_type"], &tokens["scope"]),
        (&json!("Bearer"), &json!("openid recovery"))
    );
    assert!(tokens.get("refresh_token").is_none(), "a recovery is not a session");
    let lifetime = tokens["expires_in"].as_u64().expect("seconds");
    assert!((1..=900).contains(&lifetime), "{lifetime}");
    let claims = back::verified(postern, &tokens, party).await?;
    assert_eq!(claims["sub"], user);
    assert_eq!(claims["nonce"], flow.nonce);
    assert_eq!(claims["amr"], json!(["otp"]));
    assert_eq!(claims["acr"], "urn:postern:temp-code");
    assert!(claims["auth_time"].is_i64() && claims["sid"].is_string(), "{claims}");
    let introspected = back::introspect(postern, &tokens).await?;
    assert_eq!((&introspected["active"], &introspected["sub"]), (&json!(true), &json!(user)));
    Ok(())
}

#[tokio::test]
async fn in_one_process() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    a_user_signs_in_and_the_client_knows_who(&postern, SHOP).await?;
    a_user_signs_in_and_the_client_knows_who(&postern, PORTAL).await
}

#[tokio::test]
async fn across_services_of_one_issuer() -> Tested {
    let folder = configured()?;
    let deployment = Deployment::of(folder.path())?.of_one_issuer();
    let postern = deployment.replica()?;
    a_user_signs_in_and_the_client_knows_who(&postern, SHOP).await?;
    a_user_signs_in_and_the_client_knows_who(&postern, PORTAL).await
}

/// Mosaic's completion: the same code, under another path.
#[tokio::test]
async fn the_same_code_is_exchanged_in_the_form_of_mosaic() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    for as_json in [true, false] {
        let (flow, back) = flow::signed_in(&postern, SHOP).await?;
        let fields = flow.grant(&back);
        let fields: Vec<_> = fields.iter().filter(|(name, _)| *name != "client_id").collect();
        let request = postern.post("/ido/api/v2/token/exchange?clientId=shop");
        let object: serde_json::Map<_, _> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let request = if as_json { request.json(&object) } else { request.form(&fields) };
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        flow.keep(&answer);
        assert!(answer["id_token"].is_string(), "{answer}");
        // It is one code.
        let again = flow.try_redeem(&back).await?;
        assert_eq!(again.1["error"], "invalid_grant");
    }
    Ok(())
}

/// A wrong code is no end where the journey asks again; a rejection is one, and so is an escape.
#[tokio::test]
async fn a_rejection_and_an_escape_return_as_access_denied() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let mut rejected = Flow::begin(&postern, PORTAL).await?;
    let params = json!({"external_user_id": unique("jane"), "temp_code": "123456123456"});
    let answer = rejected.start(params).await?;
    assert_eq!(answer["data"]["state"], "rejected", "{answer}");
    let mut escaped = Flow::begin(&postern, SHOP).await?;
    let asked = escaped.start(json!({})).await?;
    let left = json!({"assert": "escape", "data": {"escape_id": "contact_support"}});
    let shown = escaped.answer(&asked, &asked, &left).await?;
    let closed = json!({"assert": "action", "input": {}});
    let escape = escaped.answer(&asked, &shown, &closed).await?;
    for (flow, answer) in [(rejected, answer), (escaped, escape)] {
        assert!(answer["data"].get("token").is_none(), "{answer}");
        let back = flow.back(&answer)?;
        assert_eq!(back.get("error"), Some("access_denied"));
        assert_eq!((back.get("state"), back.get("code")), (Some(flow.state.as_str()), None));
        assert!(back.get("iss").is_some());
    }
    Ok(())
}

/// The identifier in `login_hint` and the language in `ui_locales` reach the page.
#[tokio::test]
async fn the_page_is_prefilled_and_speaks_the_language_asked_for() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let mut query = flow::valid(SHOP);
    query.push(("login_hint", "</script>ada".to_owned()));
    query.push(("ui_locales", "fr de".to_owned()));
    let page = flow::authorize(&postern, &query, &[]).await?.text().await?;
    assert!(page.contains("<html lang=\"de\">"), "{page}");
    assert!(page.contains(r#""hint":"\u003c/script>ada""#), "{page}");
    Ok(())
}

/// The browser's calls and the client's have no trace in common: the request's trace takes them up.
#[tokio::test]
async fn one_sign_in_is_one_trace_from_the_request_to_the_tokens() -> Tested {
    let collector = Collector::start()?;
    let folder = configured()?;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.at)),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ("POSTERN_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
        ("POSTERN_PROXY_TRACES", "continue".to_owned()),
    ];
    let deployment = Deployment::of(folder.path())?.of_one_issuer().with_environment(&variables);
    let postern = deployment.replica()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let trace = rand::random::<[u8; 16]>();
    let parent = format!("00-{:032x}-00f067aa0ba902b7-01", u128::from_be_bytes(trace));
    let mut flow = Flow::begin_with(&postern, PORTAL, &[("traceparent", &parent)]).await?;
    let back = flow.finish(&user, &code).await?;
    flow.redeem(&back).await?;
    let names = [
        "GET /oidc/auth",
        "start the journey of a request",
        "EVALSHA verify",
        "grant an authorization code",
        "EVALSHA authorization_put",
        "redeem an authorization code",
    ];
    collector.trace(&trace, &names).await?;
    Ok(())
}
