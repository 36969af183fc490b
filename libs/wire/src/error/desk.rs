//! What the desk refuses, and its rows in the table of errors: one for each rule of the policy, and one
//! for each refusal of `DeskService`.

use std::time::Duration;

use desk::rule::Rule;
use errors::{Detail, Row};
use http::StatusCode;
use tonic::Code;

/// Why the desk refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskFault {
    /// The application has no desk.
    Off,
    /// A rule of the application's policy.
    Rule {
        /// Which.
        rule: Rule,
        /// When to try again, where that depends on time alone.
        retry_after: Option<Duration>,
    },
    /// The agent signed in too long ago for this.
    SignInAgain,
    /// The provider does not name the agents' own accounts by this type of identifier.
    UncheckedIdentifier,
    /// No request for approval has this id.
    RequestNotFound,
    /// The request for approval expired.
    RequestExpired,
    /// Another agent decided, or this one decided otherwise.
    RequestDecided,
    /// The agent asked for it.
    OwnRequest,
    /// The agent would lift what stops themselves.
    OwnStop,
    /// As many brakes are set as an issue can read.
    TooManyBrakes,
    /// The agent has roles of several groups, so no limit or brake of one group holds for them.
    SeveralGroups,
}

impl DeskFault {
    /// What callers read of it.
    #[rustfmt::skip] // so that a table looks like one
    pub(super) fn row(&self) -> Row<'static> {
        use Detail::Nothing;
        match self {
            Self::Rule { rule, retry_after } => rule_row(rule, *retry_after),
            Self::Off => Row::new(Code::FailedPrecondition, "DESK_OFF", StatusCode::CONFLICT, "desk_off", Nothing,
                "the application has no desk: set desk in its file"),
            Self::SignInAgain => Row::new(Code::PermissionDenied, "SIGN_IN_AGAIN", StatusCode::FORBIDDEN, "sign_in_again", Nothing,
                "the agent signed in more than five minutes ago: sign in at the identity provider again and exchange the new token"),
            Self::UncheckedIdentifier => Row::new(Code::PermissionDenied, "UNCHECKED_IDENTIFIER", StatusCode::FORBIDDEN, "unchecked_identifier", Nothing,
                "the provider's file names no claim for this type of identifier under self: use another type, or add the claim"),
            Self::RequestNotFound => Row::new(Code::NotFound, "REQUEST_NOT_FOUND", StatusCode::NOT_FOUND, "request_not_found", Nothing,
                "no request for approval has this request_id: list the requests"),
            Self::RequestExpired => Row::new(Code::FailedPrecondition, "REQUEST_EXPIRED", StatusCode::CONFLICT, "request_expired", Nothing,
                "the request for approval expired: have the agent ask again"),
            Self::RequestDecided => Row::new(Code::FailedPrecondition, "REQUEST_DECIDED", StatusCode::CONFLICT, "request_decided", Nothing,
                "the request for approval was decided before: list the requests"),
            Self::OwnRequest => Row::new(Code::PermissionDenied, "OWN_REQUEST", StatusCode::FORBIDDEN, "own_request", Nothing,
                "agents may not approve their own request: ask another agent"),
            Self::OwnStop => Row::new(Code::PermissionDenied, "OWN_STOP", StatusCode::FORBIDDEN, "own_stop", Nothing,
                "agents may not lift what stops themselves: ask another agent"),
            Self::TooManyBrakes => Row::new(Code::FailedPrecondition, "TOO_MANY_BRAKES", StatusCode::CONFLICT, "too_many_brakes", Nothing,
                "the application has as many brakes as it may: release one, or stop the whole application"),
            Self::SeveralGroups => Row::new(Code::PermissionDenied, "SEVERAL_GROUPS", StatusCode::FORBIDDEN, "several_groups", Nothing,
                "the agent has roles of several groups: give them roles of one"),
        }
    }
}

/// The row of a rule.
#[rustfmt::skip] // so that a table looks like one
fn rule_row(rule: &Rule, retry_after: Option<Duration>) -> Row<'static> {
    let denied = (Code::PermissionDenied, StatusCode::FORBIDDEN);
    let failed = (Code::FailedPrecondition, StatusCode::CONFLICT);
    let exhausted = (Code::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS);
    let ((code, status), reason, error_code) = match rule {
        Rule::AgentRequired => (denied, "DESK_AGENT_REQUIRED", "desk_agent_required"),
        Rule::FrozenAgent => (denied, "DESK_FROZEN_AGENT", "desk_frozen_agent"),
        Rule::Tier => (denied, "DESK_TIER", "desk_tier"),
        Rule::ApprovalDenied => (denied, "DESK_APPROVAL_DENIED", "desk_approval_denied"),

        Rule::Brake { .. } => (failed, "DESK_BRAKE", "desk_brake"),
        Rule::MissingField(_) => (failed, "DESK_MISSING_FIELD", "desk_missing_field"),
        Rule::VerificationMethod => (failed, "DESK_VERIFICATION_METHOD", "desk_verification_method"),
        Rule::TicketPattern => (failed, "DESK_TICKET_PATTERN", "desk_ticket_pattern"),
        Rule::TicketTaken => (failed, "DESK_TICKET_TAKEN", "desk_ticket_taken"),
        Rule::UnknownTier => (failed, "DESK_UNKNOWN_TIER", "desk_unknown_tier"),
        Rule::ApprovalNotFound => (failed, "DESK_APPROVAL_NOT_FOUND", "desk_approval_not_found"),
        Rule::ApprovalExpired => (failed, "DESK_APPROVAL_EXPIRED", "desk_approval_expired"),
        Rule::ApprovalUsed => (failed, "DESK_APPROVAL_USED", "desk_approval_used"),
        Rule::ApprovalChanged => (failed, "DESK_APPROVAL_CHANGED", "desk_approval_changed"),

        Rule::UserLimit(_) => (exhausted, "DESK_USER_LIMIT", "desk_user_limit"),
        Rule::AgentLimit(_) => (exhausted, "DESK_AGENT_LIMIT", "desk_agent_limit"),
        Rule::GroupLimit(_) => (exhausted, "DESK_GROUP_LIMIT", "desk_group_limit"),
        Rule::TooManyRequests(_) => (exhausted, "DESK_TOO_MANY_REQUESTS", "desk_too_many_requests"),
    };
    let detail = match (rule, retry_after) {
        (Rule::MissingField(field), _) => Detail::Metadata("field", field.as_str().to_owned()),
        // A client that retries by itself must not do so against a brake.
        (_, Some(retry_after)) if code == Code::ResourceExhausted => Detail::RetryAfter(retry_after),
        _ => Detail::Nothing,
    };
    Row::new(code, reason, status, error_code, detail, &rule.to_string())
}
