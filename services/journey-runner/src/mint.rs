//! The tokens of a journey, minted with this service's keys by the application's settings as they
//! are now.

use std::sync::Arc;

use clock::Clock;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId};
use config::Live;
use journeys::ids::JourneyId;
use journeys::ports::{MintError, MintTokens, UserTokens};
use telemetry::{SPANS, is_kept};
use tokens::journey::JourneyToken;
use tokens::mint::Minter;
use tokens::user::{IdToken, UserToken};

/// Mints the tokens of journeys.
pub(crate) struct JourneyMinter {
    pub(crate) live: Arc<Live>,
    pub(crate) minter: Minter,
    pub(crate) clock: Arc<dyn Clock>,
}

impl MintTokens for JourneyMinter {
    fn user_tokens(&self, authentication: &Authentication) -> Result<UserTokens, MintError> {
        let _span =
            is_kept().then(|| tracing::info_span!(target: SPANS, "mint user tokens").entered());
        let configuration = self.live.current();
        let application = configuration.application(&authentication.application);
        let settings = &application.ok_or_else(gone)?.tokens;
        let access_token =
            UserToken { authentication: authentication.clone(), scope: settings.scope.clone() };
        let id_token = IdToken { authentication: authentication.clone() };
        let access_token = access_token.mint(&self.minter, settings.lifetime);
        let id_token = id_token.mint(&self.minter, settings.lifetime);
        Ok(UserTokens {
            access_token: access_token.map_err(failed)?,
            id_token: id_token.map_err(failed)?,
        })
    }

    fn journey_token(
        &self,
        application: &ApplicationId,
        client: &ClientId,
        journey: &JourneyId,
        run: &str,
        authentication: Option<&Authentication>,
    ) -> Result<String, MintError> {
        let _span =
            is_kept().then(|| tracing::info_span!(target: SPANS, "mint journey token").entered());
        let token = JourneyToken {
            application: application.clone(),
            client: client.clone(),
            journey: journey.to_string(),
            authentication: authentication.cloned(),
        };
        token.mint(&self.minter, run, self.clock.now()).map_err(failed)
    }
}

fn gone() -> MintError {
    MintError("the application is no longer configured".to_owned())
}

fn failed(error: tokens::mint::MintError) -> MintError {
    MintError(error.to_string())
}
