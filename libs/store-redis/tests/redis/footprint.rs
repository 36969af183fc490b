//! The memory that one active code takes.

use codes::store::CodeStore;
use store_redis::codes::RedisCodeStore;

use crate::cases::Case;
use crate::contracts::standalone;
use crate::servers::STANDALONE;

/// What the figures of `deploy/sizing.md` allow for one code.
const MOST_BYTES: u32 = 300;

/// What `MEMORY USAGE` leaves out: the entry that holds the expiry, in an allocation of 32 bytes, and the
/// key's share of two hash tables, which have up to a third more places than keys at 100,000 codes.
const EXPIRY_AND_TABLES: u32 = 32 + 22;

fn bytes(case: &Case) -> u32 {
    let usage = STANDALONE.cli(&["MEMORY", "USAGE", &format!("pcode:{{{}}}", case.subject)]);
    usage.trim().parse::<u32>().expect("a number of bytes") + EXPIRY_AND_TABLES
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
