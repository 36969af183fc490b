//! `OpenID` Connect towards a company's identity provider: the keys that its tokens are signed with, and
//! signing people in.
//!
//! ```text
//! KeyCache::keys(issuer, kid) ── known and fresh ──> the keys at once
//!        │ old: renews them behind the call      │ unknown key, or none: waits for them
//!        v                                       v
//! discovery: issuer/.well-known/openid-configuration ──> jwks_uri ──> ProviderKeys
//!        │ fetch: https, 64 KiB, no redirects; all in 10 s
//!
//! RelyingParty::begin ──> the browser goes to the provider ──> RelyingParty::finish ──> ID token
//!                                                              RelyingParty::refresh ──> a renewed one
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | how long keys are kept, and when they are renewed | [`KeyCache`] |
//! | how people sign in, and what is checked | [`relying_party`] |
//! | what a provider must answer | `discovery` |
//! | how one document is fetched | `fetch` |

mod cache;
mod discovery;
mod fetch;
mod id_token;
pub mod relying_party;
#[cfg(test)]
mod tests;

pub use cache::{KeyCache, Unreachable};
pub use id_token::SignedIn;
pub use relying_party::RelyingParty;
