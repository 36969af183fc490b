//! The store of authorization codes: each operation of the port as one call of its script.

use async_trait::async_trait;
use authorization::authorized::{Proof, Sealed};
use authorization::code::CodeKey;
use authorization::store::{
    AuthorizationCodeStore, CODE_LIFETIME, Consumption, NewCode, REPLAY_MEMORY,
};
use clock::Timestamp;
use codes::ids::GrantId;
use codes::store::StoreError;

use crate::keys;
use crate::opening::{Injected, OpenedCalls};
use crate::reply::Unreadable;
use crate::scripts;
use redis_connection::Connection;

/// Keeps authorization codes in Redis.
pub struct RedisAuthorizationCodeStore {
    calls: OpenedCalls,
}

impl RedisAuthorizationCodeStore {
    /// A store behind this connection, at the server's own time.
    pub fn new(connection: Connection) -> Self {
        Self { calls: OpenedCalls::new(connection) }
    }

    /// The same store at an injected time and fence, for tests.
    #[must_use]
    pub fn with_injected(self, injected: Injected) -> Self {
        Self { calls: self.calls.at(injected) }
    }
}

#[async_trait]
impl AuthorizationCodeStore for RedisAuthorizationCodeStore {
    async fn put(
        &self,
        key: &CodeKey,
        asked_at: Timestamp,
        NewCode { grant, proof, body }: NewCode,
    ) -> Result<(), StoreError> {
        let arguments = self.calls.opening(asked_at).bytes(grant.as_str()).bytes(proof.as_str());
        let arguments = arguments.bytes(body.as_bytes()).number(CODE_LIFETIME.as_millis());
        let keys = keys::authorization_code(key);
        match self.calls.run(&scripts::AUTHORIZATION_PUT, &keys, arguments).await?.0.as_str() {
            "put" => Ok(()),
            _ => Err(Unreadable.into()),
        }
    }

    async fn consume(&self, key: &CodeKey, asked_at: Timestamp) -> Result<Consumption, StoreError> {
        let arguments = self.calls.opening(asked_at).number(REPLAY_MEMORY.as_millis());
        let keys = keys::authorization_code(key);
        let run = self.calls.run(&scripts::AUTHORIZATION_CONSUME, &keys, arguments);
        let (word, mut reply) = run.await?;
        match word.as_str() {
            "first" => Ok(Consumption::First(Sealed::from_store(reply.bytes()?))),
            "replayed" => {
                let grant = GrantId::parse(&reply.word()?).map_err(|_| Unreadable)?;
                Ok(Consumption::Replayed { grant, proof: Proof::from_store(reply.word()?) })
            }
            "unknown" => Ok(Consumption::Unknown),
            _ => Err(Unreadable.into()),
        }
    }
}
