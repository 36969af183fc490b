//! One call: its deadline, its attempts, and what each of them carries.

use std::fmt::Write as _;
use std::time::Duration;

use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::metadata::AsciiMetadataValue;
use tonic::{Request, Response, Status};

use crate::error::CallError;
use crate::retries::Retries;
use crate::tokens::{AgentToken, Bearer};
use crate::trace;

/// Makes calls.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    bearer: Bearer,
    deadline: Duration,
}

impl Calls {
    pub(crate) const fn new(bearer: Bearer, deadline: Duration) -> Self {
        Self { bearer, deadline }
    }

    /// Makes the same calls as an agent.
    pub(crate) fn acting_as(&self, agent: &AgentToken) -> Self {
        Self { bearer: Bearer::Agent(agent.access_token.clone()), deadline: self.deadline }
    }

    /// Makes a call, which `send` sends over the stub, until it has an answer or cannot have one.
    pub(crate) async fn make<S: Clone, M: Clone, R, F>(
        &self,
        stub: &S,
        message: M,
        send: impl Fn(S, Request<M>) -> F,
    ) -> Result<R, CallError>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let begun = Instant::now();
        let deadline = begun + self.deadline;
        let mut retries = Retries::new(begun, deadline);
        let attempts = async {
            let mut may_renew = true;
            loop {
                let token = self.bearer.header().await?;
                let request = request(message.clone(), &token, deadline);
                let error = match send(stub.clone(), request).await {
                    Ok(answer) => return Ok(answer.into_inner()),
                    Err(status) => CallError::read(&status),
                };
                // The signing key or the secret was rotated, or the clocks differ.
                let is_refused = matches!(error, CallError::Unauthenticated);
                if is_refused && self.bearer.forget(&token).await && may_renew {
                    may_renew = false;
                    continue;
                }
                if !error.is_transient() {
                    return Err(error);
                }
                match retries.delay(error.retry_after(), Instant::now(), jitter()) {
                    Some(delay) => sleep(delay).await,
                    None => return Err(error),
                }
            }
        };
        timeout_at(deadline, attempts).await.unwrap_or(Err(CallError::DeadlineExceeded))
    }
}

fn request<M>(message: M, token: &AsciiMetadataValue, deadline: Instant) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    request.metadata_mut().insert("authorization", token.clone());
    trace::inject(request.metadata_mut());
    request
}

/// Draws an idempotency key where the caller gives none: every attempt of the call has the same.
///
/// # Panics
/// If the operating system has no randomness to give.
pub(crate) fn draw_key(key: &mut String) {
    if key.is_empty() {
        let mut bytes = [0; 16];
        UnwrapErr(SysRng).fill_bytes(&mut bytes);
        for byte in bytes {
            // Writing to a text never fails.
            let _ = write!(key, "{byte:02x}");
        }
    }
}

/// From 0 to 1.
fn jitter() -> f64 {
    f64::from(UnwrapErr(SysRng).next_u32()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
