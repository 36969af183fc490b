//! Approvals that an issue collects.

use std::time::Duration;

use codes::conformance::{Place, accepted};
use codes::issuer::Issuance;
use futures_util::future::join_all;

use super::room::{agent_of, collecting, issued, keyed, pending, refused};
use super::{Bench, Room};
use crate::messages::DeskIssuance;
use crate::policy::{Approval, DeskSettings, Limits};
use crate::request::Ask;
use crate::rule::{Cause, Rule};
use crate::store::{Admission, Stop};

async fn approved(room: &Room, ask: &Ask) -> Ask {
    let id = pending(&room.issue("ada", ask).await).request_id;
    room.approve("bob", id).await;
    collecting(ask, id)
}

/// I24: the first key that collects an approval owns it.
pub async fn an_approval_gives_one_code(bench: Bench) {
    let room = Room::new(bench, Room::settings());
    let collect = approved(&room, &room.ask("root")).await;
    let first = issued(room.issue("ada", &keyed(&collect, "key")).await);
    let again = issued(room.issue("ada", &keyed(&collect, "key")).await);
    assert_eq!(again.code_id, first.code_id);
    for other in [collect.clone(), keyed(&collect, "other")] {
        assert_eq!(refused(&room.issue("ada", &other).await), &Rule::ApprovalUsed);
    }
    assert!(accepted(&room.world.verify(&collect.issue.user, again.code.expose()).await));
    // The record has forgotten the key; the approval has not.
    room.wait(Duration::from_secs(121));
    let late = room.issue("ada", &keyed(&collect, "key")).await;
    assert!(matches!(late, DeskIssuance::Decided(Issuance::Conflict)), "{late:?}");
}

/// I24: an approval binds everything that the approver saw.
pub async fn a_changed_issue_collects_nothing(bench: Bench) {
    let room = Room::new(bench, Room::settings());
    let collect = approved(&room, &room.ask("root")).await;
    let changes: [fn(&mut Ask); 7] = [
        |ask| ask.issue.user = super::room::named("root2"),
        |ask| ask.issue.context.reason = Some("another".to_owned()),
        |ask| ask.issue.context.verification_method = Some("video".to_owned()),
        |ask| ask.issue.context.agent_id = Some("another".to_owned()),
        |ask| ask.issue.expires_in = Some(Duration::from_secs(600)),
        |ask| ask.issue.override_lockout = true,
        |ask| ask.pairing_confirmed = true,
    ];
    for change in changes {
        let mut changed = collect.clone();
        change(&mut changed);
        assert_eq!(refused(&room.issue("ada", &changed).await), &Rule::ApprovalChanged);
    }
    assert_eq!(refused(&room.issue("eve", &collect).await), &Rule::ApprovalChanged);
    issued(room.issue("ada", &collect).await);
}

/// The number may have expired when the approval comes; the journey lives on.
pub async fn an_approval_keeps_its_journey(bench: Bench) {
    let room = Room::new(bench, Room::settings());
    let journey = room.world.journey();
    let mut ask = room.ask("root");
    ask.issue.pairing = Some(room.world.number(&ask.issue.user, journey).await);
    let id = pending(&room.issue("ada", &ask).await).request_id;
    room.wait(Duration::from_secs(11 * 60));
    room.approve("bob", id).await;
    let code = issued(room.issue("ada", &collecting(&ask, id)).await);
    assert!(code.paired);
    let user = &ask.issue.user;
    let elsewhere = room.world.verify_from(Place::default(), user, code.code.expose()).await;
    assert!(!accepted(&elsewhere));
    assert!(accepted(&room.world.verify_from(journey, user, code.code.expose()).await));
}

/// I24.
pub async fn of_parallel_collects_one_key_gets_the_code(bench: Bench) {
    let room = Room::new(bench, Room::settings());
    let collect = approved(&room, &room.ask("root")).await;
    let keys: Vec<_> = (0..40).map(|number| keyed(&collect, &format!("key-{number}"))).collect();
    let collected = join_all(keys.iter().map(|ask| room.issue("ada", ask))).await;
    let is_issued = |it: &&DeskIssuance| matches!(it, DeskIssuance::Decided(Issuance::Issued(_)));
    assert_eq!(collected.iter().filter(is_issued).count(), 1);
    let is_used = |it: &&DeskIssuance| matches!(it, DeskIssuance::Refused(_, Rule::ApprovalUsed));
    assert_eq!(collected.iter().filter(is_used).count(), 39);
}

/// A reply that was lost before its code was issued is no way past what has changed since.
pub async fn an_admission_without_a_code_is_judged_again(bench: Bench) {
    let limits = Limits { agent_per_hour: Some(2), ..Limits::default() };
    let room = Room::new(bench, DeskSettings { limits, ..Room::settings() });
    let late = keyed(&approved(&room, &room.ask("root")).await, "late");
    let plain = keyed(&room.ask("jane"), "plain");
    for ask in [&late, &plain] {
        let admitted = room.admit("ada", ask).await;
        assert_eq!(admitted, Admission::Admitted { was_issued: false });
    }
    let mut foreign = [late.clone(), plain.clone()];
    for ask in &mut foreign {
        ask.standing.tiers.clear();
        assert_eq!(refused(&room.issue("ada", ask).await), &Rule::Tier);
    }
    for name in ["a1", "a2"] {
        pending(&room.issue_for("ada", name).await);
    }
    assert!(matches!(room.issue_for("ada", "a3").await, DeskIssuance::Froze(_)));
    for ask in [&late, &plain] {
        assert_eq!(refused(&room.issue("ada", ask).await), &Rule::FrozenAgent);
    }
    assert!(room.stop(Stop::Thaw(agent_of("ada"))).await);
    issued(room.issue("ada", &plain).await);
    room.wait(Approval::EXPIRES);
    assert_eq!(refused(&room.issue("ada", &late).await), &Rule::ApprovalExpired);
}

/// The request was counted when it was made.
pub async fn an_approved_issue_is_not_counted_again(bench: Bench) {
    let limits = Limits { agent_per_hour: Some(1), ..Limits::default() };
    let approval = Approval { above_limits: true, ..Approval::default() };
    let room =
        Room::new(bench, DeskSettings { limits, approval: Some(approval), ..Room::settings() });
    issued(room.issue_for("ada", "jane").await);
    let above = room.ask("john");
    let request = pending(&room.issue("ada", &above).await);
    assert_eq!(request.cause, Cause::AgentLimit);
    room.approve("bob", request.request_id).await;
    issued(room.issue("ada", &collecting(&above, request.request_id)).await);
    let froze = room.issue_for("ada", "eve").await;
    assert!(matches!(froze, DeskIssuance::Froze(_)), "two were counted: {froze:?}");
}
