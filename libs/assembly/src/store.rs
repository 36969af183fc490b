//! Where codes and journeys are kept.

use std::sync::Arc;

use chassis::settings::Mistakes;
use chassis::telemetry::Durations;
use clock::SystemClock;
use codes::memory::MemoryCodeStore;
use codes::store::CodeStore;
use journeys::memory::MemoryJourneyStore;
use journeys::ports::JourneyStore;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::{Call, Connection, Observer};
use store_redis::journeys::RedisJourneyStore;

/// The store of a service.
#[derive(Clone, Debug, clap::Args)]
pub struct StoreArgs {
    /// Where codes and journeys are kept: `memory`, or a URL such as `redis://127.0.0.1:6379`
    #[arg(long, env = "POSTERN_STORE", value_name = "STORE")]
    pub store: Option<String>,
}

/// A store that a setting names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// This process's memory.
    Memory,
    /// A Redis server. The URL may hold a password.
    Redis(String),
}

impl StoreArgs {
    const SETTING: &str = "--store (POSTERN_STORE)";

    /// The store, this process's memory if none is named.
    pub fn or_memory(&self, mistakes: &mut Mistakes) -> Option<Store> {
        match self.store.as_deref() {
            None | Some("memory") => Some(Store::Memory),
            Some(url) if url.starts_with("redis://") => Some(Store::Redis(url.to_owned())),
            Some(_) => {
                let rule = "must be memory, or a URL such as redis://127.0.0.1:6379";
                mistakes.note(format_args!("{}: {rule}", Self::SETTING));
                None
            }
        }
    }

    /// The store, which services that share it must be able to reach.
    pub fn shared(&self, mistakes: &mut Mistakes) -> Option<Store> {
        match self.or_memory(mistakes)? {
            Store::Memory => {
                let rule = "must be a URL such as redis://127.0.0.1:6379: this service shares its \
                    store with others, and memory is one process's alone";
                mistakes.note(format_args!("{}: {rule}", Self::SETTING));
                None
            }
            shared @ Store::Redis(_) => Some(shared),
        }
    }
}

/// Open stores.
#[derive(Clone)]
pub struct Stores {
    /// Where codes and lockouts are kept.
    pub codes: Arc<dyn CodeStore>,
    /// Where journeys wait.
    pub journeys: Arc<dyn JourneyStore>,
}

impl Store {
    /// Opens the store, inside a runtime. A server need not be there yet.
    pub fn open(&self) -> Result<Stores, Mistakes> {
        match self {
            Self::Memory => Ok(Stores {
                codes: Arc::new(MemoryCodeStore::new(Arc::new(SystemClock))),
                journeys: Arc::new(MemoryJourneyStore::new(Arc::new(SystemClock))),
            }),
            Self::Redis(url) => {
                let connection = Connection::open(url)
                    .map_err(|error| Mistakes(vec![format!("{}: {error}", StoreArgs::SETTING)]))?
                    .observed(measured());
                Ok(Stores {
                    codes: Arc::new(RedisCodeStore::new(connection.clone())),
                    journeys: Arc::new(RedisJourneyStore::new(connection)),
                })
            }
        }
    }
}

/// Measures the calls to Redis.
fn measured() -> Observer {
    let durations = Durations::new(
        "db.client.operation.duration",
        "How long a script in Redis takes, the way to it included.",
    );
    Arc::new(move |Call { script, duration, error }| {
        let mut labels = vec![("db.system.name", "redis"), ("db.stored_procedure.name", script)];
        labels.extend(error.map(|error| ("error.type", error)));
        durations.record(duration, &labels);
    })
}
