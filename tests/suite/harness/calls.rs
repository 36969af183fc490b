//! Many concurrent calls by clients that retry unanswered ones with the same idempotency key.

use std::error::Error as _;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use tonic::{Code, Status};

use super::*;

/// How long a client retries.
const PATIENCE: Duration = Duration::from_secs(120);
/// The maximum number of concurrent calls of a burst: more than all servers admit together.
const AT_A_TIME: usize = 4096;

/// Makes a call until it is answered. Unavailable and overloaded do not count as answers. `call`
/// gets the number of earlier attempts.
pub(crate) async fn answered<T, F>(mut call: impl FnMut(usize) -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let begun = Instant::now();
    for turn in 0.. {
        let refused = match call(turn).await {
            Err(status) if is_no_answer(&status) => status,
            answer => return answer,
        };
        if begun.elapsed() > PATIENCE {
            return Err(refused);
        }
        let pause = Duration::from_millis(20 << turn.min(4));
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.5))).await;
    }
    unreachable!("the attempts do not end")
}

fn is_no_answer(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted => true,
        // How tonic's client reports a call that was never sent; other clients say unavailable.
        Code::Internal | Code::Cancelled => was_never_sent(status),
        _ => false,
    }
}

/// Whether the connection had ended, or was closing, before the client sent the call. A status sent
/// by a server has no source error.
fn was_never_sent(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        let says = error.to_string();
        if says.contains("not a result of an error") || says.contains("operation was canceled") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Makes all these calls concurrently, up to the maximum. The answers are in no particular order.
pub(crate) async fn at_once<T, E>(
    calls: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let mut under_way = stream::iter(calls).buffer_unordered(AT_A_TIME);
    let mut answers = Vec::new();
    while let Some(answer) = under_way.next().await {
        answers.push(answer?);
    }
    Ok(answers)
}

/// That many clients, each with a connection of its own, spread over these replicas.
pub(crate) async fn pool<C>(
    replicas: &[Postern],
    of_each: usize,
    client: impl AsyncFn(&Postern) -> anyhow::Result<C>,
) -> anyhow::Result<Vec<C>> {
    let mut clients = Vec::new();
    for _ in 0..of_each {
        for replica in replicas {
            clients.push(client(replica).await?);
        }
    }
    Ok(clients)
}

/// A request to verify a code, with an idempotency key.
pub(crate) fn guess(user: &str, code: &str, key: String) -> VerifyCodeRequest {
    VerifyCodeRequest {
        user: user_id(user),
        code: code.to_owned(),
        idempotency_key: key,
        ..Default::default()
    }
}

/// A request to issue a code, with an idempotency key.
pub(crate) fn order(user: &str, key: String) -> IssueCodeRequest {
    IssueCodeRequest { user: user_id(user), idempotency_key: key, ..Default::default() }
}
