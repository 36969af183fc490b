//! The facts of a client.

use codes::ids::ApplicationId;
use config::{Client, ClientKind, Configuration, Rates};
use definitions::JourneyId;

use crate::fact::Fact;
use crate::facts::Facts;

/// Notes a client. A new right is a weaker control, unless the whole application is new.
pub(crate) fn note(
    facts: &mut Facts,
    configuration: &Configuration,
    (application, client): (&ApplicationId, &Client),
    is_known: bool,
) {
    let Client { id, kind, redirect_uris, openid } = client;
    let place = format!("client {id}");
    let rights = match kind {
        ClientKind::Confidential { scopes, .. } => Fact::allowed(scopes),
        ClientKind::Public { journeys, .. } => Fact::allowed(journeys),
    };
    facts.place(&place, if is_known { rights } else { rights.neutral() });
    facts.extend(
        &place,
        [
            ("application", Fact::plain(application)),
            ("redirect_uris", Fact::allowed(redirect_uris)),
            ("openid", sign_in(configuration, openid.as_ref())),
        ],
    );
    match kind {
        ClientKind::Confidential { secret, scopes, rates } => {
            let Rates {
                issues_per_minute,
                changes_per_minute,
                verifications_per_minute,
                reads_per_minute,
            } = *rates;
            let generation = secret.generation();
            facts.extend(
                &place,
                [
                    ("kind", Fact::plain("confidential")),
                    ("secret", Fact::plain(format_args!("fingerprint {}", generation.as_str()))),
                    ("scopes", Fact::allowed(scopes)),
                    ("issues_per_minute", Fact::at_most(Some(issues_per_minute))),
                    ("changes_per_minute", Fact::at_most(Some(changes_per_minute))),
                    ("verifications_per_minute", Fact::at_most(Some(verifications_per_minute))),
                    ("reads_per_minute", Fact::at_most(Some(reads_per_minute))),
                ],
            );
        }
        ClientKind::Public { origins, journeys } => {
            // The first journey is the one that the recovery page runs.
            let first = journeys.first().map(ToString::to_string).unwrap_or_default();
            facts.extend(
                &place,
                [
                    ("kind", Fact::plain("public")),
                    ("origins", Fact::allowed(origins)),
                    ("journeys", Fact::allowed(journeys)),
                    ("first journey", Fact::plain(first)),
                ],
            );
        }
    }
}

/// How the client signs its users in: best not at all, else by a journey that compares paired codes only.
fn sign_in(configuration: &Configuration, journey: Option<&JourneyId>) -> Fact {
    let Some(id) = journey else { return Fact::level("none", 2.0) };
    let is_paired = configuration.journey(id).is_some_and(|it| it.unpaired_step().is_none());
    Fact::level(id, f64::from(u8::from(is_paired)))
}
