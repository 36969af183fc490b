//! What a project is made of: a journey, the client that runs it, and where.

use codes::ids::ClientId;
use config::{ClientKind, Configuration};
use definitions::JourneyId;

use crate::error::GenerateError;
use crate::screens::Screens;
use crate::server::Server;

/// The journey of a client, as a project shows it.
pub(crate) struct App<'c> {
    pub(crate) application: &'c str,
    pub(crate) client: &'c str,
    pub(crate) server: Server,
    pub(crate) journey: &'c str,
    pub(crate) screens: Screens<'c>,
}

impl<'c> App<'c> {
    /// Looks up what a client may run.
    pub(crate) fn find(
        configuration: &'c Configuration,
        journey: &str,
        client: &str,
        server: &str,
    ) -> Result<Self, GenerateError> {
        let server = Server::parse(server)?;
        let unknown = || GenerateError::UnknownClient(client.to_owned());
        let id = ClientId::parse(client).map_err(|_| unknown())?;
        let (application, client) = configuration.client(&id).ok_or_else(unknown)?;
        let ClientKind::Public { journeys, .. } = &client.kind else {
            return Err(GenerateError::ConfidentialClient(client.id.to_string()));
        };
        let id = journeys.iter().find(|id| id.as_str() == journey);
        let journey = id.and_then(|id| configuration.journey(id)).ok_or_else(|| {
            let journeys = journeys.iter().map(JourneyId::as_str).collect::<Vec<_>>().join(", ");
            GenerateError::UnknownJourney {
                client: client.id.to_string(),
                journey: journey.to_owned(),
                journeys,
            }
        })?;
        Ok(Self {
            application: &application.name,
            client: client.id.as_str(),
            server,
            journey: journey.id().as_str(),
            screens: Screens::of(journey)?,
        })
    }
}
