//! The authorization code flow with PKCE (RFC 6749, section 4.1; RFC 7636; `OpenID` Connect Core): what
//! relying parties ask for, what is told to them, and the one-time code. No HTTP and no tokens.
//!
//! ```text
//!  request: query -> AuthorizationRequest          or a refusal: a page, or an error by redirect
//!     |                                            (response)
//!  interaction: sealed, tied to one browser        while the user's journey runs
//!     |
//!  code -> store                                   the code goes to the relying party by redirect
//!     |
//!  authorized: code, redirect URI, code verifier   all of them must match, once
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | which requests are valid, and how others are refused | [`request`], [`refusal`] |
//! | what the redirect back to the relying party says | [`response`] |
//! | how a request is tied to a browser while the journey runs | [`interaction`] |
//! | what a code stands for, and who may redeem it | [`authorized`], [`code`](mod@code), [`pkce`] |
//! | where codes are kept | [`store`]; [`memory`] is the specification |
//!
//! # Why so strict
//! A redirect URI must be one that the client registered, character by character: each looser
//! comparison has led a code to an attacker (RFC 9700, section 4.1). A code is consumed before it is
//! checked, so that an attacker can try one verifier per code.

pub mod authorized;
pub mod code;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod interaction;
pub mod memory;
pub mod pkce;
pub mod refusal;
pub mod request;
pub mod response;
pub mod store;
