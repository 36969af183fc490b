//! Tests of the generated code: it prints no secret.

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, Value};
use prost_types::Struct;

use super::code::v1 as code;
use super::journey::v1 as journey;

const SECRET: &str = "hunter2";

fn fields() -> Vec<FieldDescriptor> {
    let pool = DescriptorPool::decode(crate::FILE_DESCRIPTOR_SET).expect("valid descriptors");
    let ours = pool.all_messages().filter(|message| message.package_name().starts_with("postern."));
    ours.flat_map(|message| message.fields().collect::<Vec<_>>()).collect()
}

fn is_redacted(field: &FieldDescriptor) -> bool {
    field.options().get_field_by_name("debug_redact").is_some_and(|v| *v == Value::Bool(true))
}

#[test]
fn every_field_that_sounds_secret_is_redacted() {
    // An error's code is none of ours: it is a word such as `invalid_credentials`.
    let harmless = ["postern.journey.v1.StepError.code"];
    let sounds_secret = |field: &FieldDescriptor| {
        let words =
            ["secret", "token", "challenge", "session", "password", "params", "number", "binding"];
        matches!(field.name(), "code" | "value" | "user_id")
            || words.iter().any(|word| field.name().contains(word))
    };
    let suspects: Vec<_> = fields()
        .into_iter()
        .filter(|field| {
            matches!(field.kind(), Kind::String | Kind::Bytes) || field.name() == "params"
        })
        .filter(|field| sounds_secret(field) && !harmless.contains(&field.full_name()))
        // The names of the parameters, not their values.
        .filter(|field| field.full_name() != "postern.journey.v1.Journey.params")
        .collect();
    assert!(suspects.len() >= 15, "the protos hold at least fifteen: {suspects:?}");
    for field in suspects {
        assert!(is_redacted(&field), "{} must carry debug_redact", field.full_name());
    }
}

fn issued(code: String) -> code::IssueCodeResponse {
    let mut response = code::IssueCodeResponse::default();
    response.code = code;
    response
}

fn attempt(user: Option<code::UserIdentifier>, code: String) -> code::VerifyCodeRequest {
    let (idempotency_key, binding) = (String::new(), SECRET.into());
    code::VerifyCodeRequest { user, code, context: None, idempotency_key, binding }
}

#[test]
fn each_message_with_a_code_in_clear_wipes_it_when_dropped() {
    let holds_a_code = |field: &FieldDescriptor| {
        field.name() == "code" && field.kind() == Kind::String && is_redacted(field)
    };
    let messages: Vec<_> = fields().into_iter().filter(holds_a_code).collect();
    let messages: Vec<_> = messages.iter().map(|field| field.parent_message().name()).collect();
    assert_eq!(
        messages,
        ["IssueCodeResponse", "VerifyCodeRequest", "RedeemAuthorizationCodeRequest"]
    );
    assert!(std::mem::needs_drop::<code::IssueCodeResponse>());
}

#[test]
fn no_message_prints_a_secret() {
    let secret = || SECRET.to_owned();
    let filled = || {
        let value =
            prost_types::Value { kind: Some(prost_types::value::Kind::StringValue(secret())) };
        Some(Struct { fields: [(SECRET.to_owned(), value)].into() })
    };
    let user = || Some(code::UserIdentifier { r#type: 2, value: secret() });
    let outcome = code::verify_code_response::Outcome::Accepted(code::Accepted {
        user_id: secret(),
        ..Default::default()
    });
    let state = |state| journey::JourneyState { state: Some(state) };
    let completed = state(journey::journey_state::State::Completed(journey::Completed {
        token: secret(),
        data: filled(),
    }));
    let waiting = state(journey::journey_state::State::InputRequired(journey::InputRequired {
        challenge: secret(),
        session_id: secret(),
        step_id: "form".to_owned(),
        ..Default::default()
    }));
    let printed = [
        format!("{:?}", code::IssueCodeRequest { user: user(), ..Default::default() }),
        format!("{:#?}", issued(secret())),
        format!(
            "{:?}",
            code::RevokeCodeRequest {
                target: user().map(code::revoke_code_request::Target::User),
                ..Default::default()
            }
        ),
        format!("{:?}", attempt(user(), secret())),
        format!(
            "{:?}",
            code::PairJourneyRequest {
                user: user(),
                binding: SECRET.into(),
                facts: Some(code::PairingFacts { source_address: secret(), ..Default::default() }),
                session_expires_at: None,
            }
        ),
        format!("{:?}", code::PairJourneyResponse { number: secret(), expires_at: None }),
        format!("{:?}", code::VerifyCodeResponse { outcome: Some(outcome) }),
        format!("{:?}", journey::StartJourneyRequest { params: filled(), ..Default::default() }),
        format!(
            "{:?}",
            journey::SubmitInputRequest {
                session_id: secret(),
                challenge: secret(),
                data: filled(),
                ..Default::default()
            }
        ),
        format!("{:?}", journey::StartJourneyResponse { state: Some(completed) }),
        format!("{waiting:#?}"),
    ];
    for text in printed {
        assert!(!text.contains(SECRET), "{text}");
        assert!(text.contains("[redacted]"), "{text}");
    }
}

#[test]
fn what_is_no_secret_still_prints() {
    let user = code::UserIdentifier { r#type: 2, value: SECRET.to_owned() };
    assert_eq!(format!("{user:?}"), "UserIdentifier { type: Email, value: [redacted] }");
}
