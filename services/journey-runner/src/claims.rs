//! What a client's idempotency key stands for: claimed before a journey goes on, so that one key never
//! runs for two users.
//!
//! Verifications get names of the runner's own, which the verifier need not claim again.

use std::sync::Arc;

use codes::claims::{Claim, ClaimStore};
use codes::digest::Fingerprint;
use codes::ids::IdempotencyKey;
use codes::names::OperationNames;
use codes::operations::Caller;
use codes::record::Attempt;
use journeys::runner::{Start, Submission};
use serde_json::Value;
use wire::error::Fault;

/// The keys of clients, and the secret under which requests are compared: they hold codes.
pub(crate) struct Keys {
    claims: Arc<dyn ClaimStore>,
    names: OperationNames,
}

impl Keys {
    /// Keys whose requests are compared under a secret that all replicas share.
    pub(crate) fn new(claims: Arc<dyn ClaimStore>, secret: &[u8]) -> Self {
        Self { claims, names: OperationNames::derived_from(secret.to_vec().into()) }
    }

    /// Claims the key of a start, if it has one: the start's name.
    pub(crate) async fn claim_start(
        &self,
        caller: &Caller,
        request: &Start,
    ) -> Result<Option<Fingerprint>, Fault> {
        let Start { journey, params, correlation_id, locale, idempotency_key, .. } = request;
        let Some(key) = idempotency_key else { return Ok(None) };
        let params = Value::Object(params.clone()).to_string();
        let [correlation_id, locale] =
            [correlation_id, locale].map(|text| text.as_deref().unwrap_or_default());
        let texts = [journey.as_str(), &params, correlation_id, locale];
        let Attempt { id, fingerprint } = self.claim(caller, key, "start", &texts).await?;
        Ok(Some(self.names.fingerprint("run", &[id.as_bytes(), fingerprint.as_bytes()])))
    }

    /// Claims the key of a submission, if it has one.
    pub(crate) async fn claim_submission(
        &self,
        caller: &Caller,
        request: &Submission,
    ) -> Result<(), Fault> {
        let Submission { session, assertion_id, challenge, option, data, .. } = request;
        let Some(key) = &request.idempotency_key else { return Ok(()) };
        let data = data.to_string();
        let texts = [session.expose(), assertion_id, challenge, option, &data];
        self.claim(caller, key, "submit", &texts).await.map(drop)
    }

    /// Claims the key of an authentication without a journey: the authentication's name.
    pub(crate) async fn claim_authentication(
        &self,
        caller: &Caller,
        key: &IdempotencyKey,
        texts: [&str; 3],
    ) -> Result<String, Fault> {
        let Attempt { id, fingerprint } = self.claim(caller, key, "authenticate", &texts).await?;
        let name = [id.as_bytes().as_slice(), fingerprint.as_bytes()];
        Ok(self.names.fingerprint("authentication", &name).to_string())
    }

    async fn claim(
        &self,
        Caller { application, client, .. }: &Caller,
        key: &IdempotencyKey,
        operation: &str,
        texts: &[&str],
    ) -> Result<Attempt, Fault> {
        let parts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        let fingerprint = self.names.fingerprint(operation, &parts);
        let attempt = Attempt { id: self.names.attempt(application, client, key), fingerprint };
        match self.claims.claim(attempt).await {
            Ok(Claim::Held | Claim::Idle) => Ok(attempt),
            Ok(Claim::Taken) => Err(Fault::IdempotencyConflict),
            Err(error) => Err(edge::unavailable(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;
    use codes::ids::{ApplicationId, ClientId};
    use codes::memory::MemoryClaimStore;
    use definitions::JourneyId;
    use serde_json::json;

    use super::*;

    fn start(user: &str, key: &str) -> Start {
        let params = json!({ "external_user_id": user, "temp_code": "123456" });
        let journey = JourneyId::parse("recovery").expect("valid");
        let params = params.as_object().cloned().unwrap_or_default();
        Start { idempotency_key: IdempotencyKey::parse(key).ok(), ..Start::new(journey, params) }
    }

    fn of(client: &str) -> Caller {
        Caller {
            application: ApplicationId::parse("acme").expect("valid"),
            client: ClientId::parse(client).expect("valid"),
            agent: None,
            is_service: false,
        }
    }

    #[tokio::test]
    async fn a_start_is_named_by_its_client_its_key_and_all_that_it_asks_for() {
        let clock = Arc::new(FakeClock::default());
        let claims = Arc::new(MemoryClaimStore::new(clock.clone()));
        let keys = Keys::new(claims, &[7; 32]);
        let name = async |client, user, key| keys.claim_start(&of(client), &start(user, key)).await;
        let first = name("shop", "ada", "key").await.expect("claimed").expect("named");
        assert_eq!(name("shop", "ada", "key").await, Ok(Some(first)));
        assert_eq!(name("shop", "bob", "key").await, Err(Fault::IdempotencyConflict));
        assert_eq!(name("shop", "ada", "").await, Ok(None));
        clock.advance(std::time::Duration::from_secs(120));
        // Another user's token never has the first one's id, however late the key is used again.
        for (client, user, key) in
            [("shop", "bob", "key"), ("bank", "ada", "key"), ("shop", "ada", "other")]
        {
            let other = name(client, user, key).await.expect("claimed").expect("named");
            assert_ne!(other, first, "{client} {user} {key}");
        }
    }
}
