//! Brakes.

use std::time::Duration;

use clock::Clock as _;

use super::room::{agent_of, collecting, issued, keyed, pending, refused};
use super::{Bench, Room};
use crate::messages::{DeskIssuance, Stopped};
use crate::names::{Group, Scope};
use crate::policy::{DeskSettings, Limits};
use crate::rule::Rule;
use crate::store::{LONGEST_BRAKE, MAX_BRAKES, Stop, Stops};

const MINUTE: Duration = Duration::from_secs(60);

fn without_limits(bench: Bench) -> Room {
    let approval = Room::settings().approval.map(|mut approval| {
        approval.above_limits = false;
        approval
    });
    Room::new(bench, DeskSettings { limits: Limits::default(), approval, ..Room::settings() })
}

fn is_braked(issuance: &DeskIssuance) -> bool {
    matches!(issuance, DeskIssuance::Refused(_, Rule::Brake { .. }))
}

/// I30. The widest brake is told.
pub async fn a_brake_stops_what_it_names(bench: Bench) {
    let room = without_limits(bench);
    let group = |name| Scope::Group(Group::parse(name).expect("a group"));
    let until = room.world.bench.clock.now() + MINUTE;
    for scope in [Scope::Agent(agent_of("ada")), group("outsourced"), Scope::Application] {
        assert!(room.stop(Stop::Brake(scope.clone(), MINUTE)).await);
        let rule = refused(&room.issue_for("ada", "jane").await).clone();
        assert_eq!(rule, Rule::Brake { scope: scope.clone(), until });
        let others = room.issue_for("bob", "jane").await;
        assert_eq!(is_braked(&others), scope != Scope::Agent(agent_of("ada")), "{others:?}");
    }
    let stops = room.desk.stops(room.application()).await.expect("an answer");
    let brakes = [Scope::Application, group("outsourced"), Scope::Agent(agent_of("ada"))];
    assert_eq!(
        stops,
        Stops { brakes: brakes.clone().map(|scope| (scope, until)).into(), frozen: vec![] }
    );
    for scope in brakes {
        assert!(is_braked(&room.issue_for("ada", "jane").await));
        let lifted = room.desk.lift_brake(&room.by("sam"), &room.policy, scope).await;
        assert_eq!(lifted.expect("an answer"), Stopped::Done { has_changed: true });
    }
    issued(room.issue_for("ada", "jane").await);
    assert!(room.stop(Stop::Brake(group("inhouse"), MINUTE)).await);
    assert!(room.stop(Stop::Brake(Scope::Agent(agent_of("bob")), MINUTE)).await);
    issued(room.issue_for("ada", "jane").await);
}

/// I30: neither a retry nor an approval comes past a brake, and neither is lost.
pub async fn a_brake_stops_what_was_admitted_and_approved(bench: Bench) {
    let room = without_limits(bench);
    let ask = keyed(&room.ask("jane"), "key");
    let id = issued(room.issue("ada", &ask).await).code_id;
    let privileged = room.ask("root");
    let request = pending(&room.issue("ada", &privileged).await).request_id;
    room.approve("bob", request).await;
    assert!(room.stop(Stop::Brake(Scope::Application, MINUTE)).await);
    assert!(is_braked(&room.issue("ada", &ask).await));
    assert!(is_braked(&room.issue("ada", &collecting(&privileged, request)).await));
    assert!(room.stop(Stop::Release(Scope::Application)).await);
    assert_eq!(issued(room.issue("ada", &ask).await).code_id, id);
    issued(room.issue("ada", &collecting(&privileged, request)).await);
}

/// An agent who may set a brake cannot use it to end another one early.
pub async fn a_longer_brake_stays_and_ends_by_itself(bench: Bench) {
    let room = without_limits(bench);
    let set = async |life| {
        let set = room.desk.set_brake(&room.by("sam"), Scope::Application, life).await;
        set.expect("an answer")
    };
    for life in [Duration::ZERO, LONGEST_BRAKE + Duration::from_millis(1)] {
        assert_eq!(set(life).await, Stopped::OutOfRange);
    }
    assert_eq!(set(2 * MINUTE).await, Stopped::Done { has_changed: true });
    assert_eq!(set(MINUTE).await, Stopped::Done { has_changed: false });
    room.wait_short_of(2 * MINUTE, Duration::from_millis(1));
    assert!(is_braked(&room.issue_for("ada", "jane").await));
    room.wait(Duration::from_millis(1));
    issued(room.issue_for("ada", "jane").await);
    assert!(!room.stop(Stop::Release(Scope::Application)).await);
    let nobody = &room.world.caller;
    let lifted = room.desk.lift_brake(nobody, &room.policy, Scope::Application).await;
    assert_eq!(lifted.expect("an answer"), Stopped::AgentRequired, "I31");
}

/// Else one agent could make every issue slow. Stopping the application is always possible.
pub async fn as_many_brakes_are_set_as_may(bench: Bench) {
    let room = without_limits(bench);
    let caller = room.by("sam");
    let agent = |number: usize| Scope::Agent(agent_of(&format!("agent-{number}")));
    let set = async |scope| {
        let set = room.desk.set_brake(&caller, scope, MINUTE).await;
        set.expect("the store answers") != Stopped::TooManyBrakes
    };
    assert!(set(Scope::Application).await);
    for number in 1..MAX_BRAKES {
        assert!(set(agent(number)).await);
    }
    assert!(!set(agent(MAX_BRAKES)).await);
    assert!(set(agent(1)).await && set(Scope::Application).await);
    assert!(room.stop(Stop::Release(agent(1))).await);
    assert!(set(agent(MAX_BRAKES)).await);
}
