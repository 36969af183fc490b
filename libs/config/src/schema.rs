//! JSON Schemas (draft 2020-12) of the files in a configuration folder, for editors.
//!
//! `postern check` decides whether a folder is valid. A schema knows the keys, types, defaults and bounds
//! of one file; `tests/schemas` keeps it equal to the reader.

/// The schema of `applications/*.yaml`.
pub const APPLICATION: &str = include_str!("../schemas/application.json");

/// The schema of `users/*.yaml`.
pub const USERS: &str = include_str!("../schemas/users.json");

/// The schema of `agents/*.yaml`.
pub const AGENTS: &str = include_str!("../schemas/agents.json");

/// The schema of `journeys/*.yaml`.
pub const JOURNEY: &str = definitions::SCHEMA;
