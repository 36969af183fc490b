//! The way to the verifier: gRPC calls, in the name of the application whose journey asks.

mod code;
mod pairing;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock, Timestamp};
use codes::ids::ApplicationId;
use definitions::Part;
use edge::certificate::APPLICATION;
use grpc_client::{Client, bearer, has_lost_its_connection};
use journeys::ports::{PairRequest, VerifyCodes, VerifyFault, VerifyRequest, Withdrawal};
use journeys::verdict::{Malformed, PairVerdict, Verdict};
use server::http::Source;
use tokens::mint::Minter;
use tokens::service::{Service, ServiceToken};
use tokio::time::{Instant, sleep_until};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Request, Response, Status};
use tracing::Instrument as _;
use wire::code::v1::verifier_service_client::VerifierServiceClient;
use wire::violations::FieldViolation;

use crate::settings::Identity;

/// What a call may take in all (the budget of the failure policy).
const DEADLINE: Duration = Duration::from_millis(800);

/// No denial and no number is answered sooner than this after it was asked for, so that the time of an answer
/// does not tell its reason.
const DENIAL_FLOOR: Duration = Duration::from_millis(50);

/// Verifies codes at the verifier.
pub struct RemoteVerifier {
    client: VerifierServiceClient<Client>,
    identity: Identity,
    minter: Minter,
    clock: Arc<dyn Clock>,
    tokens: Mutex<HashMap<ApplicationId, (MetadataValue<Ascii>, Timestamp)>>,
}

impl RemoteVerifier {
    /// Calls the verifier over this way; if it is to know tokens, with some of this minter.
    pub fn new(way: Client, identity: Identity, minter: Minter, clock: Arc<dyn Clock>) -> Self {
        let client = VerifierServiceClient::new(way);
        Self { client, identity, minter, clock, tokens: Mutex::default() }
    }

    /// The header that names the application: beside this service's certificate, or in a token.
    fn authorization(
        &self,
        application: &ApplicationId,
    ) -> Result<(&'static str, MetadataValue<Ascii>), VerifyFault> {
        match self.identity {
            Identity::Token => Ok(("authorization", self.token(application)?)),
            Identity::Certificate => {
                let named = application.as_str().parse();
                let named = named.map_err(|_| {
                    VerifyFault::Misconfigured("the application's id is no header".to_owned())
                })?;
                Ok((APPLICATION, named))
            }
        }
    }

    /// A token, kept for half its life.
    fn token(&self, application: &ApplicationId) -> Result<MetadataValue<Ascii>, VerifyFault> {
        let now = self.clock.now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((header, fresh_until)) = tokens.get(application)
            && now < *fresh_until
        {
            return Ok(header.clone());
        }
        let token =
            ServiceToken { service: Service::JourneyRunner, application: application.clone() };
        let misconfigured = |error: &dyn ToString| VerifyFault::Misconfigured(error.to_string());
        let token = token.mint(&self.minter, now).map_err(|error| misconfigured(&error))?;
        let header = bearer(&token).map_err(|error| misconfigured(&error))?;
        let fresh_until = now + ServiceToken::LIFETIME / 2;
        tokens.insert(application.clone(), (header.clone(), fresh_until));
        Ok(header)
    }

    /// Sends a request in the name of an application; once more if its connection was lost, which each
    /// of these calls stands.
    async fn ask<M, R, F>(
        &self,
        application: &ApplicationId,
        message: impl Fn() -> M + Send,
        call: impl Fn(VerifierServiceClient<Client>, Request<M>) -> F + Send,
    ) -> Result<Result<R, Status>, VerifyFault>
    where
        F: Future<Output = Result<Response<R>, Status>> + Send,
    {
        let mut is_retry = false;
        // One place that waits: with two, the future would be twice as large.
        loop {
            let request = self.request(application, message())?;
            match call(self.client.clone(), request).await {
                Err(status) if !is_retry && has_lost_its_connection(status.code()) => {
                    is_retry = true;
                }
                reply => return Ok(reply.map(Response::into_inner)),
            }
        }
    }

