//! gRPC clients, generated from the published protos.

use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::Postern;

/// The messages and clients of the packages.
#[expect(
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub(crate) mod pb {
    pub(crate) mod code {
        tonic::include_proto!("postern.code.v1");
        /// Where the desk's messages look for these.
        pub(crate) mod v1 {
            pub(crate) use super::{IssueCodeRequest, IssueContext, UserIdentifier};
        }
    }
    pub(crate) mod desk {
        pub(crate) mod v1 {
            tonic::include_proto!("postern.desk.v1");
        }
    }
    /// With a server, since the integrator serves it.
    pub(crate) mod directory {
        tonic::include_proto!("directory/postern.directory.v1");
    }
    pub(crate) mod journey {
        tonic::include_proto!("postern.journey.v1");
    }
}

use pb::code::code_issuer_service_client::CodeIssuerServiceClient;
use pb::code::verifier_service_client::VerifierServiceClient;
use pb::desk::v1::desk_service_client::DeskServiceClient;
use pb::journey::authorization_service_client::AuthorizationServiceClient;
use pb::journey::journey_runner_service_client::JourneyRunnerServiceClient;

pub(crate) use pb::code::{
    ClearLockoutRequest, CodeState, DescribeCodeRequest, DescribeLockoutRequest, IdentifierType,
    IssueCodeRequest, IssueContext, Rejected, RejectionReason, RevokeCodeRequest, UserIdentifier,
    VerifyCodeRequest, VerifyContext, revoke_code_request, verify_code_response,
};

/// A channel that sends a bearer token with every call.
pub(crate) type Authorized = InterceptedService<Channel, Bearer>;

/// Adds `authorization: Bearer …`, or nothing.
#[derive(Clone)]
pub(crate) struct Bearer(Option<String>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            let value = AsciiMetadataValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Status::internal("the token is no header value"))?;
            request.metadata_mut().insert("authorization", value);
        }
        Ok(request)
    }
}

impl Postern {
    /// A code issuer client with a token of `client`.
    pub(crate) async fn issuer(
        &self,
        client: &str,
    ) -> anyhow::Result<CodeIssuerServiceClient<Authorized>> {
        Ok(self.issuer_with(Some(self.token(client).await?)))
    }

    /// A verifier client with a token of `client`.
    pub(crate) async fn verifier(
        &self,
        client: &str,
    ) -> anyhow::Result<VerifierServiceClient<Authorized>> {
        Ok(self.verifier_with(Some(self.token(client).await?)))
    }

    /// A journey runner client with a token of `client`.
    pub(crate) async fn runner(
        &self,
        client: &str,
    ) -> anyhow::Result<JourneyRunnerServiceClient<Authorized>> {
        Ok(self.runner_with(Some(self.token(client).await?)))
    }

    pub(crate) fn issuer_with(&self, token: Option<String>) -> CodeIssuerServiceClient<Authorized> {
        CodeIssuerServiceClient::with_interceptor(channel(self.at.issuer), Bearer(token))
    }

    pub(crate) fn desk_with(&self, token: Option<String>) -> DeskServiceClient<Authorized> {
        DeskServiceClient::with_interceptor(channel(self.at.issuer), Bearer(token))
    }

    pub(crate) fn verifier_with(&self, token: Option<String>) -> VerifierServiceClient<Authorized> {
        VerifierServiceClient::with_interceptor(channel(self.at.verifier), Bearer(token))
    }

    pub(crate) fn authorization_with(
        &self,
        token: Option<String>,
    ) -> AuthorizationServiceClient<Authorized> {
        AuthorizationServiceClient::with_interceptor(channel(self.at.runner), Bearer(token))
    }

    pub(crate) fn runner_with(
        &self,
        token: Option<String>,
    ) -> JourneyRunnerServiceClient<Authorized> {
        JourneyRunnerServiceClient::with_interceptor(channel(self.at.runner), Bearer(token))
    }

    /// Issues a code for a user id, as acme's support client.
    pub(crate) async fn issue(&self, user: &str) -> anyhow::Result<String> {
        let request = IssueCodeRequest { user: user_id(user), ..Default::default() };
        let code = self.issuer("acme-support").await?.issue_code(request).await?.into_inner().code;
        self.keep_secret(&code);
        self.keep_secret(user);
        Ok(code)
    }

    /// Verifies a code for a user id, as acme's verifier client. Returns the reason if it is
    /// denied.
    pub(crate) async fn verify(
        &self,
        user: &str,
        code: &str,
    ) -> anyhow::Result<Result<(), RejectionReason>> {
        let request =
            VerifyCodeRequest { user: user_id(user), code: code.to_owned(), ..Default::default() };
        let answer = self.verifier("acme-verifier").await?.verify_code(request).await?;
        Ok(match answer.into_inner().outcome {
            Some(verify_code_response::Outcome::Accepted(_)) => Ok(()),
            Some(verify_code_response::Outcome::Rejected(rejected)) => Err(rejected.reason()),
            None => anyhow::bail!("no outcome is set"),
        })
    }

    /// What the verifier tells acme's support client about a user's failures and locks.
    pub(crate) async fn lockout(
        &self,
        user: &str,
    ) -> anyhow::Result<pb::code::DescribeLockoutResponse> {
        let request = DescribeLockoutRequest { user: user_id(user) };
        Ok(self.verifier("acme-support").await?.describe_lockout(request).await?.into_inner())
    }
}

/// A channel that connects on first use.
pub(crate) fn channel(at: std::net::SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{at}")).expect("an address is a host").connect_lazy()
}

/// A user by user id.
pub(crate) fn user_id(value: &str) -> Option<UserIdentifier> {
    identifier(IdentifierType::UserId, value)
}

/// A user by an identifier of that type.
#[expect(clippy::unnecessary_wraps, reason = "a field of a message is optional")]
pub(crate) fn identifier(kind: IdentifierType, value: &str) -> Option<UserIdentifier> {
    Some(UserIdentifier { r#type: kind.into(), value: value.to_owned() })
}

/// Asserts a refusal's code and the reason in its `google.rpc.ErrorInfo`. Returns its metadata.
pub(crate) fn refusal<T: std::fmt::Debug>(
    answer: Result<T, Status>,
    code: Code,
    reason: &str,
) -> std::collections::HashMap<String, String> {
    let status = answer.expect_err("the call is refused");
    assert_eq!(status.code(), code, "{status:?}");
    let info = status.get_details_error_info().expect("a refusal carries an ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "postern"));
    info.metadata
}

/// Asserts that the request was refused as malformed and that the status names exactly these
/// fields.
pub(crate) fn malformed<T: std::fmt::Debug>(answer: Result<T, Status>, fields: &[&str]) -> String {
    let status = answer.expect_err("the call is refused");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_details_bad_request().expect("a malformed request has violations");
    let named: Vec<_> = details.field_violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(named, fields, "{status:?}");
    details.field_violations.into_iter().map(|v| v.description).collect::<Vec<_>>().join("; ")
}
