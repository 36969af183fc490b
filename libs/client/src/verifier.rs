//! The verifier, for login backends and the help desk.

use protos::code::v1::verifier_service_client::VerifierServiceClient;
use protos::code::v1::verify_code_response::Outcome;
use protos::code::v1::{
    ClearLockoutRequest, ClearLockoutResponse, DescribeLockoutRequest, DescribeLockoutResponse,
    UserIdentifier, VerifyCodeRequest,
};
use tonic::transport::Channel;

use crate::calls::{Calls, draw_key};
use crate::error::CallError;
use crate::tokens::AgentToken;

/// Verifies codes; describes and clears lockouts. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Verifier {
    stub: VerifierServiceClient<Channel>,
    calls: Calls,
}

/// An attempt to redeem a code as the user typed it. The message wipes the code when dropped.
pub fn attempt(user: Option<UserIdentifier>, code: impl Into<String>) -> VerifyCodeRequest {
    let mut request = VerifyCodeRequest::default();
    request.user = user;
    request.code = code.into();
    request
}

impl Verifier {
    pub(crate) fn new(channel: Channel, calls: Calls) -> Self {
        Self { stub: VerifierServiceClient::new(channel), calls }
    }

    /// The same client acting as an agent of the help desk, over the same connection.
    #[must_use]
    pub fn acting_as(&self, agent: &AgentToken) -> Self {
        Self { calls: self.calls.acting_as(agent), ..self.clone() }
    }

    /// Verifies a code and, if it is right, consumes it. A denial is an outcome, not an error. Needs
    /// the scope `codes:verify`.
    ///
    /// ```no_run
    /// # async fn verify(verifier: client::Verifier) -> Result<(), client::CallError> {
    /// use client::{IdentifierType, Outcome, attempt, user};
    ///
    /// let alice = user(IdentifierType::UserId, "alice");
    /// match verifier.verify_code(attempt(alice, "123456")).await? {
    ///     Outcome::Accepted(accepted) => println!("signed in as {}", accepted.user_id),
    ///     Outcome::Rejected(rejected) => println!("denied: {:?}", rejected.reason()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CallError::InvalidArgument`] where the text can be no code; it costs no attempt. Those of
    /// every call, see [`CallError`].
    pub async fn verify_code(&self, mut request: VerifyCodeRequest) -> Result<Outcome, CallError> {
        draw_key(&mut request.idempotency_key);
        let answer = self
            .calls
            .make(&self.stub, request, |mut stub, it| async move { stub.verify_code(it).await })
            .await?;
        answer.outcome.ok_or(CallError::Incomplete("outcome"))
    }

    /// Describes a user's failures and lock. Needs the scope `lockouts:read`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn describe_lockout(
        &self,
        request: DescribeLockoutRequest,
    ) -> Result<DescribeLockoutResponse, CallError> {
        self.calls
            .make(
                &self.stub,
                request,
                |mut stub, it| async move { stub.describe_lockout(it).await },
            )
            .await
    }

    /// Forgets a user's failures and ends their lock. Needs the scope `lockouts:clear`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn clear_lockout(
        &self,
        mut request: ClearLockoutRequest,
    ) -> Result<ClearLockoutResponse, CallError> {
        draw_key(&mut request.idempotency_key);
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.clear_lockout(it).await })
            .await
    }
}
