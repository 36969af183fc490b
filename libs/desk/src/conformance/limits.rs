//! How many issues are admitted.

use std::time::Duration;

use clock::Clock as _;
use codes::issuer::Issuance;
use futures_util::future::join_all;

use super::room::{agent_of, collecting, issued, keyed, pending, refused, standing};
use super::{Bench, Room};
use crate::decide::Verdict;
use crate::messages::{DeskIssuance, Explained};
use crate::policy::{Approval, DeskSettings, Limits};
use crate::rule::{Cause, Rule};
use crate::store::{ADMISSION_WINDOW, Stop};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn without_approval(limits: Limits) -> DeskSettings {
    DeskSettings { limits, approval: None, ..Room::settings() }
}

/// I25: each window begins with its first issue.
pub async fn a_limit_ends_with_its_window(bench: Bench) {
    let limits = Limits { agent_per_hour: Some(2), group_per_hour: Some(3), user_per_day: Some(4) };
    let room = Room::new(bench, without_approval(limits));
    let began = room.world.bench.clock.now();
    issued(room.issue_for("ada", "jane").await);
    room.wait(HOUR / 2);
    issued(room.issue_for("ada", "jane").await);
    let rule = refused(&room.issue_for("ada", "jane").await).clone();
    assert_eq!(rule, Rule::AgentLimit(began + HOUR));
    issued(room.issue_for("bob", "jane").await);
    assert_eq!(refused(&room.issue_for("bob", "jane").await), &Rule::GroupLimit(began + HOUR));
    room.wait(HOUR / 2);
    issued(room.issue_for("ada", "jane").await);
    assert_eq!(refused(&room.issue_for("ada", "jane").await), &Rule::UserLimit(began + DAY));
    issued(room.issue_for("ada", "john").await);
}

/// Pending requests count at once, and not again when they are collected.
pub async fn refused_issues_are_not_counted_and_pending_ones_are(bench: Bench) {
    let room = Room::new(bench, Room::settings());
    let mut incomplete = room.ask("jane");
    incomplete.issue.context.reason = None;
    for _ in 0..5 {
        refused(&room.issue("ada", &incomplete).await);
    }
    pending(&room.issue_for("ada", "root").await);
    issued(room.issue_for("ada", "jane").await);
    assert_eq!(pending(&room.issue_for("ada", "john").await).cause, Cause::AgentLimit);
}

/// I25, and the outsourced agent who issues for dozens of users in an hour.
pub async fn twice_the_agents_limit_freezes_until_lifted(bench: Bench) {
    let limits = Limits { group_per_hour: None, ..Room::settings().limits };
    let room = Room::new(bench, DeskSettings { limits, ..Room::settings() });
    for name in ["a1", "a2"] {
        issued(room.issue_for("ada", name).await);
    }
    for name in ["a3", "a4"] {
        assert_eq!(pending(&room.issue_for("ada", name).await).cause, Cause::AgentLimit);
    }
    let froze = room.issue_for("ada", "a5").await;
    assert!(matches!(froze, DeskIssuance::Froze(_)), "{froze:?}");
    for _ in 0..2 {
        room.wait(DAY);
        let still = room.issue_for("ada", "a5").await;
        assert!(matches!(still, DeskIssuance::Refused(_, Rule::FrozenAgent)), "{still:?}");
    }
    issued(room.issue_for("bob", "a6").await);
    let stops = room.desk.stops(room.application()).await.expect("an answer");
    assert_eq!(stops.frozen, [agent_of("ada")]);
    assert!(room.stop(Stop::Thaw(agent_of("ada"))).await);
    assert!(!room.stop(Stop::Thaw(agent_of("ada"))).await);
    issued(room.issue_for("ada", "a5").await);
}

/// A lift within the hour would be none if the next issue froze the agent again.
pub async fn a_lifted_agent_has_the_limit_anew(bench: Bench) {
    let limits = Limits { group_per_hour: None, ..Room::settings().limits };
    let room = Room::new(bench, DeskSettings { limits, ..Room::settings() });
    for name in ["a1", "a2"] {
        issued(room.issue_for("ada", name).await);
    }
    assert!(
        !room.stop(Stop::Thaw(agent_of("ada"))).await,
        "nobody is frozen: nothing is forgotten"
    );
    for name in ["a3", "a4"] {
        pending(&room.issue_for("ada", name).await);
    }
    assert!(matches!(room.issue_for("ada", "a5").await, DeskIssuance::Froze(_)));
    assert!(room.stop(Stop::Thaw(agent_of("ada"))).await);
    for name in ["a5", "a6"] {
        issued(room.issue_for("ada", name).await);
    }
    assert_eq!(pending(&room.issue_for("ada", "a7").await).cause, Cause::AgentLimit);
}

