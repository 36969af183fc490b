//! The scripts, each under the preludes that open it.

use std::sync::LazyLock;

/// A script and the hash that a server knows it by.
pub(crate) struct Script {
    /// What it is called in traces and metrics.
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    pub(crate) hash: String,
}

/// Joins a script with the preludes that open it, if it has any.
macro_rules! script {
    ($name:ident, $script:literal $(after $($prelude:literal)+)?) => {
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            let source = concat!(
                $($(include_str!(concat!("../scripts/", $prelude)),)+)?
                include_str!(concat!("../scripts/", $script, ".lua"))
            );
            let hash = redis::Script::new(source).get_hash().to_owned();
            Script { name: $script, source, hash }
        });
    };
}

script!(ISSUE, "issue" after "opening.lua" "record.lua");
script!(VERIFY, "verify" after "opening.lua" "record.lua");
script!(REVOKE, "revoke" after "opening.lua" "record.lua");
script!(CLEAR_LOCKOUT, "clear_lockout" after "opening.lua" "record.lua");
script!(DESCRIBE, "describe" after "opening.lua" "record.lua");
script!(PAIR, "pair" after "opening.lua");
script!(WITHDRAW, "withdraw" after "opening.lua");
script!(PAIRING, "pairing" after "opening.lua");
script!(CLAIM, "claim");
script!(NOTICE_WRITE, "notice_write" after "outbox.lua");
script!(NOTICE_TAKE, "notice_take" after "outbox.lua");
script!(NOTICE_SETTLE, "notice_settle" after "outbox.lua");
script!(NOTICE_BACKLOG, "notice_backlog" after "outbox.lua");
script!(NOTICE_SUSPEND, "notice_suspend" after "outbox.lua");
script!(SESSION_CREATE, "session_create" after "session.lua");
script!(SESSION_LOAD, "session_load" after "session.lua");
script!(SESSION_ADVANCE, "session_advance" after "session.lua");
script!(SESSION_END, "session_end" after "session.lua");

/// Tries the rights of a user.
pub(crate) const RIGHTS: &str = include_str!("../scripts/rights.lua");
