//! The fields that an issue must have, and the users that an agent may serve.

use std::time::Duration;

use codes::issuer::Issuance;
use codes::pairing::PairingNumber;

use super::room::{issued, pending, refused};
use super::{Bench, Room};
use crate::messages::DeskIssuance;
use crate::names::Tier;
use crate::policy::{Approval, DeskSettings, Limits, Requirement};
use crate::rule::{Cause, Rule};
use crate::store::TICKET_MEMORY;

/// I23.
pub async fn each_required_field_is_asked_for(bench: Bench) {
    let settings = DeskSettings {
        require: Requirement::ALL.into(),
        verification_methods: ["video".to_owned()].into(),
        limits: Limits::default(),
        approval: None,
        ..Room::settings()
    };
    let room = Room::new(bench, settings);
    let mut ask = room.ask("jane");
    ask.issue.context.reason = Some("  ".to_owned());
    ask.issue.context.ticket_ref = None;
    let journey = room.world.journey();
    ask.issue.pairing = Some(room.world.number(&ask.issue.user, journey).await);
    for field in Requirement::ALL {
        let rule = refused(&room.issue("ada", &ask).await).clone();
        assert_eq!(rule, Rule::MissingField(field));
        match field {
            Requirement::Reason => ask.issue.context.reason = Some("lost phone".to_owned()),
            Requirement::TicketRef => ask.issue.context.ticket_ref = Some("CHG1".to_owned()),
            Requirement::VerificationMethod => {
                ask.issue.context.verification_method = Some("intuition".to_owned());
            }
            Requirement::PairingConfirmed => ask.pairing_confirmed = true,
        }
    }
    assert_eq!(refused(&room.issue("ada", &ask).await), &Rule::VerificationMethod);
    ask.issue.context.verification_method = Some("video".to_owned());
    assert_eq!(refused(&room.issue("ada", &ask).await), &Rule::TicketPattern);
    ask.issue.context.ticket_ref = Some("INC1".to_owned());
    assert!(issued(room.issue("ada", &ask).await).paired);
    // Leaving the number out is no way around the confirmation.
    ask.issue.pairing = None;
    let rule = refused(&room.issue("ada", &ask).await).clone();
    assert_eq!(rule, Rule::MissingField(Requirement::PairingConfirmed));
}

/// Without a journey there is nothing to confirm: a second agent looks instead.
pub async fn a_code_without_a_journey_needs_approval_in_place_of_confirmation(bench: Bench) {
    let approval = Approval { unpaired: true, ..Approval::default() };
    let require = [Requirement::PairingConfirmed].into();
    let settings = DeskSettings {
        agent: Room::settings().agent,
        require,
        approval: Some(approval),
        ..DeskSettings::default()
    };
    let room = Room::new(bench, settings);
    let request = pending(&room.issue_for("ada", "jane").await);
    assert_eq!(request.cause, Cause::Unpaired);
    let mut ask = room.ask("jane");
    let journey = room.world.journey();
    ask.issue.pairing = Some(room.world.number(&ask.issue.user, journey).await);
    let rule = refused(&room.issue("ada", &ask).await).clone();
    assert_eq!(rule, Rule::MissingField(Requirement::PairingConfirmed));
    ask.pairing_confirmed = true;
    assert!(issued(room.issue("ada", &ask).await).paired);
}

/// A ticket is its user's until it is forgotten.
pub async fn a_ticket_belongs_to_its_first_user(bench: Bench) {
    let room = Room::new(
        bench,
        DeskSettings { limits: Limits::default(), approval: None, ..Room::settings() },
    );
    let mut theirs = room.ask("jane");
    theirs.issue.context.ticket_ref = Some("INC1".to_owned());
    let mut other = room.ask("john");
    other.issue.context.ticket_ref = Some("INC1".to_owned());
    issued(room.issue("ada", &theirs).await);
    room.wait_short_of(TICKET_MEMORY, Duration::from_secs(1));
    issued(room.issue("bob", &theirs).await);
    assert_eq!(refused(&room.issue("ada", &other).await), &Rule::TicketTaken);
    room.wait(Duration::from_secs(1));
    issued(room.issue("ada", &other).await);
    assert_eq!(refused(&room.issue("ada", &theirs).await), &Rule::TicketTaken);
}

/// I31.
pub async fn a_verified_desk_needs_an_agent_who_serves_the_tier(bench: Bench) {
    let room = Room::new(bench, DeskSettings { approval: None, ..Room::settings() });
    let mut ask = room.ask("root");
    let nobody = &room.world.caller;
    let anonymous = room.desk.issue(nobody, room.house(), &ask).await.expect("an answer");
    assert!(matches!(anonymous, DeskIssuance::AgentRequired), "{anonymous:?}");
    ask.standing.tiers = [Tier::default()].into();
    assert_eq!(refused(&room.issue("ada", &ask).await), &Rule::Tier);
    ask.issue.user = super::room::named("ghost");
    assert_eq!(refused(&room.issue("ada", &ask).await), &Rule::UnknownTier);
    ask.issue.user = super::room::named("jane");
    issued(room.issue("ada", &ask).await);
}

/// Else a caller could use up an agent's limit with requests that fail.
pub async fn a_check_before_the_policy_counts_nothing(bench: Bench) {
    let room = Room::new(bench, DeskSettings { approval: None, ..Room::settings() });
    let mut ask = room.ask("jane");
    ask.issue.pairing = PairingNumber::parse("123456").ok();
    for _ in 0..5 {
        let lost = room.issue("ada", &ask).await;
        assert!(matches!(lost, DeskIssuance::Decided(Issuance::PairingNotFound)), "{lost:?}");
    }
    ask.issue.pairing = None;
    for _ in 0..2 {
        issued(room.issue("ada", &ask).await);
    }
}
