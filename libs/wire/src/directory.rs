//! `DirectoryService`, which the integrator serves: writes questions, and reads the answers that can be
//! believed.

use codes::ids::ApplicationId;
use codes::user::{Identifier, IdentifierError, IdentifierType, UserId};
use desk::names::Tier;

use crate::code::v1::{self as code, UserIdentifier};
use crate::directory::v1 as pb;
use crate::violations::{to_identifier_type, user_identifier};

pub use protos::directory::v1;

/// A user, as the directory knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The user.
    pub user: UserId,
    /// The user's tier; `None` if the directory names none, or one that can be no name.
    pub tier: Option<Tier>,
}

/// Why an answer is not believed. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The user ID is none.
    #[error("user_id {0}")]
    UserId(IdentifierError),
    /// The user does not have the identifier that was asked for.
    #[error("the user does not have the identifier that was asked for: list it in identifiers")]
    OtherUser,
    /// It is too long to be read.
    #[error("it is longer than 16 KiB: leave out identifiers")]
    TooLong,
}

/// Asks for the user with an identifier.
pub fn from_identifier(
    application: &ApplicationId,
    identifier: &Identifier,
) -> pb::ResolveUserRequest {
    pb::ResolveUserRequest {
        application_id: application.as_str().to_owned(),
        identifier: Some(user_identifier(identifier.kind(), identifier.value())),
    }
}

/// Reads the answer to a question. `None` if there is no such user.
///
/// # Errors
/// [`AnswerError`]: the answer contradicts the question.
pub fn parse_answer(
    asked: &Identifier,
    answer: &pb::ResolveUserResponse,
) -> Result<Option<Known>, AnswerError> {
    let Some(answered) = &answer.user else { return Ok(None) };
    let user = UserId::parse(&answered.user_id).map_err(AnswerError::UserId)?;
    let has_it = match asked.kind() {
        IdentifierType::UserId => user.as_str() == asked.value(),
        IdentifierType::Email | IdentifierType::PhoneNumber | IdentifierType::Username => {
            answered.identifiers.iter().filter_map(read).any(|identifier| identifier == *asked)
        }
    };
    // A tier that is not a valid name counts as unknown: the desk then refuses the issue.
    let tier = Tier::parse(&answered.tier).ok();
    if has_it { Ok(Some(Known { user, tier })) } else { Err(AnswerError::OtherUser) }
}

/// An identifier of an answer. One that cannot be read cannot be the one that was asked for.
fn read(identifier: &UserIdentifier) -> Option<Identifier> {
    let kind = code::IdentifierType::try_from(identifier.r#type).ok()?;
    Identifier::parse(to_identifier_type(kind)?, &identifier.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(kind: code::IdentifierType, value: &str) -> UserIdentifier {
        UserIdentifier { r#type: kind.into(), value: value.to_owned() }
    }

    fn answer(user_id: &str, tier: &str) -> pb::ResolveUserResponse {
        let identifiers = vec![
            identifier(code::IdentifierType::Unspecified, "ada@staff.example"),
            identifier(code::IdentifierType::PhoneNumber, "030 123456"),
            identifier(code::IdentifierType::Email, "Ada@Staff.EXAMPLE"),
        ];
        let (user_id, tier) = (user_id.to_owned(), tier.to_owned());
        pb::ResolveUserResponse { user: Some(pb::User { user_id, identifiers, tier }) }
    }

    fn asked(kind: IdentifierType, value: &str) -> Identifier {
        Identifier::parse(kind, value).expect("an identifier")
    }

    #[test]
    fn an_answer_is_believed_if_the_user_has_what_was_asked_for() {
        let user = UserId::parse("u-1815").expect("an ID");
        let known = |tier: Option<&str>| {
            let tier = tier.map(|tier| Tier::parse(tier).expect("a tier"));
            Ok(Some(Known { user: user.clone(), tier }))
        };
        let email = asked(IdentifierType::Email, "ada@staff.example");
        let own = asked(IdentifierType::UserId, "u-1815");
        assert_eq!(
            parse_answer(&email, &answer("u-1815", "privileged")),
            known(Some("privileged"))
        );
        for no_tier in ["", "Privileged", "a b"] {
            assert_eq!(parse_answer(&own, &answer("u-1815", no_tier)), known(None), "{no_tier:?}");
        }
        assert_eq!(parse_answer(&email, &pb::ResolveUserResponse::default()), Ok(None));
    }

    #[test]
    fn an_answer_to_another_question_is_not_believed() {
        for (kind, value) in [
            (IdentifierType::UserId, "u-1816"),
            (IdentifierType::Email, "bob@staff.example"),
            (IdentifierType::Username, "ada@staff.example"),
            (IdentifierType::PhoneNumber, "+4930123456"),
        ] {
            let read = parse_answer(&asked(kind, value), &answer("u-1815", "standard"));
            assert_eq!(read, Err(AnswerError::OtherUser), "{value}");
        }
        let email = asked(IdentifierType::Email, "ada@staff.example");
        for (user_id, error) in [
            ("", IdentifierError::Empty),
            ("email:ada@staff.example", IdentifierError::Reserved),
            ("u 1815", IdentifierError::Unprintable),
        ] {
            let read = parse_answer(&email, &answer(user_id, ""));
            assert_eq!(read, Err(AnswerError::UserId(error)));
        }
    }

    #[test]
    fn a_question_carries_the_canonical_identifier() {
        let application = ApplicationId::parse("acme").expect("an ID");
        let question =
            from_identifier(&application, &asked(IdentifierType::Email, " Ada@Staff.example"));
        assert_eq!(question.application_id, "acme");
        let canonical = identifier(code::IdentifierType::Email, "ada@staff.example");
        assert_eq!(question.identifier, Some(canonical));
    }
}
