//! The code issuer, for the help desk's backend.

use protos::code::v1::code_issuer_service_client::CodeIssuerServiceClient;
use protos::code::v1::{
    DescribeCodeRequest, DescribeCodeResponse, DescribePairingRequest, DescribePairingResponse,
    IssueCodeRequest, IssueCodeResponse, RevokeCodeRequest, RevokeCodeResponse,
};
use tonic::transport::Channel;

use crate::calls::{Calls, draw_key};
use crate::error::CallError;
use crate::tokens::AgentToken;

/// Issues, revokes and describes codes. Clones share one connection.
#[derive(Clone, Debug)]
pub struct CodeIssuer {
    stub: CodeIssuerServiceClient<Channel>,
    calls: Calls,
}

impl CodeIssuer {
    pub(crate) fn new(channel: Channel, calls: Calls) -> Self {
        Self { stub: CodeIssuerServiceClient::new(channel), calls }
    }

    /// The same client acting as an agent of the help desk, over the same connection.
    #[must_use]
    pub fn acting_as(&self, agent: &AgentToken) -> Self {
        Self { calls: self.calls.acting_as(agent), ..self.clone() }
    }

    /// Issues a code, which supersedes the user's earlier one. Needs the scope `codes:issue`. Where
    /// another agent must approve, the answer has `pending` and no code: repeat the request with its
    /// `request_id` once it is approved.
    ///
    /// # Errors
    /// [`CallError::UserLocked`], [`CallError::UserDisabled`], [`CallError::UserBlocked`], [`CallError::UserNotFound`],
    /// [`CallError::IssueQuotaExceeded`], [`CallError::OverrideQuotaExceeded`],
    /// [`CallError::PairingNotFound`], [`CallError::PairingRequired`], [`CallError::PairingOff`],
    /// [`CallError::NotPaired`], [`CallError::Desk`], and those of every call.
    pub async fn issue_code(
        &self,
        mut request: IssueCodeRequest,
    ) -> Result<IssueCodeResponse, CallError> {
        draw_key(&mut request.idempotency_key);
        let must_pair = !request.pairing_number.is_empty();
        let issued = self
            .calls
            .make(&self.stub, request, |mut stub, it| async move { stub.issue_code(it).await })
            .await?;
        // An issuer of a version without pairing ignores the number.
        if must_pair && !issued.paired && issued.pending.is_none() {
            Err(CallError::NotPaired)
        } else {
            Ok(issued)
        }
    }

    /// Describes the journey that waits under a number. Needs the scope `codes:issue`.
    ///
    /// # Errors
    /// [`CallError::PairingNotFound`], and those of every call.
    pub async fn describe_pairing(
        &self,
        request: DescribePairingRequest,
    ) -> Result<DescribePairingResponse, CallError> {
        self.calls
            .make(
                &self.stub,
                request,
                |mut stub, it| async move { stub.describe_pairing(it).await },
            )
            .await
    }

    /// Revokes a live code, by its ID or its user. Needs the scope `codes:revoke`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn revoke_code(
        &self,
        mut request: RevokeCodeRequest,
    ) -> Result<RevokeCodeResponse, CallError> {
        draw_key(&mut request.idempotency_key);
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.revoke_code(it).await })
            .await
    }

    /// Describes a user's latest code, never the code itself. Needs the scope `codes:read`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn describe_code(
        &self,
        request: DescribeCodeRequest,
    ) -> Result<DescribeCodeResponse, CallError> {
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.describe_code(it).await })
            .await
    }
}
