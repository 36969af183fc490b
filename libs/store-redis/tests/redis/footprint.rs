//! The memory that one active code takes.

use codes::store::CodeStore;
use store_redis::codes::RedisCodeStore;

use crate::cases::Case;
use crate::contracts::standalone;
use crate::servers::STANDALONE;

/// What the figures of `deploy/sizing.md` allow for one code.
const MOST_BYTES: u32 = 300;

fn bytes(case: &Case) -> u32 {
    let usage = STANDALONE.cli(&["MEMORY", "USAGE", &format!("pcode:{{{}}}", case.subject)]);
    usage.trim().parse().expect("a number of bytes")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_code_takes_at_most_three_hundred_bytes() {
    let store = RedisCodeStore::new(standalone());
    let store: &dyn CodeStore = &store;
    for is_paired in [false, true] {
        let bytes = bytes(&Case::issued_as(is_paired, store).await);
        assert!(bytes <= MOST_BYTES, "paired: {is_paired}, {bytes} bytes");
    }
}
