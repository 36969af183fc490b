//! The scripts, each under the prelude that opens it.

use std::sync::LazyLock;

/// A script and the hash that a server knows it by.
pub(crate) struct Script {
    pub(crate) source: &'static str,
    pub(crate) hash: String,
}

/// Joins a script with the prelude that opens it.
macro_rules! script {
    ($name:ident, $prelude:literal + $file:literal) => {
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            let source = concat!(
                include_str!(concat!("../scripts/", $prelude)),
                include_str!(concat!("../scripts/", $file))
            );
            Script { source, hash: redis::Script::new(source).get_hash().to_owned() }
        });
    };
}

script!(ISSUE, "record.lua" + "issue.lua");
script!(VERIFY, "record.lua" + "verify.lua");
script!(REVOKE, "record.lua" + "revoke.lua");
script!(CLEAR_LOCKOUT, "record.lua" + "clear_lockout.lua");
script!(DESCRIBE, "record.lua" + "describe.lua");
script!(SESSION_CREATE, "session.lua" + "session_create.lua");
script!(SESSION_LOAD, "session.lua" + "session_load.lua");
script!(SESSION_ADVANCE, "session.lua" + "session_advance.lua");
script!(SESSION_END, "session.lua" + "session_end.lua");
