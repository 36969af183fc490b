//! The peppers: the secret keys with which codes, identifiers and requests are digested before they
//! reach a store.
//!
//! Every digest is HMAC-SHA-256 (RFC 2104) over length-prefixed parts and a label for its kind, so
//! digests of different kinds, or of differently split parts, never collide. A thief of the store
//! who lacks the peppers cannot test guesses at codes or identifiers.

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretSlice};
use subtle::ConstantTimeEq as _;

use crate::audit::Addresses;
use crate::digest::{AttemptId, CodeDigest, Fingerprint, Kid, Source, Subject, encode};
use crate::facts::SealedFacts;
use crate::guess::Guess;
use crate::ids::{ApplicationId, ClientId, CodeId, IdempotencyKey};
use crate::mac::{Prepared, mac, prepared};
use crate::names;
use crate::seal::Seal;
use crate::user::UserId;

/// Why a set of peppers was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PepperError {
    /// A pepper is too short for a key.
    #[error("a pepper needs at least {} random bytes", Peppers::MIN_BYTES)]
    TooShort,
    /// Two of the keys are equal.
    #[error("each pepper must be a secret of its own")]
    Repeated,
}

/// All keys of digests. The locator key finds records and never changes. Codes have a current
/// pepper, and the previous one still verifies older codes.
pub struct Peppers {
    locator: Prepared,
    current: (Kid, Prepared),
    previous: Option<(Kid, Prepared)>,
    /// Encrypts the facts about journeys; its key is derived from the locator key.
    facts: SealedFacts,
    /// Encrypts notices that wait for delivery; its key is derived from the locator key.
    notices: Seal,
    /// Encrypts requests for approval; its key is derived from the locator key.
    requests: Seal,
}

impl Peppers {
    /// The least length of a key in bytes: the security strength of HMAC-SHA-256 truncated to 128
    /// bits (NIST SP 800-107, section 5.3).
    pub const MIN_BYTES: usize = 16;

    /// Takes the locator key, the current pepper and the previous one.
    ///
    /// # Errors
    /// [`PepperError::TooShort`] if a key has fewer than [`Self::MIN_BYTES`];
    /// [`PepperError::Repeated`] if two keys are equal.
    pub fn new(
        locator: SecretSlice<u8>,
        current: SecretSlice<u8>,
        previous: Option<SecretSlice<u8>>,
    ) -> Result<Self, PepperError> {
        let keys: Vec<&[u8]> = [Some(&locator), Some(&current), previous.as_ref()]
            .into_iter()
            .flatten()
            .map(SecretSlice::expose_secret)
            .collect();
        if keys.iter().any(|key| key.len() < Self::MIN_BYTES) {
            return Err(PepperError::TooShort);
        }
        if (1..keys.len()).any(|i| keys[..i].contains(&keys[i])) {
            return Err(PepperError::Repeated);
        }
        let locator = prepared(locator);
        let facts = SealedFacts::new(&mac(&locator, "facts", &[]));
        let notices = Seal::new(&mac(&locator, "notices", &[]));
        let requests = Seal::new(&mac(&locator, "requests", &[]));
        Ok(Self {
            locator,
            facts,
            notices,
            requests,
            current: named(current),
            previous: previous.map(named),
        })
    }

    /// The record of a user.
    pub fn subject(&self, application: &ApplicationId, user: &UserId) -> Subject {
        let parts = [application.as_str().as_bytes(), user.as_str().as_bytes()];
        Subject::from_bytes(mac(&self.locator, "subject", &parts))
    }

    /// The digest of a new code, under the current pepper.
    pub fn digest(&self, application: &ApplicationId, user: &UserId, code: &Guess) -> CodeDigest {
        code_digest(&self.current, application, user, code)
    }

    /// The digests that a code may be stored under: the current pepper's, then the previous one's.
    pub fn candidates(
        &self,
        application: &ApplicationId,
        user: &UserId,
        code: &Guess,
    ) -> Vec<CodeDigest> {
        let generations = std::iter::once(&self.current).chain(&self.previous);
        generations.map(|pepper| code_digest(pepper, application, user, code)).collect()
    }

    /// The name of one operation of one client.
    pub fn attempt(
        &self,
        application: &ApplicationId,
        client: &ClientId,
        key: &IdempotencyKey,
    ) -> AttemptId {
        names::attempt(&self.locator, application, client, key)
    }

    /// The ID of a new code: its record, 96 random bits, and a tag of its application.
    pub fn code_id(
        &self,
        application: &ApplicationId,
        subject: &Subject,
        unique: [u8; 12],
    ) -> CodeId {
        let mut nonce = [0; 16];
        nonce[..12].copy_from_slice(&unique);
        nonce[12..].copy_from_slice(&self.tag(application, subject, &unique));
        CodeId::new(subject, nonce)
    }

    /// Whether a code ID belongs to an application: applications cannot reach each other's codes.
    pub fn owns(&self, application: &ApplicationId, id: &CodeId) -> bool {
        let nonce = id.nonce();
        bool::from(nonce[12..].ct_eq(&self.tag(application, &id.subject(), &nonce[..12])))
    }

    fn tag(&self, application: &ApplicationId, subject: &Subject, unique: &[u8]) -> [u8; 4] {
        let parts = [application.as_str().as_bytes(), subject.as_bytes(), unique];
        let mac = mac(&self.locator, "code id", &parts);
        mac.first_chunk().copied().expect("a digest of 16 bytes has 4")
    }

