//! Pairing, in `VerifierService` and `CodeIssuerService`: parses requests and writes replies.

use std::net::IpAddr;

use clock::Timestamp;
use codes::facts::{BrowserFamily, Facts};
use codes::pairer::{Described, PairRequest, Paired};
use codes::pairing::{Binding, PairingNumber};
use codes::user::Identifier;

use crate::code::v1 as pb;
use crate::error::Fault;
use crate::time::{from_wire, to_wire};
use crate::violations::{Parsed, Violations};

/// Parses a request to pair a journey.
///
/// # Errors
/// A field is missing or invalid.
pub fn parse_pair(request: &pb::PairJourneyRequest) -> Result<PairRequest, Fault> {
    let mut violations = Violations::default();
    let user = violations.user("user", request.user.as_ref());
    let binding = violations.binding("binding", &request.binding);
    let facts = parse_facts(&mut violations, request.facts.as_ref());
    let ends_at =
        instant(&mut violations, "session_expires_at", request.session_expires_at.as_ref());
    let (Ok(user), Ok(binding), Ok(facts), Ok(session_ends_at)) = (user, binding, facts, ends_at)
    else {
        return Err(violations.into());
    };
    Ok(PairRequest { user, binding, facts, session_ends_at })
}

fn parse_facts(violations: &mut Violations, facts: Option<&pb::PairingFacts>) -> Parsed<Facts> {
    let Some(facts) = facts else { return Err(violations.note("facts", "must be given")) };
    let opened_at = instant(violations, "facts.opened_at", facts.opened_at.as_ref());
    let source = violations.address("facts.source_address", &facts.source_address);
    Ok(Facts { opened_at: opened_at?, source: source?, browser: to_family(facts.browser_family()) })
}

fn instant(
    violations: &mut Violations,
    field: &str,
    at: Option<&prost_types::Timestamp>,
) -> Parsed<Timestamp> {
    violations.check(field, at.copied().map(from_wire).ok_or("must be given"))
}

/// Writes the facts about a journey.
pub fn from_facts(Facts { opened_at, source, browser }: Facts) -> pb::PairingFacts {
    pb::PairingFacts {
        opened_at: Some(to_wire(opened_at)),
        source_address: source.map(|address: IpAddr| address.to_string()).unwrap_or_default(),
        browser_family: from_family(browser).into(),
    }
}

const fn from_family(family: BrowserFamily) -> pb::BrowserFamily {
    match family {
        BrowserFamily::Chrome => pb::BrowserFamily::Chrome,
        BrowserFamily::Edge => pb::BrowserFamily::Edge,
        BrowserFamily::Firefox => pb::BrowserFamily::Firefox,
        BrowserFamily::Safari => pb::BrowserFamily::Safari,
        BrowserFamily::Samsung => pb::BrowserFamily::Samsung,
        BrowserFamily::Opera => pb::BrowserFamily::Opera,
        BrowserFamily::Other => pb::BrowserFamily::Other,
    }
}

const fn to_family(family: pb::BrowserFamily) -> BrowserFamily {
    match family {
        pb::BrowserFamily::Chrome => BrowserFamily::Chrome,
        pb::BrowserFamily::Edge => BrowserFamily::Edge,
        pb::BrowserFamily::Firefox => BrowserFamily::Firefox,
        pb::BrowserFamily::Safari => BrowserFamily::Safari,
        pb::BrowserFamily::Samsung => BrowserFamily::Samsung,
        pb::BrowserFamily::Opera => BrowserFamily::Opera,
        pb::BrowserFamily::Other | pb::BrowserFamily::Unspecified => BrowserFamily::Other,
    }
}

/// Writes a journey's number, or the fault if it gets none.
///
/// # Errors
/// Too many pairings are open, or the policy has pairing switched off.
pub fn from_paired(paired: Paired) -> Result<pb::PairJourneyResponse, Fault> {
    match paired {
        Paired::Number { number, expires_at } => Ok(pb::PairJourneyResponse {
            number: number.expose().to_owned(),
            expires_at: Some(to_wire(expires_at)),
        }),
        Paired::TooMany(retry_after) => Err(Fault::PairingsExhausted { retry_after }),
        Paired::Off => Err(Fault::PairingOff),
    }
}

