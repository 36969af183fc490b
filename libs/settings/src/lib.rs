//! How settings are read: as text from flags and environment variables, all of them checked before any
//! is used, so that an operator reads every mistake at once.
//!
//! The crate knows no setting but the listeners' addresses: each crate defines its own flags.
//!
//! | to learn | read |
//! | --- | --- |
//! | how mistakes are collected | [`Mistakes`] |
//! | where a process listens | [`GrpcListen`], [`HttpListen`], [`AdminListen`], [`endpoint`] |
//! | which settings are in effect, for the log | [`Effective`] |
//! | which environment variables are misspelt | [`variables`] |

pub mod variables;

mod effective;
mod listen;
mod mistakes;

pub use effective::Effective;
pub use listen::{AdminListen, Endpoint, GrpcListen, HttpListen, endpoint};
pub use mistakes::Mistakes;