    /// How the audit trail names an address: in plain, or as a keyed hash that is the same for
    /// every attempt from that address.
    pub fn source(&self, address: IpAddr, addresses: Addresses) -> String {
        match addresses {
            Addresses::Plain => address.to_string(),
            Addresses::Keyed => {
                encode(&mac(&self.locator, "source", &[address.to_string().as_bytes()]))
            }
        }
    }

    /// The source of a request: its address, or its client if the address is unknown. All addresses
    /// of one IPv6 site (/48, RFC 6177) are one source.
    pub fn origin(&self, client: &ClientId, address: Option<IpAddr>) -> Source {
        let site = address.map(|address| match sources::Source::of(address).customer_network() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(network) => network.octets()[..6].to_vec(),
        });
        Source::from_bytes(match site {
            Some(site) => mac(&self.locator, "origin address", &[&site]),
            None => mac(&self.locator, "origin client", &[client.as_str().as_bytes()]),
        })
    }

    /// Encrypts the facts about journeys.
    pub(crate) const fn facts(&self) -> &SealedFacts {
        &self.facts
    }

    /// Encrypts notices that wait for delivery.
    pub const fn notices(&self) -> &Seal {
        &self.notices
    }

    /// Encrypts requests for approval.
    pub const fn requests(&self) -> &Seal {
        &self.requests
    }

    /// The fingerprint of a request: of `operation` and of every part that changes its outcome.
    pub fn fingerprint(&self, operation: &str, parts: &[&[u8]]) -> Fingerprint {
        names::fingerprint(&self.locator, operation, parts)
    }
}

fn named(pepper: SecretSlice<u8>) -> (Kid, Prepared) {
    let pepper = prepared(pepper);
    let name = mac(&pepper, "kid", &[]);
    (Kid::from_u32(u32::from_be_bytes([name[0], name[1], name[2], name[3]])), pepper)
}

fn code_digest(
    (kid, pepper): &(Kid, Prepared),
    application: &ApplicationId,
    user: &UserId,
    code: &Guess,
) -> CodeDigest {
    let parts = [application.as_str(), user.as_str(), code.expose()].map(str::as_bytes);
    CodeDigest::from_parts(*kid, mac(pepper, "code", &parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn key(byte: u8) -> SecretSlice<u8> {
        vec![byte; 32].into()
    }

    fn peppers(current: u8, previous: Option<u8>) -> Peppers {
        Peppers::new(key(1), key(current), previous.map(key)).expect("valid peppers")
    }

    #[test]
    fn a_code_of_the_previous_pepper_is_still_among_the_candidates() {
        let application = ApplicationId::parse("acme").expect("valid");
        let user = UserId::parse("alice").expect("valid");
        let guess = Guess::parse(Policy::default().shape(), "123456").expect("valid");
        let old = peppers(2, None).digest(&application, &user, &guess);
        let rotated = peppers(3, Some(2)).candidates(&application, &user, &guess);
        assert_eq!(
            rotated.iter().map(|digest| digest.matches(&old)).collect::<Vec<_>>(),
            [false, true]
        );
        let rotated_out = peppers(4, Some(3)).candidates(&application, &user, &guess);
        assert!(!rotated_out.iter().any(|digest| digest.matches(&old)));
    }

    #[test]
    fn a_digest_depends_on_every_part_and_on_where_each_ends() {
        let guess = Guess::parse(Policy::default().shape(), "123456").expect("valid");
        let of = |application: &str, user: &str| {
            let application = ApplicationId::parse(application).expect("valid");
            *peppers(2, None)
                .digest(&application, &UserId::parse(user).expect("valid"), &guess)
                .as_bytes()
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_ne!(of("a", "c"), of("b", "c"));
    }

    #[test]
    fn a_code_id_belongs_to_its_application_alone() {
        let [acme, other] = ["acme", "other"].map(|id| ApplicationId::parse(id).expect("valid"));
        let peppers = peppers(2, None);
        let subject = peppers.subject(&acme, &UserId::parse("alice").expect("valid"));
        let id = peppers.code_id(&acme, &subject, [5; 12]);
        assert!(peppers.owns(&acme, &id));
        assert!(!peppers.owns(&other, &id));
    }

    #[test]
    fn one_address_or_one_ipv6_site_is_one_source() {
        let peppers = peppers(2, None);
        let client = |id| ClientId::parse(id).expect("valid");
        let from = |address: &str| {
            peppers.origin(&client("runner"), Some(address.parse().expect("an address")))
        };
        assert_eq!(from("192.0.2.1"), from("::ffff:192.0.2.1"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
        assert_eq!(from("2001:db8:1::1"), from("2001:db8:1:ffff::2"));
        assert_ne!(from("2001:db8:1::1"), from("2001:db8:2::1"));
        let unknown = |id| peppers.origin(&client(id), None);
        assert_ne!(unknown("runner"), unknown("login"));
        assert_ne!(unknown("runner"), from("192.0.2.1"));
    }

    #[test]
    fn short_or_repeated_peppers_are_refused() {
        assert_eq!(
            Peppers::new(key(1), vec![2; 15].into(), None).err(),
            Some(PepperError::TooShort)
        );
        assert_eq!(Peppers::new(key(1), key(2), Some(key(2))).err(), Some(PepperError::Repeated));
        assert_eq!(Peppers::new(key(1), key(1), None).err(), Some(PepperError::Repeated));
    }
}
