//! Codes, lockouts, waiting journeys, authorization codes and notices in Redis, shared by all replicas of
//! all services.
//!
//! One operation is one script and one round trip: the scripts under `scripts/` are the transitions
//! of `codes::record`, to the letter, and the contract suites of the ports hold all stores equal. What
//! reaches Redis are keyed digests and encrypted notices; no code and no identifier ever does, not even as an
//! argument.
//!
//! The connection, its checks and its failover are in the crate `redis-connection`.

pub mod authorizations;
mod calls;
pub mod claims;
pub mod codes;
pub mod desks;
pub mod grants;
pub mod journeys;
mod keys;
pub mod notices;
mod opening;
mod reply;
mod scripts;

pub use redis_connection as connection;
