//! The store of revoked grants: each operation of the port as one call of its script.

use std::sync::Arc;

use async_trait::async_trait;
use clock::Clock;
use codes::grants::{GrantStore, LIFETIME};
use codes::ids::GrantId;
use codes::store::StoreError;

use crate::keys;
use crate::opening::opened;
use crate::reply::Unreadable;
use crate::scripts;
use redis_connection::{Arguments, Connection};

/// Keeps revoked grants in Redis. Before a revocation is told, it is confirmed as codes are, or else a replica
/// has it, where there is one.
pub struct RedisGrantStore {
    connection: Connection,
    clock: Option<Arc<dyn Clock>>,
}

impl RedisGrantStore {
    /// A store behind this connection, at the server's own time.
    pub const fn new(connection: Connection) -> Self {
        Self { connection, clock: None }
    }

    /// The same store at an injected time, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Adds the argument that closes every call.
    fn at(&self, arguments: Arguments) -> Arguments {
        arguments.maybe_number(self.clock.as_ref().map(|clock| clock.now().unix_millis()))
    }
}

#[async_trait]
impl GrantStore for RedisGrantStore {
    async fn revoke(&self, grant: &GrantId) -> Result<(), StoreError> {
        let arguments = self.at(Arguments::default().number(LIFETIME.as_millis()));
        let keys = [keys::grant(grant)];
        let words =
            self.connection.run_acknowledged(&scripts::GRANT_REVOKE, &keys, &arguments).await;
        match opened(words)?.0.as_str() {
            "revoked" => Ok(()),
            _ => Err(Unreadable.into()),
        }
    }

    async fn is_revoked(&self, grant: &GrantId) -> Result<bool, StoreError> {
        let arguments = self.at(Arguments::default());
        let words = self.connection.run(&scripts::GRANT, &[keys::grant(grant)], &arguments).await;
        match opened(words)?.0.as_str() {
            "revoked" => Ok(true),
            "unknown" => Ok(false),
            _ => Err(Unreadable.into()),
        }
    }
}
