//! The tokens of a journey, minted with this service's keys by the settings of the application under
//! which the request was admitted.

use clock::Clock;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId};
use config::TokenSettings;
use definitions::JourneyId;
use journeys::ports::{MintError, MintTokens, UserTokens};
use telemetry::{SPANS, is_sampled};
use tokens::journey::JourneyToken;
use tokens::mint::Minter;
use tokens::user::{IdToken, UserToken};

/// Mints the tokens of one request's journey.
pub(crate) struct JourneyMinter<'a> {
    pub(crate) settings: &'a TokenSettings,
    pub(crate) minter: &'a Minter,
    pub(crate) clock: &'a dyn Clock,
}

impl MintTokens for JourneyMinter<'_> {
    fn user_tokens(&self, authentication: &Authentication) -> Result<UserTokens, MintError> {
        let _span =
            is_sampled().then(|| tracing::info_span!(target: SPANS, "mint user tokens").entered());
        let Self { settings, minter, .. } = self;
        let access_token =
            UserToken { authentication: authentication.clone(), scope: settings.scope.clone() };
        let id_token = IdToken { authentication: authentication.clone() };
        let access_token = access_token.mint(minter, settings.lifetime);
        let id_token = id_token.mint(minter, settings.lifetime);
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
        let _span = is_sampled()
            .then(|| tracing::info_span!(target: SPANS, "mint journey token").entered());
        let token = JourneyToken {
            application: application.clone(),
            client: client.clone(),
            journey: journey.to_string(),
            authentication: authentication.cloned(),
        };
        token.mint(self.minter, run, self.clock.now()).map_err(failed)
    }
}

fn failed(error: tokens::mint::MintError) -> MintError {
    MintError(error.to_string())
}
