//! Scripts as commands.

use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind};

use crate::Words;
use crate::arguments::Arguments;
use crate::link::Link;
use crate::script::Script;

/// Sends a script by its hash, or in full if the server does not know it. A script refused as
/// unknown has not run.
pub(crate) async fn send(
    link: &mut Link,
    script: &Script,
    keys: &[String],
    arguments: &Arguments,
) -> Result<Words, RedisError> {
    let [by_hash, in_full] = script.commands;
    match link.query(&evaluation(by_hash, &script.hash, keys, arguments)).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            link.query(&evaluation(in_full, script.source, keys, arguments)).await
        }
        outcome => outcome,
    }
}

/// The command that runs a script on keys.
pub(crate) fn evaluation(
    command: &str,
    script: &str,
    keys: &[String],
    arguments: &Arguments,
) -> Cmd {
    let (count, bytes) = arguments.size();
    let names: usize = keys.iter().map(String::len).sum();
    let mut evaluation = Cmd::with_capacity(
        3 + keys.len() + count,
        command.len() + script.len() + 1 + names + bytes,
    );
    evaluation.arg(command);
    evaluation.arg(script).arg(keys.len()).arg(keys).arg(arguments);
    evaluation
}
