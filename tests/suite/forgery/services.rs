//! The tokens of services open what those services need, and nothing else.

use tonic::Code;

use super::{Forge, is_untouched, target};
use crate::Tested;
use crate::harness::http::{OTP_SEND, for_user};
use crate::harness::rpcs::RPCS;

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
