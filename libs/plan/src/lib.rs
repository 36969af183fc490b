//! The effect of a configuration change: what differs between two folders, and whether a control gets weaker.
//!
//! ```text
//! Configuration --facts--> place and key -> Fact {text, strength}  \
//!                                                                   compare -> Plan -> lines, JSON
//! Configuration --facts--> place and key -> Fact {text, strength}  /
//! ```
//!
//! A fact is one key of the configuration with its effective value, so a default counts like the same value
//! written out. Facts destructure what they read: a new key does not compile until it is a fact. A secret is a
//! fingerprint; no content of one is ever read here.
//!
//! ```
//! use config::{Configuration, Source};
//! use plan::{Effect, Plan};
//!
//! let folder = |temp_code: &str| {
//!     let application = format!(
//!         "{{id: acme, name: Acme, temp_code: {{{temp_code}}}, clients: [{{id: acme-desk, \
//!          scopes: [codes:issue], secret_sha256: {}}}]}}", "ab".repeat(32)
//!     );
//!     let files = [("applications/acme.yaml", application.as_str())];
//!     Configuration::read(&Source::from_files(files)).expect("valid")
//! };
//! let plan = Plan::between(&folder(""), &folder("pairing: off, lockout: 1h"));
//! let effects: Vec<_> = plan.changes.iter().map(|it| (it.key, it.effect)).collect();
//! assert_eq!(effects, [("temp_code.lockout", Effect::Strengthened), ("temp_code.pairing", Effect::Weakened)]);
//! assert!(plan.is_weaker());
//! ```

mod applications;
mod clients;
mod compare;
mod desks;
mod fact;
mod facts;
mod gather;
mod providers;

#[cfg(test)]
mod tests;

pub use compare::{Change, Effect, Plan};
