//! The scripts of the previous release next to those of this one, as in an upgrade: they see no active
//! code where a code is paired, and keep it wherever they write its record.
//!
//! `tests/golden/0.1.0` holds their text. It never changes.

use clock::{Clock as _, SystemClock};
use codes::digest::CodeDigest;
use codes::record::DenialReason;
use redis::{Client, Script, ScriptInvocation};
use store_redis::codes::RedisCodeStore;

use crate::cases::{Case, attempt, digest, drawn, is_accepted, reason};
use crate::contracts::standalone;
use crate::servers::STANDALONE;

const RECORD: &str = include_str!("../golden/0.1.0/record.lua");
const VERIFY: &str = include_str!("../golden/0.1.0/verify.lua");
const REVOKE: &str = include_str!("../golden/0.1.0/revoke.lua");
const CLEAR_LOCKOUT: &str = include_str!("../golden/0.1.0/clear_lockout.lua");

/// Runs a script of the previous release, with or without the write that replicas confirm. Returns the
/// words of its reply.
async fn previous(
    script: &str,
    case: &Case,
    confirmed: &str,
    more: impl Fn(&mut ScriptInvocation<'_>),
) -> Vec<String> {
    let script = Script::new(&[RECORD, script].concat());
    let mut call = script.key(format!("pcode:{{{}}}", case.subject));
    call.arg(SystemClock.now().unix_millis()).arg("").arg("").arg(&drawn()[..8]).arg(confirmed);
    call.arg(&drawn()[..]).arg(&drawn()[..]).arg(3);
    more(&mut call);
    let client = Client::open(STANDALONE.url()).expect("a client");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let reply: Vec<Vec<u8>> = call.invoke_async(&mut connection).await.expect("a reply");
    reply.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

async fn guess(case: &Case, guess: CodeDigest, confirmed: &str) -> Vec<String> {
    previous(VERIFY, case, confirmed, |call| {
        call.arg(900_000).arg(guess.kid.as_u32()).arg(&guess.as_bytes()[..]);
    })
    .await
}

fn stored(case: &Case) -> String {
    STANDALONE.cli(&["DUMP", &format!("pcode:{{{}}}", case.subject)])
}

/// I2, I27.
#[tokio::test(flavor = "multi_thread")]
async fn the_previous_verifier_neither_compares_nor_rewrites_a_paired_code() {
    let store = RedisCodeStore::new(standalone());
    let case = Case::issued_as(true, &store).await;
    let before = stored(&case);
    for confirmed in ["", "confirmed"] {
        for it in [case.digest, digest()] {
            let reply = guess(&case, it, confirmed).await;
            assert_eq!(reply[..2], ["denied", "no_code"], "{reply:?}");
        }
        assert_eq!(
            previous(REVOKE, &case, confirmed, |call| {
                call.arg("");
            })
            .await,
            ["nothing_live"]
        );
    }
    assert_eq!(stored(&case), before);
    assert!(is_accepted(&case.redeem(&store).await));
}

/// I1, I2: during an upgrade and after a rollback, both verifiers count in one record.
#[tokio::test(flavor = "multi_thread")]
async fn either_verifier_redeems_an_unpaired_code_that_both_have_written() {
    let store = RedisCodeStore::new(standalone());
    for previous_redeems in [true, false] {
        let case = Case::issued(&store).await;
        case.fail(&store).await;
        let reply = guess(&case, digest(), "").await;
        assert_eq!(reply[..2], ["denied", "wrong_code"], "{reply:?}");
        assert_eq!(case.failures(&store).await, 2);
        if previous_redeems {
            assert_eq!(guess(&case, case.digest, "").await[0], "accepted");
        } else {
            assert!(is_accepted(&case.redeem(&store).await));
        }
        assert_eq!(reason(&case.redeem(&store).await), Some(DenialReason::NoCode));
        assert_eq!(guess(&case, case.digest, "").await[..2], ["denied", "no_code"]);
    }
}

/// The one script besides an issue that writes such a record: it forgets counts, as it should.
#[tokio::test(flavor = "multi_thread")]
async fn a_paired_code_survives_a_clearing_by_the_previous_verifier() {
    let store = RedisCodeStore::new(standalone());
    let open = Case::issued(&store).await;
    open.fail(&store).await;
    let mut paired = Case::of(open.subject);
    paired.pair(&store).await.expect("the store answers");
    let issued = paired.ask(&store, attempt()).await;
    assert!(issued.is_ok(), "{issued:?}");
    let before = stored(&paired);
    let reply = previous(CLEAR_LOCKOUT, &paired, "", |_| ()).await;
    assert_eq!(reply[..3], ["cleared", "unlocked", "1"]);
    assert_ne!(stored(&paired), before, "it writes");
    let stranger = paired.redeem_elsewhere(&store).await;
    assert_eq!(reason(&stranger), Some(DenialReason::NotPaired));
    assert!(is_accepted(&paired.redeem(&store).await));
}
