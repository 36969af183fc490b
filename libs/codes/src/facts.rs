//! Facts about a journey that waits for a code. The agent compares them with what the caller says:
//! "Did you open the page yourself? When? In which browser?"
//!
//! A store keeps them encrypted. All ciphertexts have the same length, so their length reveals
//! nothing.

use std::net::{IpAddr, Ipv6Addr};

use clock::Timestamp;

mod sealed;

pub(crate) use sealed::SealedFacts;

/// The family of a browser: one of a closed list, never the text that the browser sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrowserFamily {
    /// Google Chrome and Chromium.
    Chrome,
    /// Microsoft Edge.
    Edge,
    /// Mozilla Firefox.
    Firefox,
    /// Apple Safari.
    Safari,
    /// Samsung Internet.
    Samsung,
    /// Opera.
    Opera,
    /// Another browser, or an unknown one.
    #[default]
    Other,
}

impl BrowserFamily {
    /// All families. A store keeps the index: add new families at the end.
    pub const ALL: [Self; 7] = [
        Self::Other,
        Self::Chrome,
        Self::Edge,
        Self::Firefox,
        Self::Safari,
        Self::Samsung,
        Self::Opera,
    ];

    /// The family's name in notices.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Edge => "edge",
            Self::Firefox => "firefox",
            Self::Safari => "safari",
            Self::Samsung => "samsung",
            Self::Opera => "opera",
            Self::Other => "other",
        }
    }
}

/// What is known about a journey that waits for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// When the user opened the journey.
    pub opened_at: Timestamp,
    /// The address that it was opened from, if known.
    pub source: Option<IpAddr>,
    /// The browser that it was opened in.
    pub browser: BrowserFamily,
}

/// The version of the encoding: its first byte.
const VERSION: u8 = 1;

/// Version, time, browser, and an address as IPv6 (RFC 4291, section 2.5.5.2).
const LENGTH: usize = 1 + 8 + 1 + 16;

impl Facts {
    /// The facts as bytes of a constant length.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let browser = BrowserFamily::ALL.iter().position(|it| *it == self.browser);
        let browser = browser.and_then(|at| u8::try_from(at).ok()).unwrap_or_default();
        let source = match self.source {
            None => Ipv6Addr::UNSPECIFIED,
            Some(IpAddr::V4(address)) => address.to_ipv6_mapped(),
            Some(IpAddr::V6(address)) => address,
        };
        let opened_at = self.opened_at.unix_millis().to_be_bytes();
        [&[VERSION][..], &opened_at, &[browser], &source.octets()].concat()
    }

    /// Reads what [`encode`](Self::encode) writes; `None` for anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let (version, rest) = bytes.split_first()?;
        let (opened_at, rest) = rest.split_first_chunk()?;
        let (browser, source) = rest.split_first()?;
        let source = Ipv6Addr::from(<[u8; 16]>::try_from(source).ok()?);
        (*version == VERSION).then(|| Self {
            opened_at: Timestamp::from_unix_millis(i64::from_be_bytes(*opened_at)),
            source: (!source.is_unspecified()).then(|| IpAddr::V6(source).to_canonical()),
            // A newer version, which runs beside this one, may know more families.
            browser: BrowserFamily::ALL.get(usize::from(*browser)).copied().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn facts_come_back_as_they_were(
            opened_at: i64,
            source in proptest::option::of(any::<IpAddr>()),
            browser in proptest::sample::select(&BrowserFamily::ALL[..]),
        ) {
            let source = source.map(|it| it.to_canonical()).filter(|it| *it != Ipv6Addr::UNSPECIFIED);
            let facts = Facts { opened_at: Timestamp::from_unix_millis(opened_at), source, browser };
            prop_assert_eq!(facts.encode().len(), LENGTH);
            prop_assert_eq!(Facts::decode(&facts.encode()), Some(facts));
        }

        #[test]
        fn other_bytes_are_no_facts(bytes in prop::collection::vec(0_u8.., 0..40)) {
            let is_ours = bytes.len() == LENGTH && bytes[0] == VERSION;
            prop_assert_eq!(Facts::decode(&bytes).is_some(), is_ours);
        }
    }
}
