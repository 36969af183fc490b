//! Many calls at a time, by clients that ask again where there was no answer, with the same key.

use std::error::Error as _;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use tonic::{Code, Status};

use super::*;

/// How long a client goes on asking.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many calls of one burst may be under way: more than all servers take at a time.
const AT_A_TIME: usize = 4096;

/// Makes a call until it is answered: unavailable and overloaded are no answers. `call` is told how
/// often it was made before.
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
    unreachable!("the turns do not end")
}

fn is_no_answer(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted => true,
        // What tonic's client says, and others call unavailable, of a call that was never sent.
        Code::Internal | Code::Cancelled => was_never_sent(status),
        _ => false,
    }
}

/// Whether the connection had ended, or its end was announced, before the client sent the call. What
/// a server answers has no cause.
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

/// Makes all these calls at once, as far as there is room for; answers in no particular order.
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

/// So many clients, over connections of their own, of each of these replicas in turn.
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

/// A request to verify a code, under a key.
pub(crate) fn guess(user: &str, code: &str, key: String) -> VerifyCodeRequest {
    VerifyCodeRequest {
        user: user_id(user),
        code: code.to_owned(),
        idempotency_key: key,
        ..Default::default()
    }
}

/// A request for a code, under a key.
pub(crate) fn order(user: &str, key: String) -> IssueCodeRequest {
    IssueCodeRequest { user: user_id(user), idempotency_key: key, ..Default::default() }
}