    fn request<M>(
        &self,
        application: &ApplicationId,
        message: M,
    ) -> Result<Request<M>, VerifyFault> {
        let (header, authorization) = self.authorization(application)?;
        let mut request = Request::new(message);
        request.set_timeout(DEADLINE);
        request.metadata_mut().insert(header, authorization);
        Ok(request)
    }
}

#[async_trait]
impl VerifyCodes for RemoteVerifier {
    async fn verify(&self, attempt: VerifyRequest) -> Result<Verdict, VerifyFault> {
        let floor = Instant::now() + DENIAL_FLOOR;
        // The idempotency key makes a second try safe: the code is compared once.
        let reply = self.ask(
            &attempt.application,
            || code::message(&attempt),
            |mut client, request| async move { client.verify_code(request).await },
        );
        let verdict = code::verdict(within_deadline(reply).await);
        if !matches!(verdict, Ok(Verdict::Accepted { .. })) {
            sleep_until(floor).await;
        }
        verdict
    }

    async fn pair(&self, request: PairRequest) -> Result<PairVerdict, VerifyFault> {
        let floor = Instant::now() + DENIAL_FLOOR;
        // The binding makes a second try safe: it gets the same number.
        let reply = self.ask(
            &request.application,
            || pairing::message(&request),
            |mut client, request| async move { client.pair_journey(request).await },
        );
        let verdict = pairing::verdict(within_deadline(reply).await);
        sleep_until(floor).await;
        verdict
    }

    async fn withdraw(&self, withdrawal: Withdrawal) {
        let message = pairing::withdrawal(&withdrawal);
        let Ok(request) = self.request(&withdrawal.application, message) else { return };
        let mut client = self.client.clone();
        let call = async move { client.withdraw_pairing(request).await };
        let call = async move { drop(tokio::time::timeout(DEADLINE, call).await) };
        // The answer does not wait for it: the number ends by itself, too.
        drop(tokio::spawn(call.in_current_span()));
    }
}

/// The reply of a call that may take so long and no longer.
async fn within_deadline<R>(
    call: impl Future<Output = Result<Result<R, Status>, VerifyFault>> + Send,
) -> Result<Result<R, Status>, VerifyFault> {
    tokio::time::timeout(DEADLINE, call).await.unwrap_or(Err(VerifyFault::Unavailable))
}

/// The address as the verifier learns it: of IPv6, the site, which has all its addresses.
fn site(source: IpAddr) -> IpAddr {
    Source::of(source).customer_network()
}

/// The fault of a status that is no answer to what was asked.
fn fault(status: &Status) -> VerifyFault {
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented => {
            VerifyFault::Misconfigured(status.code().to_string())
        }
        _ => VerifyFault::Unavailable,
    }
}

/// What the client sent can be no identifier or no code. That the verifier refuses anything else is
/// no mistake of the client's.
fn malformed(status: &Status) -> Result<Vec<Malformed>, VerifyFault> {
    let violations = FieldViolation::of(status);
    if violations.is_empty() {
        return Err(VerifyFault::Misconfigured("it does not say what is malformed".to_owned()));
    }
    let read = |FieldViolation { field, description: rule }| {
        let part = match field.as_str() {
            "user.value" => Part::Identifier,
            "code" => Part::Code,
            _ => return Err(VerifyFault::Misconfigured(format!("it refuses {field}"))),
        };
        Ok(Malformed { part, rule })
    };
    violations.into_iter().map(read).collect()
}

/// A reply that cannot be read is no verdict, and lets no user in.
fn unreadable() -> VerifyFault {
    VerifyFault::Misconfigured("its reply cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_learns_an_address_or_the_site_of_one() {
        for (source, told) in [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3::4", "2001:db8:1::"),
            ("2001:db8:1:ffff::", "2001:db8:1::"),
        ] {
            assert_eq!(site(source.parse().expect("an address")).to_string(), told);
        }
    }
}