/// Above the limit a second agent may approve; twice the limit is the end.
pub async fn twice_another_limit_is_refused(bench: Bench) {
    let limits = Limits { agent_per_hour: None, group_per_hour: Some(3), user_per_day: Some(1) };
    let room = Room::new(bench, DeskSettings { limits, ..Room::settings() });
    let began = room.world.bench.clock.now();
    issued(room.issue_for("ada", "jane").await);
    assert_eq!(pending(&room.issue_for("bob", "jane").await).cause, Cause::UserLimit);
    assert_eq!(refused(&room.issue_for("eve", "jane").await), &Rule::UserLimit(began + DAY));
    issued(room.issue_for("ada", "b1").await);
    for name in ["b2", "b3", "b4"] {
        assert_eq!(pending(&room.issue_for("ada", name).await).cause, Cause::GroupLimit);
    }
    assert_eq!(refused(&room.issue_for("ada", "b5").await), &Rule::GroupLimit(began + HOUR));
}

/// I25: within the admission's window, however much time lies between the calls.
pub async fn a_retry_is_counted_once_and_gives_no_second_code(bench: Bench) {
    let limits = Limits { agent_per_hour: Some(2), ..Limits::default() };
    let room = Room::new(bench, without_approval(limits));
    let ask = keyed(&room.ask("jane"), "key");
    let first = issued(room.issue("ada", &ask).await).code_id;
    for _ in 0..5 {
        assert_eq!(issued(room.issue("ada", &ask).await).code_id, first);
    }
    // The record has forgotten the key; the admission has not.
    room.wait(Duration::from_secs(121));
    let late = room.issue("ada", &ask).await;
    assert!(matches!(late, DeskIssuance::Decided(Issuance::Conflict)), "{late:?}");
    issued(room.issue_for("ada", "john").await);
    refused(&room.issue_for("ada", "eve").await);
    // After the window the key is new, and counted.
    room.wait_short_of(ADMISSION_WINDOW, Duration::from_secs(121));
    refused(&room.issue("ada", &ask).await);
}

/// I8.
pub async fn a_key_for_another_issue_conflicts(bench: Bench) {
    let room = Room::new(bench, Room::settings());
    issued(room.issue("ada", &keyed(&room.ask("jane"), "key")).await);
    let mut changed = keyed(&room.ask("jane"), "key");
    changed.issue.context.reason = Some("another".to_owned());
    for other in [keyed(&room.ask("john"), "key"), changed] {
        let conflict = room.issue("ada", &other).await;
        assert!(matches!(conflict, DeskIssuance::Decided(Issuance::Conflict)), "{conflict:?}");
    }
    pending(&room.issue("ada", &keyed(&room.ask("root"), "other")).await);
    let same = pending(&room.issue("ada", &keyed(&room.ask("root"), "other")).await);
    assert_eq!(pending(&room.issue("ada", &keyed(&room.ask("root"), "other")).await), same);
    // No record knows this key yet.
    let conflict = room.issue("ada", &keyed(&room.ask("root2"), "other")).await;
    assert!(matches!(conflict, DeskIssuance::Decided(Issuance::Conflict)), "{conflict:?}");
}

/// I25.
pub async fn of_parallel_issues_exactly_the_limit_is_admitted(bench: Bench) {
    let limits = Limits { agent_per_hour: Some(10), ..Limits::default() };
    let approval = Approval { above_limits: true, ..Approval::default() };
    let room =
        Room::new(bench, DeskSettings { approval: Some(approval), ..without_approval(limits) });
    let names: Vec<_> = (0..100).map(|number| format!("user-{number}")).collect();
    let issuances = join_all(names.iter().map(|name| room.issue_for("ada", name))).await;
    let count = |is: fn(&DeskIssuance) -> bool| issuances.iter().filter(|it| is(it)).count();
    let codes = count(|it| matches!(it, DeskIssuance::Decided(Issuance::Issued(_))));
    let waiting = count(|it| matches!(it, DeskIssuance::Pending(..)));
    let froze = count(|it| matches!(it, DeskIssuance::Froze(_)));
    let frozen = count(|it| matches!(it, DeskIssuance::Refused(_, Rule::FrozenAgent)));
    assert_eq!((codes, waiting, froze, frozen), (10, 10, 1, 79));
}

/// What is explained is what happens.
pub async fn an_explanation_counts_nothing(bench: Bench) {
    let room = Room::new(bench, Room::settings());
    let caller = room.by("ada");
    let mut ask = room.ask("root");
    ask.issue.context.reason = None;
    for _ in 0..3 {
        let explained = room.desk.explain(&caller, room.house(), &ask).await.expect("an answer");
        let Explained::Policy(explanation) = explained else { panic!("{explained:?}") };
        assert!(matches!(explanation.verdict, Verdict::Refuse(Rule::MissingField(_))));
        assert_eq!(explanation.complete, Verdict::NeedsApproval(Cause::Tier));
        assert_eq!((explanation.facts.agent.number, explanation.facts.user.number), (0, 0));
    }
    let request = pending(&room.issue_for("ada", "root").await);
    room.approve("bob", request.request_id).await;
    issued(room.issue("ada", &collecting(&room.ask("root"), request.request_id)).await);
    let explained = room.desk.explain(&caller, room.house(), &ask).await.expect("an answer");
    let Explained::Policy(explanation) = explained else { panic!("{explained:?}") };
    let facts = explanation.facts;
    assert_eq!((facts.agent.number, facts.group.number, facts.user.number), (1, 1, 1));
    assert_eq!(ask.standing, standing());
}
