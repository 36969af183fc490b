//! The tokens of services and of links open what they are for, and nothing else.

use serde_json::{Value, json};
use tonic::Code;

use super::{Forge, ISSUER, is_untouched, target};
use crate::Tested;
use crate::harness::http::{OTP_SEND, for_user};
use crate::harness::keys::{now, with};
use crate::harness::rpcs::RPCS;
use crate::harness::unique;

impl Forge {
    /// The token of a notice's link, valid except for these changes to its header and claims.
    pub(crate) fn link(&self, header: &Value, claims: &Value) -> anyhow::Result<String> {
        let (header, claims) = self.parts_of_link(header, claims);
        let token = self.key.sign(&header, &claims)?;
        self.postern.keep_secret(&token);
        Ok(token)
    }

    /// The header and the claims of a link's token.
    pub(crate) fn parts_of_link(&self, header: &Value, claims: &Value) -> (Value, Value) {
        let now = now();
        let good = json!({
            "iss": ISSUER, "aud": "urn:postern:not-me", "iat": now, "exp": now + 604_800,
            "jti": unique("link"), "application": "acme",
        });
        (with(self.header(&json!({"typ": "not-me+jwt"})), header), with(good, claims))
    }
}

#[tokio::test]
async fn the_journey_runners_own_token_verifies_codes_and_pairs_and_nothing_else() -> Tested {
    let forge = Forge::start().await?;
    let (target, code_id) = target(&forge).await?;
    let token = forge.runners()?;
    let opens_nothing_else = async || {
        for (rpc, _, _, call) in RPCS {
            let expected = match rpc {
                "VerifyCode" | "PairJourney" | "WithdrawPairing" => continue,
                "DescribeLockout" | "ClearLockout" => Code::PermissionDenied,
                _ => Code::Unauthenticated,
            };
            let answer = call(&forge.postern, Some(token.clone()), &target).await;
            assert_eq!(answer.map_err(|it| it.code()), Err(expected), "{rpc}");
        }
        let send = forge.postern.post(OTP_SEND).bearer_auth(&token).json(&for_user("jane"));
        assert_eq!(send.send().await?.status(), 401);
        anyhow::Ok(())
    };
    opens_nothing_else().await?;
    is_untouched(&forge, &target, code_id).await?;
    // It may verify: this uses the code up, so later answers are denials.
    let (.., call) = RPCS.into_iter().find(|(rpc, ..)| *rpc == "VerifyCode").expect("the rpc");
    assert!(call(&forge.postern, Some(token.clone()), &target).await.is_ok());
    // Its signature is now in the cache of valid tokens, which must not widen its rights.
    opens_nothing_else().await
}

#[tokio::test]
async fn the_token_of_a_link_repudiates_its_code_and_nothing_else() -> Tested {
    let forge = Forge::start().await?;
    let (target, code_id) = target(&forge).await?;
    let token = forge.link(&json!({}), &json!({ "code_id": code_id }))?;
    let opens_nothing_else = async || {
        for (rpc, _, _, call) in RPCS.into_iter().filter(|(rpc, ..)| *rpc != "RepudiateByLink") {
            let status = call(&forge.postern, Some(token.clone()), &target).await.expect_err(rpc);
            let refused = [Code::PermissionDenied, Code::Unauthenticated];
            assert!(refused.contains(&status.code()), "{rpc}: {status:?}");
        }
        let send = forge.postern.post(OTP_SEND).bearer_auth(&token).json(&for_user("jane"));
        assert_eq!(send.send().await?.status(), 403);
        let ask = forge.postern.post("/oidc/token/introspection").bearer_auth(&token);
        assert_eq!(ask.form(&[("token", &token)]).send().await?.status(), 401);
        anyhow::Ok(())
    };
    opens_nothing_else().await?;
    is_untouched(&forge, &target, code_id).await?;
    let (.., call) = RPCS.into_iter().find(|(rpc, ..)| *rpc == "RepudiateByLink").expect("the rpc");
    assert!(call(&forge.postern, Some(token.clone()), &target).await.is_ok());
    // Its signature is now in the cache of valid tokens, which must not widen its rights.
    opens_nothing_else().await
}
