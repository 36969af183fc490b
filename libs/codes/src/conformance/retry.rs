//! The same operation, sent again.

use super::{Bench, World, accepted, granted, reason, request, wrong};
use crate::ids::IdempotencyKey;
use crate::issuer::{Issuance, IssueRequest};
use crate::record::{CodeState, DenialReason};
use crate::user::Identifier;
use crate::verifier::Verification;

fn keyed(user: &Identifier, key: &str) -> IssueRequest {
    let key = IdempotencyKey::parse(key).expect("valid");
    IssueRequest { idempotency_key: Some(key), ..request(user) }
}

/// I8.
pub async fn a_retry_has_the_same_outcome_and_one_effect(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    let denial = world.verify_as(&user, &wrong(&issued), Some("first")).await;
    for _ in 0..5 {
        assert_eq!(world.verify_as(&user, &wrong(&issued), Some("first")).await, denial);
    }
    assert_eq!(world.describe(&user).await.lockout.failures, 1);
    let success = world.verify_as(&user, issued.code.expose(), Some("second")).await;
    assert!(accepted(&success));
    assert_eq!(world.verify_as(&user, issued.code.expose(), Some("second")).await, success);
}

/// I8.
pub async fn a_key_for_another_request_conflicts(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.verify_as(&user, &wrong(&issued), Some("key")).await;
    let before = world.describe(&user).await;
    let conflict = world.verify_as(&user, issued.code.expose(), Some("key")).await;
    assert_eq!(conflict, Verification::Conflict);
    assert!(matches!(world.ask(keyed(&user, "key")).await, Issuance::Conflict));
    assert_eq!(world.describe(&user).await, before);
}

/// I8, T-C4.
pub async fn a_key_is_forgotten_after_its_window(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    assert!(accepted(&world.verify_as(&user, issued.code.expose(), Some("key")).await));
    world.wait(120);
    let late = world.verify_as(&user, issued.code.expose(), Some("key")).await;
    assert_eq!(reason(&late), DenialReason::NoCode);
}

/// T-C6.
pub async fn a_retried_issue_leaves_only_its_last_code_valid(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let first = granted(world.ask(keyed(&user, "key")).await);
    let again = granted(world.ask(keyed(&user, "key")).await);
    assert_eq!((&first.code_id, first.expires_at), (&again.code_id, again.expires_at));
    if first.code.expose() != again.code.expose() {
        let denial = world.verify(&user, first.code.expose()).await;
        assert_eq!(reason(&denial), DenialReason::WrongCode);
    }
    assert!(accepted(&world.verify(&user, again.code.expose()).await));
}

/// I17.
pub async fn a_retried_issue_does_not_revive_a_spent_code(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = granted(world.ask(keyed(&user, "key")).await);
    assert!(accepted(&world.verify(&user, issued.code.expose()).await));
    assert!(matches!(world.ask(keyed(&user, "key")).await, Issuance::Conflict));
    let state = world.describe(&user).await.code.map(|code| code.state);
    assert_eq!(state, Some(CodeState::Consumed));
}

/// I19.
pub async fn every_action_is_written_to_the_trail_once(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    world.ask(keyed(&user, "issue")).await;
    let first = granted(world.ask(keyed(&user, "issue")).await);
    for key in ["a", "a", "b", "b", "c", "c"] {
        world.verify_as(&user, &wrong(&first), Some(key)).await;
    }
    let forced = IssueRequest { override_lockout: true, ..request(&user) };
    let second = granted(world.ask(forced).await);
    for _ in 0..2 {
        world.verify_as(&user, second.code.expose(), Some("d")).await;
    }
    let expected = [
        "code.issued",
        "code.denied",
        "code.denied",
        "code.denied",
        "code.burned",
        "user.locked",
        "lock.overridden",
        "code.issued",
        "code.accepted",
    ];
    assert_eq!(world.trail.actions(), expected);
    // The second issue, then each guess again: of the last one, the denial, the burning, the lock.
    assert_eq!(world.trail.replays(), 1 + 2 + 3 + 1);
}
