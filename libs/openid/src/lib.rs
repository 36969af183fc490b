//! The `OpenID` provider around a journey: the authorization endpoint, the browser's cookie, and the codes that
//! browsers take back. The journey runner runs the journey and serves the calls.
//!
//! ```text
//!  endpoint         GET, POST /oidc/auth  -> interaction, sealed into the page
//!  journey runner   the page's calls      -> the journey, tied to the interaction and the browser
//!  authorizations   the journey's end     -> code or error, by redirect
//!                   the code issuer       -> the user, once
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | how a request is answered | [`endpoint`] |
//! | how a browser is known | [`cookie`] |
//! | how codes are granted and redeemed | [`authorizations`] |

pub mod authorizations;
pub mod cookie;
pub mod endpoint;
