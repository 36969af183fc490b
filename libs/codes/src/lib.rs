//! codes
pub mod code;
pub mod digest;
pub mod directory;
pub mod ids;
pub mod policy;
pub mod user;
