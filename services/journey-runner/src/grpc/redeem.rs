//! `postern.journey.v1.AuthorizationService`: the code issuer redeems authorization codes.

use authorization::authorized::{Authorized, Presented};
use authorization::code::AuthorizationCode;
use authorization::pkce::Verifier;
use codes::ids::ClientId;
use edge::guard::{Guarded, principal};
use edge::principal::Principal;
use journeys::runner::RunError;
use openid::authorizations::{Redeemed, span};
use tonic::{Request, Response, Status};
use wire::error::Fault;
use wire::journey::v1::authorization_service_server::{
    AuthorizationService, AuthorizationServiceServer,
};
use wire::journey::v1::redeem_authorization_code_response::Outcome;
use wire::journey::v1::{
    AuthorizationRefused, AuthorizationReplayed, AuthorizationTokens,
    RedeemAuthorizationCodeRequest, RedeemAuthorizationCodeResponse,
};

use crate::{JourneyRunner, fault};

impl JourneyRunner {
    /// The service for the code issuer, behind the gate.
    pub fn authorization_grpc(&self) -> Guarded<AuthorizationServiceServer<Self>> {
        let server = AuthorizationServiceServer::new(self.clone())
            .max_decoding_message_size(server::grpc::MAX_MESSAGE_BYTES);
        Guarded::new(self.gate.clone(), server)
    }

    async fn redeem(
        &self,
        principal: &Principal,
        request: &RedeemAuthorizationCodeRequest,
    ) -> Result<Outcome, Fault> {
        let refused = Ok(Outcome::Refused(AuthorizationRefused {}));
        let client = ClientId::parse(&request.client_id).ok();
        let client = client.and_then(|id| principal.application().clients.get(&id));
        let client = client.filter(|client| client.openid.is_some());
        let code = AuthorizationCode::parse(&request.code);
        let verifier = Verifier::parse(&request.code_verifier);
        let (Some(client), Ok(code), Ok(verifier)) = (client, code, verifier) else {
            return refused;
        };
        let redirect_uri = &request.redirect_uri;
        let presented = Presented { client: &client.id, redirect_uri, verifier: &verifier };
        match self.authorizations.redeem(&code, &presented).await? {
            Redeemed::Authorized(authorized) => {
                let span = span(&authorized.interaction, "redeem an authorization code");
                span.around(self.authorized(principal, &authorized)).await
            }
            Redeemed::Refused => refused,
            Redeemed::Replayed(grant) => {
                Ok(Outcome::Replayed(AuthorizationReplayed { grant_id: grant.to_string() }))
            }
        }
    }

    /// The tokens, unless the user said meanwhile that it was not them.
    async fn authorized(
        &self,
        principal: &Principal,
        authorized: &Authorized,
    ) -> Result<Outcome, Fault> {
        let authentication = &authorized.authentication;
        let is_revoked = self.grants.is_revoked(&authentication.grant).await;
        let settings = &principal.application().tokens;
        let ends_at = authentication.at + settings.lifetime;
        let lifetime = ends_at.since(self.clock.now());
        let is_revoked = is_revoked.map_err(|error| fault(RunError::from(error)))?;
        if is_revoked || lifetime.as_secs() == 0 {
            return Ok(Outcome::Refused(AuthorizationRefused {}));
        }
        let tokens = self.minter(principal).authorized_tokens(authorized);
        let tokens = tokens.map_err(|error| fault(RunError::from(error)))?;
        Ok(Outcome::Tokens(AuthorizationTokens {
            access_token: tokens.access_token,
            id_token: tokens.id_token,
            expires_in_seconds: lifetime.as_secs(),
            scope: settings.scope.clone(),
        }))
    }
}

#[tonic::async_trait]
impl AuthorizationService for JourneyRunner {
    async fn redeem_authorization_code(
        &self,
        request: Request<RedeemAuthorizationCodeRequest>,
    ) -> Result<Response<RedeemAuthorizationCodeResponse>, Status> {
        let principal = principal(&request)?;
        let outcome = self.redeem(&principal, request.get_ref()).await?;
        Ok(Response::new(RedeemAuthorizationCodeResponse { outcome: Some(outcome) }))
    }
}
