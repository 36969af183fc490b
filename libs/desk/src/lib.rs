//! The desk policy: what an application requires before a support agent may issue a code.
//!
//! | to learn | read |
//! | --- | --- |
//! | what an administrator can require | [`policy`], [`ticket`] |
//! | what an agent asks for, and what is answered | [`request`], [`messages`] |
//! | who does what | [`desk`](mod@desk), [`approvals`], over the ports in [`store`] and [`tiers`] |
//! | the order of the rules, as a pure function | [`decide`](mod@decide) |
//! | the names of the rules and what to do next | [`rule`] |
//! | what a store of desks keeps, and how it changes | [`store`], [`book`] |
//! | how a store is held to it | `conformance` |
//!
//! This crate performs no I/O of its own and never sees a runtime, a wire format or an environment
//! variable.

pub mod approvals;
mod body;
pub mod book;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod decide;
pub mod desk;
mod fading;
pub mod memory;
pub mod messages;
pub mod names;
pub mod policy;
pub mod request;
pub mod rule;
pub mod store;
pub mod ticket;
pub mod tiers;
