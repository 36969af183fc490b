//! The tokens that Postern hands out, and the only place that signs or believes one.
//!
//! | to learn | read |
//! | --- | --- |
//! | which keys sign and verify, and how they rotate | [`keys`] |
//! | what every token says, and how it is signed | [`mint`] |
//! | what a token must be, to be believed | [`verify`]; why it is not, [`error`](mod@error) |
//! | who may call what | [`client`], [`agent`] ([`caller`] is either), [`service`], with the scopes in [`scope`] |
//! | how an agent of the help desk proves who they are | [`provider`] |
//! | what a user ends up with | [`user`], [`journey`] |
//! | how a user says that it was not them | [`link`] |
//! | what others are told of a token | [`introspection`] |
//! | how others find the keys | [`keys::KeyRing::jwks`], [`discovery`] |
//! | how a client proves itself | [`secret`] |
//!
//! Each kind of token has a `typ` and an `aud` of its own, so that none is accepted where another
//! is wanted:
//!
//! | kind | `typ` | `aud` | lives |
//! | --- | --- | --- | --- |
//! | [`client::ClientToken`] | `at+jwt` | `urn:postern:services` | 1 h |
//! | [`agent::AgentToken`] | `agent+jwt` | `urn:postern:agents` | 15 min |
//! | [`service::ServiceToken`] of the journey runner | `service+jwt` | `urn:postern:verifier` | 60 s |
//! | [`service::ServiceToken`] of the code issuer | `issuer+jwt` | `urn:postern:journey-runner` | 60 s |
//! | [`user::UserToken`] | `user-at+jwt` | `urn:postern:application:<id>` | the application's choice |
//! | [`user::IdToken`] | `JWT` | the client's id | the application's choice |
//! | [`journey::JourneyToken`] | `journey+jwt` | `urn:postern:journeys:<application>` | 5 min |
//! | [`link::LinkToken`] | `not-me+jwt` | `urn:postern:not-me` | 7 days |
//!
//! # Why
//! A signature proves who wrote a token, never what it was written for. The type and the audience
//! do, and a client's id can hold no colon, so that no ID token's audience is another kind's.

pub mod agent;
pub mod caller;
mod claims;
pub mod client;
pub mod discovery;
pub mod error;
pub mod introspection;
pub mod journey;
mod key;
pub mod keys;
pub mod link;
pub mod mint;
pub mod provider;
pub mod scope;
pub mod secret;
pub mod service;
mod signature_cache;
#[cfg(test)]
mod tests;
pub mod user;
pub mod verify;
