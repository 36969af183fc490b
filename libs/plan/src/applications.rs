//! The facts of an application.

use codes::policy::{PairingRule, Policy, PolicySettings};
use config::{Application, Support, TokenSettings, Users};

use crate::desks;
use crate::fact::Fact;
use crate::facts::Facts;

/// Notes an application without its clients.
pub(crate) fn note(facts: &mut Facts, application: &Application) {
    let Application {
        id,
        name,
        policy,
        directory: _,
        tiers: _,
        users,
        desk,
        support,
        tokens,
        clients: _,
    } = application;
    let place = format!("application {id}");
    facts.place(&place, Fact::plain(""));
    let Support { phone, hint } = support;
    let TokenSettings { scope, lifetime } = tokens;
    facts.extend(
        &place,
        [
            ("name", Fact::quoted(name)),
            ("support_phone", Fact::optional(phone.as_deref())),
            ("support_hint", Fact::optional(hint.as_deref())),
            ("tokens.scope", Fact::quoted(scope)),
            ("tokens.lifetime", Fact::shorter(*lifetime)),
        ],
    );
    note_users(facts, &place, users);
    note_policy(facts, &place, policy);
    desks::note(facts, &place, desk.as_ref());
}

/// Counts of users: their identifiers tell them apart, and are not shown.
fn note_users(facts: &mut Facts, place: &str, users: &Users) {
    let (kind, users) = match users {
        Users::Opaque => ("opaque", None),
        Users::Remote => ("grpc", None),
        Users::File(users) => ("file", Some(users)),
    };
    facts.extend(place, [("users.directory", Fact::plain(kind))]);
    let Some(users) = users else { return };
    let identifiers = users.identifiers().iter();
    let identifiers = identifiers.map(|(it, user)| (it.kind().as_str(), it.value(), user.as_str()));
    let identifiers: Vec<_> = identifiers.collect();
    let count = format!("{} identifiers", identifiers.len());
    let tiers = users.tiers().iter().map(|(user, tier)| format!("{tier} {}", user.as_str()));
    let tiers = Fact::demanded(tiers);
    let count_of_tiers = format!("{} users", users.tiers().len());
    facts.extend(
        place,
        [
            ("users.file", Fact::plain(count).identified(format_args!("{identifiers:?}"))),
            ("users.tier", Fact { text: count_of_tiers, ..tiers }),
        ],
    );
}

fn note_policy(facts: &mut Facts, place: &str, policy: &Policy) {
    let PolicySettings {
        length,
        alphabet,
        expiration,
        max_expiration,
        lockout,
        failed_attempts,
        attempts_per_source: _,
        pairing,
        issues_per_hour,
        overrides_per_day,
    } = policy.settings();
    let count = policy.shape().count();
    let odds = format!("{failed_attempts} in {count:.0}");
    let pairing_level = match pairing {
        PairingRule::Off => 0.0,
        PairingRule::Optional => 1.0,
        PairingRule::Required => 2.0,
    };
    facts.extend(
        place,
        [
            // Length, alphabet and attempts make the odds together: one may give way to another.
            ("odds of a guess", Fact::level(odds, count / f64::from(*failed_attempts))),
            ("temp_code.length", Fact::plain(length)),
            ("temp_code.alphabet", Fact::plain(alphabet.as_str())),
            ("temp_code.failed_attempts", Fact::plain(failed_attempts)),
            ("temp_code.expiration", Fact::shorter(*expiration)),
            ("temp_code.max_expiration", Fact::shorter(*max_expiration)),
            ("temp_code.lockout", Fact::longer(*lockout)),
            ("temp_code.attempts_per_source", Fact::at_most(Some(policy.attempts_per_source()))),
            ("temp_code.pairing", Fact::level(pairing.as_str(), pairing_level)),
            ("temp_code.issues_per_hour", Fact::at_most(Some(*issues_per_hour))),
            ("temp_code.overrides_per_day", Fact::at_most(Some(*overrides_per_day))),
        ],
    );
}
