//! The record of one user of one application, and the rules by which it changes: a pure state
//! machine. Every store runs its transitions atomically.
//!
//! | to learn | read |
//! | --- | --- |
//! | the states of a code, its counters, and their transitions | [`record`] |
//! | how long a code lives and how often it may be tried | [`policy`] |
//! | how a code is tied to one journey | [`pairing`] |
//! | what a record names things by | [`ids`] |
//! | what a record holds in place of codes and identifiers | [`digest`] |
//!
//! This crate reads no clock, draws no randomness of its own and performs no I/O. The ports of stores and
//! the use cases are in `codes`.

pub mod digest;
pub mod ids;
pub mod pairing;
pub mod policy;
pub mod record;
