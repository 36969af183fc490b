//! From settings to ports: what every service opens before it can be put together.
//!
//! | to learn | read |
//! | --- | --- |
//! | which folder of YAML is served, and how it is looked after | [`configuration`] |
//! | where peppers and keys are read | [`secrets`] |
//! | where a directory over gRPC is, and how it is connected | [`directory`] |
//! | where codes and journeys are kept | [`store`] |
//! | how readiness follows the store | [`health`] |
//! | how the audit trail is written | [`audit`] |
//! | the variables of all settings | [`variables`] |
//! | the ports and keys of the use cases, as a running service has them | [`operations`] |

pub mod audit;
pub mod configuration;
pub mod directory;
mod durability;
pub mod health;
pub mod secrets;
pub mod store;
pub mod variables;

use std::sync::Arc;

use clock::SystemClock;
use codes::audit::Addresses;
use codes::operations::Operations;
use codes::peppers::Peppers;
use notices::notifier::Notifier;

use crate::audit::{CountedAudit, LogAudit};
use crate::store::Stores;

/// The ports and keys of a running service: the system's clock and randomness, the log's audit trail,
/// counted.
pub fn operations(stores: &Stores, peppers: Arc<Peppers>, addresses: Addresses) -> Operations {
    Operations {
        store: Arc::clone(&stores.codes),
        claims: Arc::clone(&stores.claims),
        grants: Arc::clone(&stores.grants),
        audit: Arc::new(CountedAudit::new(Arc::new(LogAudit))),
        addresses,
        peppers,
        clock: Arc::new(SystemClock),
        randomness: codes::randomness::system(),
    }
}

/// The notifier of a running service.
pub fn notifier(stores: &Stores, peppers: Arc<Peppers>) -> Notifier {
    Notifier::new(Arc::clone(&stores.outbox), peppers, Arc::new(SystemClock))
}
