//! The configuration: applications, their users and journeys, in a folder of YAML.
//!
//! ```text
//! applications/<any>.yaml   an application, its clients, its policy
//! users/<any>.yaml          the users of an application with a directory of type `file`
//! journeys/<any>.yaml       a journey
//! agents/<name>.yaml        an identity provider of agents
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | what is known once everything is read and checked | [`Configuration`], [`Application`], [`Client`], [`AgentProvider`] |
//! | how it changes while it serves | [`Live`] |
//! | where it comes from | [`Source`] |
//!
//! # Why
//! A configuration is valid as a whole or not at all: every mistake of every file is reported at
//! once, by file and line, and a change with a mistake in it leaves the one that serves as it is.
//! Files with other endings, and hidden ones, are not looked at: a mounted `ConfigMap` keeps its
//! versions under hidden names.

mod agents;
mod application;
mod changes;
mod client;
mod configuration;
mod desk;
mod directory;
mod known;
mod live;
mod notify;
mod origin;
mod policy;
mod reading;
mod remote;
pub mod schema;
mod source;
mod support;
#[cfg(test)]
mod tests;
mod tiers;
mod users;
mod warnings;

pub use agents::{AgentProvider, Right, Role};
pub use application::{Application, TokenSettings};
pub use client::{Client, ClientKind, Rates};
pub use configuration::Configuration;
pub use desk::Desk;
pub use directory::Users;
pub use live::{Live, Reload};
pub use remote::RemoteDirectory;
pub use source::Source;
pub use support::Support;
pub use users::FileDirectory;
