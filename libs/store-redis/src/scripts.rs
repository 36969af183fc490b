//! The scripts, each under the prelude that opens it.

use std::sync::LazyLock;

/// A script and the hash that a server knows it by.
pub(crate) struct Script {
    /// What it is called in traces and metrics.
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    pub(crate) hash: String,
}

/// Joins a script with the prelude that opens it.
macro_rules! script {
    ($name:ident, $prelude:literal + $script:literal) => {
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            let source = concat!(
                include_str!(concat!("../scripts/", $prelude)),
                include_str!(concat!("../scripts/", $script, ".lua"))
            );
            let hash = redis::Script::new(source).get_hash().to_owned();
            Script { name: $script, source, hash }
        });
    };
}

script!(ISSUE, "record.lua" + "issue");
script!(VERIFY, "record.lua" + "verify");
script!(REVOKE, "record.lua" + "revoke");
script!(CLEAR_LOCKOUT, "record.lua" + "clear_lockout");
script!(DESCRIBE, "record.lua" + "describe");
script!(SESSION_CREATE, "session.lua" + "session_create");
script!(SESSION_LOAD, "session.lua" + "session_load");
script!(SESSION_ADVANCE, "session.lua" + "session_advance");
script!(SESSION_END, "session.lua" + "session_end");

/// Tries the rights of a user.
pub(crate) const RIGHTS: &str = include_str!("../scripts/rights.lua");
