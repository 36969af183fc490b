//! Scripts with one rule removed, to show that a test detects it. The store is unchanged: a proxy
//! replaces the scripts on the way.

use std::net::SocketAddr;

use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::Access;

use crate::servers::Server;
use crate::servers::proxy::{Mischief, proxy};

const OPENING: &str = include_str!("../../scripts/opening.lua");
const FENCE: &str = include_str!("../../scripts/fence.lua");
const RECORD: &str = include_str!("../../scripts/record.lua");
const ISSUE: &str = include_str!("../../scripts/issue.lua");
const VERIFY: &str = include_str!("../../scripts/verify.lua");

/// The changes to the scripts: pairs of a text and its replacement.
pub(crate) type Mutation = &'static [(&'static str, &'static str)];

/// No change.
pub(crate) const NONE: Mutation = &[];

/// All primaries look alike.
pub(crate) const NO_FENCE: Mutation = &[(
    "local function fence(as_bytes)\n",
    "local function fence(as_bytes)\n  if true then return 'any' end\n",
)];

/// A primary is identified by its run id alone.
pub(crate) const RUN_ID_ALONE: Mutation = &[
    ("'INFO', 'replication'", "'INFO', 'server', 'replication'"),
    ("\\nmaster_replid:", "\\nrun_id:"),
];

/// A writable replica counts as a primary.
pub(crate) const REPLICAS_TOO: Mutation = &[("'\\nrole:master'", "'\\nrole:'")];

/// The fence is checked for right guesses only.
pub(crate) const FENCE_FOR_RIGHT_GUESSES: Mutation = &[(
    "if record[FENCE] ~= fence(binding) then",
    "if candidate == record[DIGEST] and record[FENCE] ~= fence(binding) then",
)];

/// No operation is recognised as a retry.
pub(crate) const NO_MEMORY: Mutation = &[("if outcome[1] == ARGV[6] and", "if false and")];

/// A call for a user without a record writes nothing.
pub(crate) const SILENT_STRANGERS: Mutation = &[
    ("== 'confirmed' then", "== 'confirmed' and stored then"),
    ("    redis.call('SET', key, bytes)\n    redis.call('DEL', key)\n", ""),
];

/// Loads the changed scripts into a server and returns pairs of the original hash and the new one.
pub(crate) fn teach(server: &Server, mutation: Mutation) -> Vec<(String, String)> {
    let learn = |script: &str| server.cli(&["SCRIPT", "LOAD", script]).trim().to_owned();
    let mut has_changed = mutation.is_empty();
    let hashes = [ISSUE, VERIFY].map(|script| {
        let whole = [OPENING, FENCE, RECORD, script].concat();
        let mut changed = whole.clone();
        for (from, to) in mutation {
            changed = changed.replace(from, to);
        }
        has_changed |= changed != whole;
        (learn(&whole), learn(&changed))
    });
    assert!(has_changed, "the scripts no longer say {mutation:?}");
    hashes.into_iter().filter(|(whole, changed)| whole != changed).collect()
}

/// A proxy to a server that replaces the scripts.
pub(crate) async fn way_to(server: &Server, mutation: Mutation) -> (SocketAddr, Mischief) {
    let (address, mischief) = proxy(server.port).await;
    let swapped = teach(server, mutation);
    mischief.swapped.set(swapped).expect("it is set once");
    (address, mischief)
}

/// A store with changed scripts.
pub(crate) async fn store_at(server: &Server, mutation: Mutation) -> RedisCodeStore {
    let (address, _) = way_to(server, mutation).await;
    RedisCodeStore::new(crate::connect(&format!("redis://{address}"), Access::default()))
}