/// Parses a request to end a pairing.
///
/// # Errors
/// A field is missing or invalid.
pub fn parse_withdraw(
    request: &pb::WithdrawPairingRequest,
) -> Result<(Identifier, Binding), Fault> {
    let mut violations = Violations::default();
    let user = violations.user("user", request.user.as_ref());
    let binding = violations.binding("binding", &request.binding);
    let (Ok(user), Ok(binding)) = (user, binding) else { return Err(violations.into()) };
    Ok((user, binding))
}

/// Parses a request to describe a journey.
///
/// # Errors
/// A field is missing or invalid.
pub fn parse_describe(
    request: &pb::DescribePairingRequest,
) -> Result<(Identifier, PairingNumber), Fault> {
    let mut violations = Violations::default();
    let user = violations.user("user", request.user.as_ref());
    let number = PairingNumber::parse(&request.pairing_number);
    let number = violations.check("pairing_number", number);
    let (Ok(user), Ok(number)) = (user, number) else { return Err(violations.into()) };
    Ok((user, number))
}

/// Writes the facts about the journey under a number, or the fault if there is none.
///
/// # Errors
/// The number is not found, the user is unknown, or the policy has pairing switched off.
pub fn from_described(described: Described) -> Result<pb::DescribePairingResponse, Fault> {
    match described {
        Described::Journey { facts, expires_at, session_ends_at } => {
            Ok(pb::DescribePairingResponse {
                facts: Some(from_facts(facts)),
                expires_at: Some(to_wire(expires_at)),
                session_expires_at: Some(to_wire(session_ends_at)),
            })
        }
        Described::NotFound => Err(Fault::PairingNotFound),
        Described::UnknownUser => Err(Fault::UserNotFound),
        Described::Off => Err(Fault::PairingOff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> pb::UserIdentifier {
        pb::UserIdentifier { r#type: 1, value: "ada".to_owned() }
    }

    #[test]
    fn the_facts_of_a_journey_cross_and_come_back() {
        let sources = [None, Some("192.0.2.1"), Some("2001:db8::1")];
        for (browser, source) in BrowserFamily::ALL.into_iter().zip(sources.into_iter().cycle()) {
            let source = source.map(|address| address.parse().expect("an address"));
            let facts = Facts { opened_at: Timestamp::from_unix_millis(1), source, browser };
            let mut violations = Violations::default();
            assert_eq!(parse_facts(&mut violations, Some(&from_facts(facts))), Ok(facts));
        }
        let newer = pb::PairingFacts {
            browser_family: 99,
            opened_at: Some(to_wire(Timestamp::default())),
            ..Default::default()
        };
        let read = parse_facts(&mut Violations::default(), Some(&newer)).map(|facts| facts.browser);
        assert_eq!(read, Ok(BrowserFamily::Other));
    }

    #[test]
    fn a_journey_is_paired_with_all_its_fields() {
        let facts = Facts {
            opened_at: Timestamp::from_unix_millis(1),
            source: None,
            browser: BrowserFamily::Edge,
        };
        let request = pb::PairJourneyRequest {
            user: Some(user()),
            binding: vec![7; 16],
            facts: Some(from_facts(facts)),
            session_expires_at: Some(to_wire(Timestamp::from_unix_millis(2))),
        };
        let parsed = parse_pair(&request).expect("valid");
        assert_eq!((parsed.binding, parsed.facts), (Binding::from_bytes([7; 16]), facts));
        assert_eq!(parsed.session_ends_at, Timestamp::from_unix_millis(2));

        let told = |request: &pb::PairJourneyRequest| match parse_pair(request) {
            Err(Fault::InvalidArgument(violations)) => {
                violations.into_iter().map(|it| it.field).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        let nothing = pb::PairJourneyRequest::default();
        assert_eq!(told(&nothing), ["user", "binding", "facts", "session_expires_at"]);
        let source_address = "nowhere".to_owned();
        let facts = pb::PairingFacts { source_address, ..Default::default() };
        let wrong = pb::PairJourneyRequest { facts: Some(facts), ..request };
        assert_eq!(told(&wrong), ["facts.opened_at", "facts.source_address"]);
    }

    #[test]
    fn a_number_is_read_as_it_is_spoken() {
        let read = |text: &str| {
            let pairing_number = text.to_owned();
            parse_describe(&pb::DescribePairingRequest { user: Some(user()), pairing_number })
        };
        let (_, number) = read("123 456").expect("valid");
        assert_eq!(number.expose(), "123456");
        assert!(matches!(read(""), Err(Fault::InvalidArgument(_))));
        assert!(parse_withdraw(&pb::WithdrawPairingRequest::default()).is_err());
    }
}
