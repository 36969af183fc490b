//! The desk policy: what an application requires before a support agent may issue a code.
//!
//! | to learn | read |
//! | --- | --- |
//! | what an administrator can require | [`policy`], [`ticket`] |
//! | what an agent asks for | [`request`] |
//! | the order of the rules, as a pure function | [`decide`](mod@decide) |
//! | the names of the rules and what to do next | [`rule`] |
//! | what a user's tier is | [`tiers`] |
//! | what a store of desks keeps | [`store`] |
//!
//! This crate performs no I/O of its own and never sees a runtime, a wire format or an environment
//! variable.

pub mod decide;
pub mod messages;
pub mod names;
pub mod policy;
pub mod request;
pub mod rule;
pub mod store;
pub mod ticket;
pub mod tiers;
