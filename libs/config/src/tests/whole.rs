//! What a valid configuration says.

use std::time::Duration;

use codes::ids::{ApplicationId, ClientId};
use codes::policy::PairingRule;
use codes::user::{Identifier, IdentifierType, UserId};
use definitions::JourneyId;
use tokens::scope::Scope;

use super::*;
use crate::{Application, ClientKind, TokenSettings};

fn acme(configuration: &Configuration) -> &Application {
    let id = ApplicationId::parse("acme").expect("valid");
    configuration.application(&id).expect("configured")
}

fn client<'c>(configuration: &'c Configuration, id: &str) -> &'c ClientKind {
    let id = ClientId::parse(id).expect("valid");
    &configuration.client(&id).expect("configured").1.kind
}

#[test]
fn a_backend_has_its_secret_and_scopes() {
    let configuration = Configuration::read(&changed(&[])).expect("valid");
    let ClientKind::Confidential { secret, scopes, .. } = client(&configuration, "acme-support")
    else {
        panic!("public")
    };
    assert!(scopes.contains(&Scope::CodesIssue));
    // The end of the file's line is not a part of the secret.
    assert!(tokens::secret::verify(Some(secret), &"acme-support-secret".into()));
    assert!(!tokens::secret::verify(Some(secret), &"acme-support-secret\n".into()));
}

#[test]
fn a_page_may_call_from_its_own_origins_alone() {
    let configuration = Configuration::read(&changed(&[])).expect("valid");
    let ClientKind::Public { origins, .. } = client(&configuration, "acme-web") else {
        panic!("confidential")
    };
    assert!(origins.iter().eq(["http://localhost:8080", "https://acme.example"]));
    assert!(configuration.allows_origin("https://acme.example"));
    for origin in ["https://Acme.example:443/back", "http://acme.example", "null", ""] {
        assert!(!configuration.allows_origin(origin), "{origin}");
    }
}

#[test]
fn a_client_runs_the_journeys_it_may() {
    let other = ("journeys/other.yaml", JOURNEY.replace("recover", "other"));
    let configuration =
        Configuration::read(&changed(&[(other.0, other.1.as_str())])).expect("valid");
    let may = |client: &str, journey: &str| {
        let client = ClientId::parse(client).expect("valid");
        let (_, client) = configuration.client(&client).expect("configured");
        client.may_run(&JourneyId::parse(journey).expect("valid"))
    };
    assert!(may("acme-web", "recover") && !may("acme-web", "other"));
    assert!(may("acme-backend", "recover") && may("acme-backend", "other"));
    assert!(!may("acme-support", "recover"));
    assert_eq!(configuration.journeys().count(), 2);
}

#[test]
fn what_is_not_said_has_a_default() {
    let short = &APPLICATION[..APPLICATION.find("temp_code:").expect("there")];
    let configuration =
        Configuration::read(&changed(&[("applications/acme.yaml", short)])).expect("valid");
    assert_eq!(acme(&configuration).tokens, TokenSettings::default());
    let policy = "acme: codes of 6 digits that live 5m; chance that one is guessed: 3 in 1000000, then locked for 15m";
    assert_eq!(configuration.policy_lines(), [policy]);
}

#[test]
fn what_is_said_holds() {
    let configuration = Configuration::read(&changed(&[])).expect("valid");
    assert_eq!(acme(&configuration).tokens.scope, "openid recovery");
    assert_eq!(acme(&configuration).tokens.lifetime, Duration::from_secs(20 * 60));
    assert_eq!(acme(&configuration).policy.settings().issues_per_hour, 10);
    let policy = "acme: codes of 8 base32 characters that live 10m; chance that one is guessed: 5 in 1099511627776, then locked for 30m";
    assert_eq!(configuration.policy_lines(), [policy]);
}

/// The valid configuration with other lines in its policy.
fn with_policy(lines: &str) -> Source {
    let text = APPLICATION.replacen("  overrides_per_day: 0\n", lines, 1);
    changed(&[("applications/acme.yaml", &text)])
}

#[test]
fn a_policy_says_how_codes_are_paired() {
    for rule in PairingRule::ALL {
        let source = with_policy(&format!("  pairing: {}\n", rule.as_str()));
        let configuration = Configuration::read(&source).expect("valid");
        assert_eq!(acme(&configuration).policy.settings().pairing, rule);
    }
    let configuration = Configuration::read(&with_policy("")).expect("valid");
    assert_eq!(acme(&configuration).policy.settings().pairing, PairingRule::Optional);
    let source = with_policy("  attempts_per_source: 2\n");
    let configuration = Configuration::read(&source).expect("valid");
    assert_eq!(acme(&configuration).policy.attempts_per_source(), 2);
}

