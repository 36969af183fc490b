//! Checks of requests. Each check notes what is wrong and continues, so that a caller learns of all
//! mistakes at once. The HTTP endpoints use the same checks under their own field names.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use codes::guess::Guess;
use codes::ids::IdempotencyKey;
use codes::pairing::{Binding, PairingNumber};
use codes::shape::Shape;
use codes::user::{Identifier, IdentifierType};
use desk::names::RequestId;
pub use errors::FieldViolation;

use crate::code::v1::{self as pb, UserIdentifier};

/// Writes an identifier.
pub fn user_identifier(kind: IdentifierType, value: &str) -> UserIdentifier {
    UserIdentifier { r#type: from_identifier_type(kind).into(), value: value.to_owned() }
}

/// Writes the type of an identifier.
const fn from_identifier_type(kind: IdentifierType) -> pb::IdentifierType {
    match kind {
        IdentifierType::UserId => pb::IdentifierType::UserId,
        IdentifierType::Email => pb::IdentifierType::Email,
        IdentifierType::PhoneNumber => pb::IdentifierType::PhoneNumber,
        IdentifierType::Username => pb::IdentifierType::Username,
    }
}

/// Reads the type of an identifier; `None` if it is not given.
pub(crate) const fn to_identifier_type(kind: pb::IdentifierType) -> Option<IdentifierType> {
    match kind {
        pb::IdentifierType::Unspecified => None,
        pb::IdentifierType::UserId => Some(IdentifierType::UserId),
        pb::IdentifierType::Email => Some(IdentifierType::Email),
        pb::IdentifierType::PhoneNumber => Some(IdentifierType::PhoneNumber),
        pb::IdentifierType::Username => Some(IdentifierType::Username),
    }
}

/// The field is invalid, and its violation has been noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted;

/// The result of a check.
pub type Parsed<T> = Result<T, Noted>;

/// The violations of a request so far.
#[derive(Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// The longest short text of a context, in bytes.
    pub const SHORT_TEXT: usize = 128;
    /// The longest reason, in bytes.
    pub const LONG_TEXT: usize = 512;

    /// The violations.
    pub fn into_fields(self) -> Vec<FieldViolation> {
        self.0
    }

    /// Notes a violation.
    pub fn note(&mut self, field: impl Into<String>, rule: impl fmt::Display) -> Noted {
        self.0.push(FieldViolation::new(field, rule));
        Noted
    }

    /// Notes the error of a parser, if it failed.
    ///
    /// # Errors
    /// [`Noted`]: the parser failed.
    pub fn check<T, E: fmt::Display>(&mut self, field: &str, parsed: Result<T, E>) -> Parsed<T> {
        parsed.map_err(|error| self.note(field, error))
    }

    /// A user, as in every rpc.
    ///
    /// # Errors
    /// [`Noted`]: it is missing, has an unknown type, or is not a valid identifier of its type.
    pub fn user(&mut self, field: &str, user: Option<&UserIdentifier>) -> Parsed<Identifier> {
        let Some(user) = user else { return Err(self.note(field, "must be given")) };
        let Ok(kind) = pb::IdentifierType::try_from(user.r#type) else {
            return Err(self.note(format!("{field}.type"), "is not known"));
        };
        let Some(kind) = to_identifier_type(kind) else {
            return Err(self.note(format!("{field}.type"), "must be given"));
        };
        self.check(&format!("{field}.value"), Identifier::parse(kind, &user.value))
    }

    /// A typed code of that shape.
    ///
    /// # Errors
    /// [`Noted`]: it is not a code of that shape.
    pub fn guess(&mut self, field: &str, shape: Shape, code: &str) -> Parsed<Guess> {
        self.check(field, Guess::parse(shape, code))
    }

    /// The type of an identifier, by its name.
    ///
    /// # Errors
    /// [`Noted`]: there is no such type.
    pub fn identifier_type(&mut self, field: &str, name: &str) -> Parsed<IdentifierType> {
        let rule = "must be user_id, email, phone_number or username";
        IdentifierType::parse(name).ok_or_else(|| self.note(field, rule))
    }

    /// An idempotency key; `None` if the field is empty.
    ///
    /// # Errors
    /// [`Noted`]: it is not an idempotency key.
    pub fn idempotency_key(&mut self, field: &str, key: &str) -> Parsed<Option<IdempotencyKey>> {
        if key.is_empty() {
            return Ok(None);
        }
        self.check(field, IdempotencyKey::parse(key)).map(Some)
    }

    /// A pairing number; `None` if the field is empty.
    ///
    /// # Errors
    /// [`Noted`]: it is not a number of six or eight digits.
    pub fn pairing_number(&mut self, field: &str, text: &str) -> Parsed<Option<PairingNumber>> {
        if text.is_empty() {
            return Ok(None);
        }
        self.check(field, PairingNumber::parse(text)).map(Some)
    }

    /// A request for approval; empty where the caller collects none.
    ///
    /// # Errors
    /// Other than 32 hexadecimal digits; the violation is noted.
    pub fn request_id(&mut self, field: &str, text: &str) -> Parsed<Option<RequestId>> {
        if text.is_empty() {
            return Ok(None);
        }
        self.check(field, RequestId::parse(text)).map(Some)
    }

    /// The binding of a journey.
    ///
    /// # Errors
    /// [`Noted`]: it does not have 16 bytes.
    pub fn binding(&mut self, field: &str, bytes: &[u8]) -> Parsed<Binding> {
        let bytes = bytes.try_into().map_err(|_| "must be 16 bytes");
        self.check(field, bytes.map(Binding::from_bytes))
    }

    /// An IP address; `None` if the field is empty.
    ///
    /// # Errors
    /// [`Noted`]: it is not an IP address.
    pub fn address(&mut self, field: &str, address: &str) -> Parsed<Option<IpAddr>> {
        if address.is_empty() {
            return Ok(None);
        }
        self.check(field, address.parse().map_err(|_| "must be an IP address")).map(Some)
    }

    /// A duration of whole positive seconds; `None` if the field is unset.
    ///
    /// # Errors
    /// [`Noted`]: it is zero, negative, or has a fraction.
    pub fn whole_seconds(
        &mut self,
        field: &str,
        duration: Option<&prost_types::Duration>,
    ) -> Parsed<Option<Duration>> {
        let Some(duration) = duration else { return Ok(None) };
        match u64::try_from(duration.seconds) {
            Ok(seconds) if seconds > 0 && duration.nanos == 0 => {
                Ok(Some(Duration::from_secs(seconds)))
            }
            Ok(_) | Err(_) => Err(self.note(field, "must be a positive number of whole seconds")),
        }
    }

    /// Free text for the audit trail; `None` if the field is empty. Control characters are refused,
    /// so that no text can forge a line of the trail or of a log.
    ///
    /// # Errors
    /// [`Noted`]: it is too long, or contains a control character.
    pub fn text(&mut self, field: &str, text: String, max_bytes: usize) -> Parsed<Option<String>> {
        if text.len() > max_bytes {
            return Err(self.note(field, format!("must be at most {max_bytes} bytes long")));
        }
        if text.chars().any(char::is_control) {
            return Err(self.note(field, "must hold no control characters"));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use codes::user::IdentifierError;

    use super::*;

    fn refused<T: fmt::Debug>(check: impl FnOnce(&mut Violations) -> Parsed<T>) -> String {
        let mut violations = Violations::default();
        assert!(check(&mut violations).is_err());
        violations.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_user_is_named_by_type_and_value() {
        let user = |kind, value: &str| UserIdentifier { r#type: kind, value: value.to_owned() };
        let refusal = |error: IdentifierError| format!("user.value: {error}");
        assert_eq!(refused(|v| v.user("user", None)), "user: must be given");
        for (kind, value, told) in [
            (0, "ada", "user.type: must be given".to_owned()),
            (9, "ada", "user.type: is not known".to_owned()),
            (1, "", refusal(IdentifierError::Empty)),
            (2, "ada", refusal(IdentifierError::NotAnEmail)),
            (3, "ada", refusal(IdentifierError::NotAPhoneNumber)),
        ] {
            assert_eq!(refused(|v| v.user("user", Some(&user(kind, value)))), told);
        }
        for (kind, expected) in (1..).zip(IdentifierType::ALL) {
            let value = if kind == 2 { "ada@example.com" } else { "+4930123456" };
            let parsed = Violations::default().user("user", Some(&user(kind, value)));
            assert_eq!(parsed.map(|user| user.kind()), Ok(expected));
        }
    }

    #[test]
    fn a_life_is_a_positive_number_of_whole_seconds() {
        let duration = |seconds, nanos| prost_types::Duration { seconds, nanos };
        for wrong in [duration(0, 0), duration(-1, 0), duration(1, 500_000_000), duration(0, 1)] {
            let told = refused(|v| v.whole_seconds("expires_in", Some(&wrong)));
            assert_eq!(told, "expires_in: must be a positive number of whole seconds");
        }
        let mut violations = Violations::default();
        assert_eq!(violations.whole_seconds("expires_in", None), Ok(None));
        let minute = Ok(Some(Duration::from_secs(60)));
        assert_eq!(violations.whole_seconds("expires_in", Some(&duration(60, 0))), minute);
    }

    #[test]
    fn texts_are_bounded_and_cannot_forge_a_line() {
        assert_eq!(
            refused(|v| v.text("reason", "a\nb".into(), 9)),
            "reason: must hold no control characters"
        );
        assert_eq!(
            refused(|v| v.text("reason", "ä".repeat(5), 9)),
            "reason: must be at most 9 bytes long"
        );
        assert_eq!(Violations::default().text("reason", String::new(), 9), Ok(None));
    }

    #[test]
    fn an_empty_key_is_none_and_a_wrong_one_is_refused() {
        assert_eq!(Violations::default().idempotency_key("idempotency_key", ""), Ok(None));
        assert!(
            refused(|v| v.idempotency_key("idempotency_key", "a b"))
                .starts_with("idempotency_key: ")
        );
    }
}
