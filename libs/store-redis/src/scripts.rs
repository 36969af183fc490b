//! The scripts, each under the prelude that opens it.

use std::sync::LazyLock;

/// A script and the hash that a server knows it by.
pub(crate) struct Script {
    /// What it is called in traces and metrics.
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    pub(crate) hash: String,
}

/// Joins a script with the prelude that opens it, if it has one.
macro_rules! script {
    ($name:ident, $script:literal $(after $prelude:literal)?) => {
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            let source = concat!(
                $(include_str!(concat!("../scripts/", $prelude)),)?
                include_str!(concat!("../scripts/", $script, ".lua"))
            );
            let hash = redis::Script::new(source).get_hash().to_owned();
            Script { name: $script, source, hash }
        });
    };
}

script!(ISSUE, "issue" after "record.lua");
script!(VERIFY, "verify" after "record.lua");
script!(REVOKE, "revoke" after "record.lua");
script!(CLEAR_LOCKOUT, "clear_lockout" after "record.lua");
script!(DESCRIBE, "describe" after "record.lua");
script!(CLAIM, "claim");
script!(SESSION_CREATE, "session_create" after "session.lua");
script!(SESSION_LOAD, "session_load" after "session.lua");
script!(SESSION_ADVANCE, "session_advance" after "session.lua");
script!(SESSION_END, "session_end" after "session.lua");

/// Tries the rights of a user.
pub(crate) const RIGHTS: &str = include_str!("../scripts/rights.lua");