#[test]
fn where_pairing_is_required_no_client_verifies_codes() {
    let text = APPLICATION.replacen("[journeys:run]", "[codes:verify]", 1);
    let required = text.replacen("overrides_per_day: 0", "pairing: required", 1);
    assert!(Configuration::read(&changed(&[("applications/acme.yaml", &text)])).is_ok());
    let problem = "applications/acme.yaml:14: temp_code: pairing: required: the client `acme-backend` may not have `codes:verify`: codes are verified in journeys only";
    assert_eq!(problems(&changed(&[("applications/acme.yaml", &required)])), [problem]);
}

#[test]
fn what_is_valid_and_unwise_is_a_warning() {
    let warnings =
        |lines| Configuration::read(&with_policy(lines)).expect("valid").warnings().join("\n");
    assert_eq!(warnings(""), "");
    assert_eq!(warnings("  pairing: off\n  attempts_per_source: 4\n"), "");
    let burning = "acme: anyone who knows a user ID can burn codes: ";
    assert!(warnings("  pairing: off\n").starts_with(burning));
    assert!(warnings("  pairing: off\n  attempts_per_source: 5\n").starts_with(burning));
    let text = APPLICATION.replacen("base32", "digits", 1).replacen("length: 8", "length: 6", 1);
    let text = text.replacen("failed_attempts: 5", "failed_attempts: 11", 1);
    let easy = Configuration::read(&changed(&[("applications/acme.yaml", &text)])).expect("valid");
    let odds = "acme: the chance that a code is guessed is more than 1 in 100000: ";
    assert!(easy.warnings().join("\n").starts_with(odds), "{:?}", easy.warnings());
}

#[test]
fn a_journey_that_reaches_the_code_without_pairing_is_a_warning_where_pairing_is_required() {
    let journey = "id: open\nstart: enter\nsteps:\n  enter:\n    type: temp_code_authentication\n    \
                   external_user_id: '@policy.request().params.user'\n    \
                   temp_code: '@policy.request().params.code'\n    on: { success: done }\n  \
                   done: { type: complete }\n";
    for (line, count) in [("  pairing: required\n", 1), ("", 0)] {
        let text = APPLICATION.replacen("  overrides_per_day: 0\n", line, 1);
        let source = changed(&[("applications/acme.yaml", &text), ("journeys/open.yaml", journey)]);
        let warnings = Configuration::read(&source).expect("valid").warnings();
        assert_eq!(warnings.len(), count, "{warnings:?}");
        let told = "acme: in the journey `open`, step `enter` can be reached without pairing";
        assert!(warnings.iter().all(|warning| warning.starts_with(told)), "{warnings:?}");
    }
}

#[tokio::test]
async fn every_identifier_of_a_user_leads_to_that_user() {
    let configuration = Configuration::read(&changed(&[])).expect("valid");
    let Application { id, directory, .. } = acme(&configuration);
    for (kind, text, user) in [
        (IdentifierType::UserId, "ada", Some("ada")),
        (IdentifierType::Email, "ada@example.COM", Some("ada")),
        (IdentifierType::PhoneNumber, "+4930123456", Some("ada")),
        (IdentifierType::Username, "BOB", Some("bob")),
        (IdentifierType::UserId, "Ada", None),
        (IdentifierType::UserId, "ada@example.com", None),
        (IdentifierType::Username, "ada", None),
        (IdentifierType::Email, "eve@example.com", None),
    ] {
        let identifier = Identifier::parse(kind, text).expect("valid");
        let found = directory.resolve(id, &identifier).await.expect("answers");
        assert_eq!(found.as_ref().map(UserId::as_str), user, "{text}");
    }
}

#[test]
fn nothing_prints_a_secret_or_an_identifier() {
    let configuration = Configuration::read(&changed(&[])).expect("valid");
    let debug = format!("{configuration:?} {:?}", acme(&configuration).clients);
    for text in ["e2b3ae", "acme-support-secret", "example.com", "ada"] {
        assert!(!debug.contains(text), "{text}: {debug}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_file() {
    let marked: Vec<_> =
        files().into_iter().map(|(path, text)| (path, format!("\u{feff}{text}"))).collect();
    let marked = marked.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let configuration = Configuration::read(&Source::from_files(marked)).expect("valid");
    let ClientKind::Confidential { secret, .. } = client(&configuration, "acme-support") else {
        panic!("public")
    };
    assert!(tokens::secret::verify(Some(secret), &"acme-support-secret".into()));
}
