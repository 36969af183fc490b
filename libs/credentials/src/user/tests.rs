//! What is one identifier, what is two, and what is none.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use proptest::prelude::*;

use super::*;
use crate::characters::tests::all;
use IdentifierType::{Email, PhoneNumber, UserId, Username};

fn canonical(kind: IdentifierType, text: &str) -> String {
    Identifier::parse(kind, text).expect(text).value().to_owned()
}

#[test]
fn spellings_of_one_identifier_are_one_value() {
    for (kind, value, spellings) in [
        (Email, "ada@example.com", &[" Ada@Example.COM\n", "ADA@example.com"][..]),
        (
            Email,
            "ada@xn--bcher-kva.example",
            &["ada@b\u{fc}cher.example", "Ada@XN--BCHER-KVA.example"],
        ),
        (Email, "strasse@example.com", &["stra\u{df}e@example.com", "STRASSE@EXAMPLE.COM"]),
        (Email, "zo\u{eb}@example.com", &["Zoe\u{308}@example.com", "ZO\u{cb}@example\u{3002}com"]),
        (
            PhoneNumber,
            "+4930123456",
            &[
                "+49 (30) 123-456",
                "+49/30/123.456",
                "\u{ff0b}49 30 123456",
                "+49\u{a0}30\u{2011}123456",
                "+\u{664}\u{669} \u{663}\u{660} \u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            ],
        ),
        // In Italy the zero is part of the number.
        (PhoneNumber, "+390612345678", &["+39 06 12345678"]),
        (Username, "strasse", &["Stra\u{df}e", "STRASSE", "\u{ff33}trasse"]),
        (Username, "zo\u{eb}", &["Zoe\u{308}", "ZO\u{cb}"]),
        (Username, "\u{3c3}\u{3c3}", &["\u{3a3}\u{3c2}"]),
        (UserId, "Zo\u{eb}", &["Zoe\u{308}"]),
    ] {
        for spelling in spellings {
            assert_eq!(canonical(kind, spelling), value, "{spelling:?}");
        }
    }
}

#[test]
fn different_identifiers_stay_apart() {
    for (kind, one, other) in [
        (UserId, "ABC", "abc"),
        (UserId, "\u{ff21}", "A"),
        // Two domains, of two owners.
        (Email, "ada@stra\u{df}e.example", "ada@strasse.example"),
        (PhoneNumber, "+4930123456", "+4930123457"),
    ] {
        assert_ne!(canonical(kind, one), canonical(kind, other));
    }
}

#[test]
fn what_cannot_be_an_identifier_is_refused() {
    for (kind, text, error) in [
        (UserId, "  ", IdentifierError::Empty),
        (UserId, "a\0b", IdentifierError::Unprintable),
        (Username, "ali\u{200b}ce", IdentifierError::Unprintable),
        (Username, "\u{202e}ecila", IdentifierError::Unprintable),
        (Email, "no at sign", IdentifierError::NotAnEmail),
        (Email, "a b@c", IdentifierError::Unprintable),
        (PhoneNumber, "030 123456", IdentifierError::NotAPhoneNumber),
        (PhoneNumber, "+0301234567", IdentifierError::NotAPhoneNumber),
        (UserId, "email:ada@example.com", IdentifierError::Reserved),
    ] {
        assert_eq!(Identifier::parse(kind, text), Err(error), "{text:?}");
    }
}

#[test]
fn what_is_no_plain_address_is_refused() {
    for text in [
        "no at sign",
        "<ada@example.com>",
        "mailto:ada@example.com",
        "ada@@example.com",
        "a@b@example.com",
        "ada@example.com.",
        "ada@example.com;",
        "ada@example.com,",
        ".ada@example.com",
        "ada.@example.com",
        "a..b@example.com",
        "@example.com",
        "ada@",
        "\"ada\"@example.com",
        "Ada<ada@example.com>",
        "ada@-a.example",
        "ada@xn--a.example",
        "ada@exa_mple.com",
        "ada@[192.0.2.1]",
        "ada\u{ff20}example.com",
    ] {
        assert_eq!(Identifier::parse(Email, text), Err(IdentifierError::NotAnEmail), "{text:?}");
    }
}

#[test]
fn what_e164_does_not_allow_is_refused() {
    for text in [
        "030 123456",
        "0049 30 123456",
        "+0301234567",
        "+49 (0)30 123456",
        "+49 (0) 30 123456",
        "+49 0 30 123456",
        "+49 (030) 123456",
        "+49 30 123456 ext. 7",
        "+49 30 123456x7",
        "+49 30 123456;ext=7",
        "+49 30 123456#7",
        "+1 800 FLOWERS",
        "+4930",
        "+49301234567890123",
        "+49 (30 123456",
        "+49 30) 123456",
        "+49 ()30 123456",
        "+49 ((30)) 123456",
        "++4930123456",
        "tel:+4930123456",
        "+",
    ] {
        assert_eq!(
            Identifier::parse(PhoneNumber, text),
            Err(IdentifierError::NotAPhoneNumber),
            "{text:?}"
        );
    }
}

#[test]
fn an_identifier_has_at_most_256_bytes_however_it_is_written() {
    assert!(Identifier::parse(UserId, &"a".repeat(256)).is_ok());
    for long in ["a".repeat(257), "a".repeat(10_240), "\u{eb}".repeat(129)] {
        assert_eq!(Identifier::parse(UserId, &long), Err(IdentifierError::TooLong));
    }
    // Three letters for one.
    let folded = Identifier::parse(Username, &"\u{fb03}".repeat(86));
    assert_eq!(folded, Err(IdentifierError::TooLong));
}

#[test]
fn no_character_that_shows_nothing_is_accepted() {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let named =
        "\u{fe0f}\u{34f}\u{3164}\u{17b5}\u{2800}\u{180b}\u{600}\u{e0100}\u{202e}\u{feff}\u{7f}";
    for c in all().filter(|&c| ignorable.contains(c)).chain(named.chars()) {
        for (kind, text) in [
            (UserId, format!("a{c}b")),
            (Username, format!("a{c}b")),
            (Email, format!("a{c}b@example.com")),
            (Email, format!("ab@exa{c}mple.com")),
            (PhoneNumber, format!("+4930{c}123456")),
        ] {
            assert_eq!(Identifier::parse(kind, &text), Err(IdentifierError::Unprintable), "{c:?}");
        }
    }
}

#[test]
fn joiners_pass_where_they_change_how_a_name_looks() {
    let persian = "\u{646}\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}";
    assert_eq!(canonical(Username, persian), persian);
    let error = Err(IdentifierError::Unprintable);
    assert_eq!(Identifier::parse(Username, "ali\u{200d}ce"), error);
    assert_eq!(Identifier::parse(UserId, "ali\u{200c}ce"), error);
}

#[test]
fn canonicalising_any_character_twice_changes_nothing() {
    // No rule tells these thousands apart: most ideographs and Korean syllables, and private use.
    let is_one_of_many = |c: char| {
        matches!(
            c,
            '\u{3500}'..='\u{9f00}'
                | '\u{ac80}'..='\u{d780}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{20080}'..='\u{2f7ff}'
                | '\u{30000}'..
        )
    };
    let worth_a_look = |&c: &char| !is_one_of_many(c) && !has_unreadable(&String::from(c));
    for c in all().filter(worth_a_look) {
        let texts = [
            (UserId, format!("a{c}")),
            (Username, format!("{c}a")),
            (Email, format!("{c}@example.com")),
            (Email, format!("a@{c}a.example")),
            (PhoneNumber, format!("+4930{c}1234567")),
        ];
        for (kind, text) in texts {
            if let Ok(once) = Identifier::parse(kind, &text) {
                assert_eq!(Identifier::parse(kind, once.value()), Ok(once.clone()), "{c:?}");
            }
        }
    }
}

#[test]
fn letters_that_differ_in_case_alone_are_one_name() {
    // Turkish alone tells the dotless i from i: folding depends on no language.
    for c in all().filter(|&c| c.is_alphabetic() && c != '\u{131}') {
        let spelled = |text: String| Identifier::parse(Username, &text).ok();
        if let Some(one) = spelled(String::from(c)) {
            assert_eq!(spelled(c.to_lowercase().collect()).as_ref(), Some(&one), "{c:?}");
            assert_eq!(spelled(c.to_uppercase().collect()).as_ref(), Some(&one), "{c:?}");
        }
    }
}

proptest! {
    #[test]
    fn canonicalising_twice_changes_nothing(kind in 0..4_usize, text in "\\PC{0,40}") {
        let kind = IdentifierType::ALL[kind];
        if let Ok(once) = Identifier::parse(kind, &text) {
            prop_assert_eq!(Identifier::parse(kind, once.value()), Ok(once.clone()));
        }
    }

    #[test]
    fn a_user_is_read_back_as_written(kind in 0..4_usize, text in "\\PC{1,30}") {
        if let Ok(identifier) = Identifier::parse(IdentifierType::ALL[kind], &text) {
            let user = super::UserId::from_identifier(&identifier);
            prop_assert_eq!(super::UserId::parse_subject(user.as_str()), Ok(user.clone()));
        }
    }

    #[test]
    fn two_types_never_name_the_same_user(a in 0..4_usize, b in 0..4_usize, text in "\\PC{1,30}") {
        prop_assume!(a != b);
        let user = |kind: usize| {
            Identifier::parse(IdentifierType::ALL[kind], &text).map(|id| super::UserId::from_identifier(&id))
        };
        if let (Ok(one), Ok(other)) = (user(a), user(b)) {
            prop_assert_ne!(one, other);
        }
    }
}
