//! The scripts, each under the prelude that opens it.

use std::sync::LazyLock;

/// A script and the hash that a server knows it by.
pub(crate) struct Script {
    pub(crate) source: &'static str,
    pub(crate) hash: String,
}

/// Joins a script with the prelude that reads and writes records.
macro_rules! on_record {
    ($name:ident, $file:literal) => {
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            let source = concat!(
                include_str!("../scripts/record.lua"),
                include_str!(concat!("../scripts/", $file))
            );
            Script { source, hash: redis::Script::new(source).get_hash().to_owned() }
        });
    };
}

on_record!(ISSUE, "issue.lua");
on_record!(VERIFY, "verify.lua");
on_record!(REVOKE, "revoke.lua");
on_record!(CLEAR_LOCKOUT, "clear_lockout.lua");
on_record!(DESCRIBE, "describe.lua");
