//! How the keys of an identity provider are found: `OpenID` Connect Discovery, and a cache of what it
//! found.
//!
//! ```text
//! KeyCache::keys(issuer, kid) ── known and fresh ──> the keys at once
//!        │ old: renews them behind the call      │ unknown key, or none: waits for them
//!        v                                       v
//! discovery: issuer/.well-known/openid-configuration ──> jwks_uri ──> ProviderKeys
//!        │ fetch: https, 64 KiB, no redirects; all in 10 s
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | how long keys are kept, and when they are renewed | [`KeyCache`] |
//! | what a provider must answer | `discovery` |
//! | how one document is fetched | `fetch` |

mod cache;
mod discovery;
mod fetch;
#[cfg(test)]
mod tests;

pub use cache::{KeyCache, Unreachable};
