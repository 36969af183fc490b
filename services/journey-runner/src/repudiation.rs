//! The way to the code issuer: repudiates the code of a link. The link's token is the call's only
//! credential, so this service can repudiate no other code.

use std::time::Duration;

use clock::Timestamp;
use config::{Application, Configuration};
use grpc_client::{Client, bearer, has_lost_its_connection};
use tokens::link::LinkToken;
use tokens::verify::TokenVerifier;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Request, Status};
use wire::desk::v1::RepudiateByLinkRequest;
use wire::desk::v1::desk_service_client::DeskServiceClient;

/// What one try may take.
const DEADLINE: Duration = Duration::from_secs(2);

/// The code issuer, as users with links need it.
#[derive(Clone)]
pub struct RemoteDesk {
    client: DeskServiceClient<Client>,
    tokens: TokenVerifier,
}

/// The outcome of a pressed link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// The code has ended.
    Done,
    /// The code issuer does not take the link.
    Invalid,
    /// The code issuer does not answer, or cannot do it now.
    Unavailable,
}

impl RemoteDesk {
    /// Calls the code issuer over this way. The verifier is one of the code issuer's tokens.
    pub fn new(way: Client, tokens: TokenVerifier) -> Self {
        Self { client: DeskServiceClient::new(way), tokens }
    }

    /// The application of a valid link.
    pub(crate) fn application<'a>(
        &self,
        token: &str,
        configuration: &'a Configuration,
        now: Timestamp,
    ) -> Option<&'a Application> {
        let link = LinkToken::verify(token, &self.tokens, now).ok()?;
        configuration.application(&link.application)
    }

    /// Repudiates the code of a link.
    pub(crate) async fn press(&self, token: &str) -> Pressed {
        let Ok(credential) = bearer(token) else { return Pressed::Invalid };
        let mut tried = self.call(credential.clone()).await;
        if tried.as_ref().is_err_and(|status| has_lost_its_connection(status.code())) {
            // It acts once, however often it is called.
            tried = self.call(credential).await;
        }
        match tried {
            Ok(()) => Pressed::Done,
            Err(status) if status.code() == Code::Unauthenticated => Pressed::Invalid,
            Err(status) => {
                let code = status.code();
                tracing::error!(%code, "a user said \"this was not me\", and the code issuer failed");
                Pressed::Unavailable
            }
        }
    }

    async fn call(&self, credential: MetadataValue<Ascii>) -> Result<(), Status> {
        let mut request = Request::new(RepudiateByLinkRequest {});
        request.set_timeout(DEADLINE);
        request.metadata_mut().insert("authorization", credential);
        let mut client = self.client.clone();
        let call = tokio::time::timeout(DEADLINE, client.repudiate_by_link(request)).await;
        call.map_err(|_| Status::deadline_exceeded("no answer in time"))?.map(drop)
    }
}
