//! The tokens of a journey, minted with this service's keys by the settings of the application under
//! which the request was admitted.

use authorization::authorized::Authorized;
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

impl JourneyMinter<'_> {
    /// The tokens of an authorization request (`OpenID` Connect Core, section 3.1.3.6).
    pub(crate) fn authorized_tokens(
        &self,
        authorized: &Authorized,
    ) -> Result<UserTokens, MintError> {
        let access_token = self.access_token(&authorized.authentication)?;
        let id_token = IdToken {
            authentication: authorized.authentication.clone(),
            nonce: authorized.interaction.request.nonce.clone(),
            access_token_hash: Some(self.minter.access_token_hash(&access_token).map_err(failed)?),
        };
        let id_token = id_token.mint(self.minter, self.settings.lifetime).map_err(failed)?;
        Ok(UserTokens { access_token, id_token })
    }

    fn access_token(&self, authentication: &Authentication) -> Result<String, MintError> {
        let Self { settings, minter, .. } = self;
        let (authentication, scope) = (authentication.clone(), settings.scope.clone());
        UserToken { authentication, scope }.mint(minter, settings.lifetime).map_err(failed)
    }
}

impl MintTokens for JourneyMinter<'_> {
    fn user_tokens(&self, authentication: &Authentication) -> Result<UserTokens, MintError> {
        let _span =
            is_sampled().then(|| tracing::info_span!(target: SPANS, "mint user tokens").entered());
        let access_token = self.access_token(authentication)?;
        let authentication = authentication.clone();
        let id_token = IdToken { authentication, nonce: None, access_token_hash: None };
        let id_token = id_token.mint(self.minter, self.settings.lifetime).map_err(failed)?;
        Ok(UserTokens { access_token, id_token })
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
