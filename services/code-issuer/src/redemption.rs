//! The way to the journey runner, which keeps authorization codes and signs the tokens of users.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::ApplicationId;
use grpc_client::{Client, bearer};
use tokens::mint::Minter;
use tokens::service::{Service, ServiceToken};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status};
use wire::journey::v1::RedeemAuthorizationCodeRequest;
use wire::journey::v1::authorization_service_client::AuthorizationServiceClient;
use wire::journey::v1::redeem_authorization_code_response::Outcome;

/// What a call may take.
const DEADLINE: Duration = Duration::from_secs(2);

/// The journey runner, as the token endpoint needs it.
#[derive(Clone)]
pub struct RemoteRunner {
    client: AuthorizationServiceClient<Client>,
    minter: Minter,
}

impl RemoteRunner {
    /// Calls the journey runner over this way, with tokens of this minter.
    pub fn new(way: Client, minter: Minter) -> Self {
        Self { client: AuthorizationServiceClient::new(way), minter }
    }

    /// Redeems a code for a client of that application. It is called once: a second call of a code that was
    /// redeemed would be a replay. `None`, and a line in the log, if there is no answer.
    pub(crate) async fn redeem(
        &self,
        application: &ApplicationId,
        message: RedeemAuthorizationCodeRequest,
        now: Timestamp,
    ) -> Option<Outcome> {
        let asked = async {
            let mut request = Request::new(message);
            request.set_timeout(DEADLINE);
            let credential = self.credential(application, now)?;
            request.metadata_mut().insert("authorization", credential);
            let mut client = self.client.clone();
            let call = tokio::time::timeout(DEADLINE, client.redeem_authorization_code(request));
            let reply = call.await.map_err(|_| Status::deadline_exceeded("no answer in time"))?;
            Ok::<_, Status>(reply?.into_inner().outcome)
        };
        match asked.await {
            Ok(outcome) => outcome,
            Err(status) => {
                tracing::error!(code = %status.code(), "the journey runner redeems no code");
                None
            }
        }
    }

    fn credential(
        &self,
        application: &ApplicationId,
        now: Timestamp,
    ) -> Result<MetadataValue<Ascii>, Status> {
        let token = ServiceToken { service: Service::CodeIssuer, application: application.clone() };
        let token = token.mint(&self.minter, now);
        let token = token.map_err(|error| Status::internal(error.to_string()))?;
        bearer(&token).map_err(|_| Status::internal("a token is no header"))
    }
}
