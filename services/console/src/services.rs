//! The services that the console calls.

use client::{Client, CodeIssuer, Desk, SetupError, Verifier};

/// Clients of the services. They connect at their first calls.
#[derive(Clone)]
pub struct Services {
    /// Exchanges the ID tokens of agents.
    pub(crate) client: Client,
    pub(crate) issuer: CodeIssuer,
    pub(crate) desk: Desk,
    pub(crate) verifier: Verifier,
}

impl Services {
    /// The code issuer and the verifier at these URLs. Needs a runtime.
    ///
    /// # Errors
    /// [`SetupError`] where a URL is unusable.
    pub fn at(client: Client, issuer: &str, verifier: &str) -> Result<Self, SetupError> {
        Ok(Self {
            issuer: client.code_issuer(issuer)?,
            desk: client.desk(issuer)?,
            verifier: client.verifier(verifier)?,
            client,
        })
    }
}
