//! How verifications move a journey.

use codes::ids::GrantId;
use codes::record::DenialReason;
use codes::user::UserId;
use definitions::Part;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::super::state::DENIED;
use super::super::{Event, Move};
use super::{Run, aborted, completed, malformed, rejected};
use crate::ports::UserTokens;
use crate::verdict::Verdict;

fn accepted() -> Verdict {
    let grant = GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("a grant");
    Verdict::Accepted {
        user: UserId::parse("ada").expect("a user"),
        grant,
        at: clock::Timestamp::default(),
    }
}

const AUTHENTICATE: &str = r#"
  a:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.user"
    temp_code: "@policy.request().params.code"
    error_output: e
    on: { success: yes, failure: failed, expired: late }
  yes: { type: complete, data: { user: "@policy.userContext().user_id", t: "@policy.userTokens()" } }
  failed: { type: condition, expression: "e.code == 'locked'", on: { true: no, false: end } }
  late: { type: reject_access, data: { late: "e.message" } }
  no: { type: reject_access }"#;

#[test]
fn a_right_code_leads_to_success_and_tokens_are_minted_when_they_are_asked_for() {
    let (mut run, next) = Run::start(AUTHENTICATE, json!({"user": "ada", "code": "123456"}));
    let Move::Verify { identifier, code, .. } = next else { panic!("no verification") };
    assert_eq!((identifier.as_str(), code.expose_secret()), ("ada", "123456"));
    let Move::Mint(authentication) = run.on(Event::Verified(accepted())) else { panic!("no mint") };
    assert_eq!(
        (authentication.user.as_str(), authentication.at),
        ("ada", clock::Timestamp::default())
    );
    let tokens = UserTokens { access_token: "A".to_owned(), id_token: "I".to_owned() };
    let data = completed(run.on(Event::Minted(tokens)));
    assert_eq!(data, json!({"user": "ada", "t": {"access_token": "A", "id_token": "I"}}));
}

#[test]
fn a_failure_takes_its_branch_and_the_author_may_look_at_the_reason() {
    let start = || Run::start(AUTHENTICATE, json!({"user": "ada", "code": "1"})).0;
    let on = |reason| start().on(Event::Verified(rejected(reason)));
    assert!(matches!(on(DenialReason::Locked), Move::Reject(None)));
    assert_eq!(completed(on(DenialReason::WrongCode)), json!({"v": 1}));
    let Move::Reject(Some(data)) = on(DenialReason::Expired) else { panic!("not late") };
    assert_eq!(data, json!({"late": DENIED}));
}

/// The names of the inputs for which a request is refused.
fn refused(next: &Move) -> Vec<&str> {
    match next {
        Move::Refuse(wrong) => wrong.iter().map(|input| input.name.as_str()).collect(),
        _ => panic!("not refused"),
    }
}

#[test]
fn what_is_no_text_is_an_input_error_that_names_the_parameter_and_asks_nobody() {
    for (params, named) in [
        (json!({}), &["params.user", "params.code"][..]),
        (json!({"user": "ada"}), &["params.code"]),
        (json!({"code": "1"}), &["params.user"]),
        (json!({"user": "ada", "code": null}), &["params.code"]),
        (json!({"user": "ada", "code": -123_456}), &["params.code"]),
        (json!({"user": "ada", "code": 0.5}), &["params.code"]),
        (json!({"user": "ada", "code": 9_007_199_254_740_993_u64}), &["params.code"]),
        (json!({"user": true, "code": "1"}), &["params.user"]),
        (json!({"user": ["ada"], "code": "1"}), &["params.user"]),
        (json!({"user": "ada", "code": {"x": "1"}}), &["params.code"]),
    ] {
        let (run, next) = Run::start(AUTHENTICATE, params);
        assert_eq!(refused(&next), named);
        assert_eq!(run.state.map(|state| state.failures), Some(0));
    }
}

#[test]
fn a_whole_number_is_the_text_that_it_is_written_as() {
    for params in [
        json!({"user": 4_711, "code": 123_456}),
        json!({"user": 4_711.0, "code": 1.234_56e5}),
        json!({"user": "4711", "code": "123456"}),
    ] {
        let (_, next) = Run::start(AUTHENTICATE, params);
        let Move::Verify { identifier, code, .. } = next else { panic!("no verification") };
        assert_eq!((identifier.as_str(), code.expose_secret()), ("4711", "123456"));
    }
    // A leading zero is lost in a number: the verifier refuses the rest and compares nothing.
    let (_, next) = Run::start(AUTHENTICATE, json!({"user": "ada", "code": 12_345}));
    assert!(matches!(next, Move::Verify { code, .. } if code.expose_secret() == "12345"));
}

#[test]
fn a_member_of_what_has_none_is_an_input_error_too() {
    let steps = AUTHENTICATE.replace("params.user", "params.user.id");
    for user in [json!(null), json!("ada"), json!([])] {
        let (_, next) = Run::start(&steps, json!({"user": user, "code": "123456"}));
        assert_eq!(refused(&next), ["params.user.id"]);
    }
    let own = AUTHENTICATE.replace("\"@policy.request().params.user\"", "v.id").replacen(
        "  a:",
        "  a: { type: set_variables, variables: { v: null }, on: { next: b } }\n  b:",
        1,
    );
    let (_, next) = Run::start(&own, json!({"code": "123456"}));
    assert!(matches!(next, Move::Abort(_)), "the journey's own mistake");
}

#[test]
fn what_the_verifier_cannot_read_is_refused_and_counts_nothing() {
    for (part, name) in [(Part::Identifier, "params.user"), (Part::Code, "params.code")] {
        let (mut run, _) = Run::start(AUTHENTICATE, json!({"user": "ada", "code": "1"}));
        assert_eq!(refused(&run.on(Event::Verified(malformed(part)))), [name]);
        assert_eq!(run.state.map(|state| state.failures), Some(0));
    }
}

#[test]
fn a_failure_without_a_branch_aborts_with_the_same_words_for_all() {
    let steps = r#"
  a:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.user"
    temp_code: "@policy.request().params.code"
    on: { success: end }"#;
    for reason in DenialReason::ALL {
        let (mut run, _) = Run::start(steps, json!({"user": "ada", "code": "1"}));
        let words = aborted(run.on(Event::Verified(rejected(reason))));
        assert_eq!(words, "step `a`: the verification failed and there is no failure branch");
    }
}
