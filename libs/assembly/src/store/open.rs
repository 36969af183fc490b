//! From the settings of a store to its ports.

use std::sync::Arc;

use authorization::memory::MemoryAuthorizationCodeStore;
use authorization::store::AuthorizationCodeStore;
use clock::SystemClock;
use codes::claims::ClaimStore;
use codes::grants::GrantStore;
use codes::memory::{MemoryClaimStore, MemoryCodeStore, MemoryGrantStore};
use codes::store::CodeStore;
use desk::memory::MemoryDeskStore;
use desk::store::DeskStore;
use journeys::memory::MemoryJourneyStore;
use journeys::ports::JourneyStore;
use notices::memory::MemoryOutbox;
use notices::outbox::Outbox;
use settings::Mistakes;
use store_redis::authorizations::RedisAuthorizationCodeStore;
use store_redis::claims::RedisClaimStore;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::{Checks, Use};
use store_redis::connection::confirmation::Confirmation;
use store_redis::connection::observer::{Call, Observer};
use store_redis::connection::{Connection, UnfitError};
use store_redis::desks::RedisDeskStore;
use store_redis::grants::RedisGrantStore;
use store_redis::journeys::RedisJourneyStore;
use store_redis::notices::RedisOutbox;
use telemetry::{Histogram, is_sampled};

use super::journeys::JourneyStoreArgs;
use super::{Store, StoreArgs};

/// Open stores.
#[derive(Clone)]
pub struct Stores {
    /// Where codes and lockouts are kept.
    pub codes: Arc<dyn CodeStore>,
    /// The claims of idempotency keys for codes.
    pub claims: Arc<dyn ClaimStore>,
    /// Which grants are revoked.
    pub grants: Arc<dyn GrantStore>,
    /// The store of desks.
    pub desks: Arc<dyn DeskStore>,
    /// Where notices wait to be delivered.
    pub outbox: Arc<dyn Outbox>,
    /// Where journeys wait.
    pub journeys: Arc<dyn JourneyStore>,
    /// The sessions of people at the console.
    pub console: Arc<dyn JourneyStore>,
    /// The codes of authorization requests.
    pub authorizations: Arc<dyn AuthorizationCodeStore>,
    /// The claims of idempotency keys for journeys.
    pub journey_claims: Arc<dyn ClaimStore>,
    /// The way to Redis, if they are kept there.
    pub(crate) connection: Option<Connection>,
    /// The way to the Redis of waiting journeys, if it is another.
    pub(crate) journey_connection: Option<Connection>,
}

impl Store {
    /// Opens the store, inside a runtime. A server need not be there yet.
    ///
    /// # Errors
    /// A server that is there and not fit, or an address that cannot be used.
    pub async fn open(self) -> Result<Stores, Mistakes> {
        let Self::Redis { address, access, checks, confirmation, journeys } = self else {
            return Ok(Stores::in_memory());
        };
        let observer = measured();
        let setting = StoreArgs::SETTING;
        let codes = Server { setting, address, access: access.clone(), checks, confirmation };
        let codes = codes.connect(&observer).await?;
        let journeys = match journeys {
            Some(address) => {
                let checks = match checks {
                    Checks::On(_) => Checks::On(Use::Journeys),
                    Checks::Off => Checks::Off,
                };
                let setting = JourneyStoreArgs::SETTING;
                let server = Server { setting, address, access, checks, confirmation: None };
                Some(server.connect(&observer).await?)
            }
            None => None,
        };
        Ok(Stores::in_redis(codes, journeys))
    }
}

impl Stores {
    fn in_memory() -> Self {
        let clock = Arc::new(SystemClock);
        Self {
            codes: Arc::new(MemoryCodeStore::new(clock.clone())),
            claims: Arc::new(MemoryClaimStore::new(clock.clone())),
            grants: Arc::new(MemoryGrantStore::new(clock.clone())),
            desks: Arc::new(MemoryDeskStore::new(clock.clone())),
            outbox: Arc::new(MemoryOutbox::new(clock.clone())),
            journeys: Arc::new(MemoryJourneyStore::new(clock.clone())),
            console: Arc::new(MemoryJourneyStore::new(clock.clone())),
            authorizations: Arc::new(MemoryAuthorizationCodeStore::new(clock.clone())),
            journey_claims: Arc::new(MemoryClaimStore::new(clock)),
            connection: None,
            journey_connection: None,
        }
    }

    fn in_redis(codes: Connection, journeys: Option<Connection>) -> Self {
        let waiting = journeys.as_ref().unwrap_or(&codes).clone();
        Self {
            codes: Arc::new(RedisCodeStore::new(codes.clone())),
            claims: Arc::new(RedisClaimStore::beside_codes(codes.clone())),
            grants: Arc::new(RedisGrantStore::new(codes.clone())),
            desks: Arc::new(RedisDeskStore::new(codes.clone())),
            outbox: Arc::new(RedisOutbox::new(codes.clone())),
            journeys: Arc::new(RedisJourneyStore::new(waiting)),
            console: Arc::new(RedisJourneyStore::of_console(codes.clone())),
            authorizations: Arc::new(RedisAuthorizationCodeStore::new(codes.clone())),
            journey_claims: Arc::new(RedisClaimStore::beside_journeys(codes.clone())),
            connection: Some(codes),
            journey_connection: journeys,
        }
    }
}

/// A Redis to connect to.
struct Server {
    /// The setting that names it.
    setting: &'static str,
    address: Address,
    access: Box<Access>,
    checks: Checks,
    confirmation: Option<Confirmation>,
}

impl Server {
    /// Connects, and checks the server if it is there.
    async fn connect(self, observer: &Observer) -> Result<Connection, Mistakes> {
        let Self { setting, address, access, checks, confirmation } = self;
        let named = |what: &str| format!("{setting}: {what}");
        let observer = Some(observer.clone());
        let connection = Connection::open(&address, *access, checks, confirmation, observer)
            .map_err(|error| Mistakes(vec![named(&error.to_string())]))?;
        connection.first_look().await.map_err(|UnfitError(complaints)| {
            Mistakes(complaints.iter().map(|complaint| named(complaint)).collect())
        })?;
        Ok(connection)
    }
}

/// Measures the calls to Redis, and has them traced.
fn measured() -> Observer {
    let durations = Histogram::new(
        "db.client.operation.duration",
        "How long a script in Redis takes, the way to it included.",
    );
    let tell = Arc::new(move |Call { script, duration, error }| {
        let mut labels = vec![("db.system.name", "redis"), ("db.stored_procedure.name", script)];
        labels.extend(error.map(|error| ("error.type", error)));
        durations.record(duration, &labels);
    });
    Observer { tell, is_traced: is_sampled }
}
