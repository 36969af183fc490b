//! The scripts, each with the preludes that it starts with.

use std::sync::LazyLock;

use redis_connection::Script;

/// Joins a script with the preludes that it starts with, if it has any.
macro_rules! script {
    ($name:ident, $script:literal $(after $($prelude:literal)+)?) => {
        script!($name, $script $(after $($prelude)+)? by writing);
    };
    ($name:ident, $script:literal $(after $($prelude:literal)+)? by $kind:ident) => {
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            let source = concat!(
                $($(include_str!(concat!("../scripts/", $prelude)),)+)?
                include_str!(concat!("../scripts/", $script, ".lua"))
            );
            Script::$kind($script, source)
        });
    };
}

script!(ISSUE, "issue" after "opening.lua" "fence.lua" "record.lua");
script!(VERIFY, "verify" after "opening.lua" "fence.lua" "record.lua");
script!(REVOKE, "revoke" after "opening.lua" "record.lua");
script!(CLEAR_LOCKOUT, "clear_lockout" after "opening.lua" "record.lua");
script!(DESCRIBE, "describe" after "opening.lua" "record.lua");
script!(PAIR, "pair" after "opening.lua");
script!(WITHDRAW, "withdraw" after "opening.lua");
script!(PAIRING, "pairing" after "opening.lua");
script!(REPUDIATE, "repudiate" after "opening.lua" "record.lua");
script!(LIFT_REPUDIATION, "lift_repudiation" after "opening.lua" "record.lua");
script!(CLAIM, "claim");
script!(NOTICE_WRITE, "notice_write" after "outbox.lua");
script!(NOTICE_TAKE, "notice_take" after "outbox.lua");
script!(NOTICE_SETTLE, "notice_settle" after "outbox.lua");
script!(NOTICE_BACKLOG, "notice_backlog" after "outbox.lua");
script!(NOTICE_SUSPEND, "notice_suspend" after "outbox.lua");
script!(GRANT_REVOKE, "grant_revoke");
script!(GRANT, "grant" by reading);
script!(AUTHORIZATION_PUT, "authorization_put" after "opening.lua" "fence.lua");
script!(AUTHORIZATION_CONSUME, "authorization_consume" after "opening.lua" "fence.lua");
script!(DESK_ADMIT, "desk_admit" after "opening.lua" "desk.lua" "desk_about.lua");
script!(DESK_FACTS, "desk_facts" after "opening.lua" "desk.lua" "desk_about.lua");
script!(DESK_SETTLE, "desk_settle" after "opening.lua" "desk.lua");
script!(DESK_STOP, "desk_stop" after "opening.lua" "desk.lua");
script!(DESK_STOPS, "desk_stops" after "opening.lua" "desk.lua");
script!(DESK_REQUESTS, "desk_requests" after "opening.lua" "desk.lua");
script!(DESK_REQUEST, "desk_request" after "opening.lua" "desk.lua");
script!(DESK_DECIDE, "desk_decide" after "opening.lua" "desk.lua");
script!(SESSION_CREATE, "session_create" after "session.lua");
script!(SESSION_LOAD, "session_load" after "session.lua");
script!(SESSION_ADVANCE, "session_advance" after "session.lua");
script!(SESSION_END, "session_end" after "session.lua");
