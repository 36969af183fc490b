//! Identifiers and codes as people type them: a canonical form is its own canonical form.

use credentials::guess::Guess;
use credentials::shape::{Alphabet, Shape};
use credentials::user::{Identifier, IdentifierType, UserId};

pub(crate) fn identifier(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    for kind in IdentifierType::ALL {
        let Ok(once) = Identifier::parse(kind, text) else { continue };
        assert!(once.value().len() <= Identifier::MAX_BYTES);
        assert_eq!(Identifier::parse(kind, once.value()), Ok(once.clone()));
        let user = UserId::from_identifier(&once);
        assert_eq!(UserId::parse_subject(user.as_str()), Ok(user.clone()));
    }
}

pub(crate) fn code(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    for length in Shape::LENGTHS {
        for alphabet in [Alphabet::Digits, Alphabet::Base32] {
            let Some(shape) = Shape::new(length, alphabet) else { continue };
            let Ok(once) = Guess::parse(shape, text) else { continue };
            assert_eq!(once.expose().len(), usize::from(length));
            let again = Guess::parse(shape, once.expose()).map(|again| again.expose().to_owned());
            assert_eq!(again.as_deref(), Ok(once.expose()));
        }
    }
}
