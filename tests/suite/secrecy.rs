//! No code, token, secret or identifier is logged, not even at `trace`. Every other test checks
//! this too when its server stops; this one sends secrets to places where they do not belong.

use serde_json::json;

use crate::Tested;
use crate::harness::http::{INVOKE, OTP_SEND, TOKEN};
use crate::harness::*;

#[tokio::test]
async fn no_secret_is_logged() -> Tested {
    let postern = Postern::start()?;
    let user = format!("{}@example.org", unique("canary"));
    let code = postern.issue(&user).await?;
    for client in ["acme-support", "acme-verifier", "acme-backend"] {
        postern.keep_secret(&format!("{client}-secret"));
        postern.token(client).await?;
    }

    // The normal use, with a wrong, an unreadable and a right code.
    let (wrong, unreadable) = (another(&code), format!("wrong-{}", unique("code")));
    postern.keep_secret(&wrong);
    postern.keep_secret(&unreadable);
    postern.redeem(&user, &wrong).await?;
    let params = json!({"external_user_id": user, "temp_code": unreadable});
    postern.invoke("temp-code-authentication", params).await?;
    postern.redeem(&user, &code).await?;

    // In the wrong place: another field, type, header, address or message.
    let stray = unique("stray");
    postern.keep_secret(&stray);
    for body in [
        json!({"channel": stray, "identifier_type": "user_id", "identifier": user}),
        json!({"channel": "direct", "identifier_type": "email", "identifier": stray}),
        json!({"channel": "direct", "identifier_type": "user_id", "identifier": {"a": stray}}),
        json!({"channel": "direct", stray.as_str(): 1}),
    ] {
        postern.otp_send("acme-support", &body).await?;
    }
    postern.post(OTP_SEND).bearer_auth(&stray).json(&json!({})).send().await?;
    postern.post(OTP_SEND).header("x-code", &stray).body(stray.clone()).send().await?;
    postern
        .post(TOKEN)
        .form(&[("client_id", "acme-support"), ("client_secret", &stray)])
        .send()
        .await?;
    postern.post(TOKEN).basic_auth("acme-support", Some(&stray)).send().await?;
    postern
        .post(&format!("{INVOKE}?clientId=acme-web&temp_code={stray}"))
        .json(&json!({}))
        .send()
        .await?;
    postern
        .send_from_page(INVOKE, &json!({"headers": [], "data": {"params": {"temp_code": stray}}}))
        .await?;
    postern
        .invoke("temp-code-authentication", json!({"external_user_id": [stray], "temp_code": 1}))
        .await?;
    let mut verifier = postern.verifier("acme-verifier").await?;
    for kind in [IdentifierType::Email, IdentifierType::PhoneNumber] {
        let request = VerifyCodeRequest {
            user: identifier(kind, &stray),
            code: stray.clone(),
            ..Default::default()
        };
        verifier.verify_code(request).await.expect_err("a malformed identifier");
    }

    // The calls are in the log. Otherwise the search would prove nothing.
    let printed = postern.printed();
    for told in [r#""message":"answered""#, r#""target":"audit""#, "VerifyCode", "/oidc/token"] {
        assert!(printed.contains(told), "{told} is missing");
    }
    Ok(())
}
