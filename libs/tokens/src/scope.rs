//! What a client may do: scopes, and the lists of them that OAuth writes (RFC 6749, section 3.3).

use std::collections::BTreeSet;
use std::fmt;

/// One thing that a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Issue codes.
    CodesIssue,
    /// Revoke codes.
    CodesRevoke,
    /// Describe codes, never their digits.
    CodesRead,
    /// Verify codes.
    CodesVerify,
    /// Learn why a code was refused.
    CodesReason,
    /// Describe lockouts.
    LockoutsRead,
    /// Clear lockouts.
    LockoutsClear,
    /// Issue a code although the user is locked.
    LockoutsOverride,
    /// Decide requests of other agents, and let frozen agents issue again.
    DeskApprove,
    /// Stop issuing, and release what stops it.
    DeskBrake,
    /// Run journeys.
    JourneysRun,
    /// Describe journeys.
    JourneysRead,
    /// Pair journeys with agents. No client may have it: only the journey runner knows bindings.
    JourneysPair,
    /// Redeem authorization codes. No client may have it: only the code issuer knows who presents one.
    AuthorizationsRedeem,
    /// Repudiate the one code of a link. No client may have it: users do by their notices.
    LinksUse,
}

impl Scope {
    /// All scopes that a client may have, in the order of the API.
    pub const ALL: [Self; 12] = [
        Self::CodesIssue,
        Self::CodesRevoke,
        Self::CodesRead,
        Self::CodesVerify,
        Self::CodesReason,
        Self::LockoutsRead,
        Self::LockoutsClear,
        Self::LockoutsOverride,
        Self::DeskApprove,
        Self::DeskBrake,
        Self::JourneysRun,
        Self::JourneysRead,
    ];

    /// The scope's name in tokens and YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodesIssue => "codes:issue",
            Self::CodesRevoke => "codes:revoke",
            Self::CodesRead => "codes:read",
            Self::CodesVerify => "codes:verify",
            Self::CodesReason => "codes:reason",
            Self::LockoutsRead => "lockouts:read",
            Self::LockoutsClear => "lockouts:clear",
            Self::LockoutsOverride => "lockouts:override",
            Self::DeskApprove => "desk:approve",
            Self::DeskBrake => "desk:brake",
            Self::JourneysRun => "journeys:run",
            Self::JourneysRead => "journeys:read",
            Self::JourneysPair => "journeys:pair",
            Self::AuthorizationsRedeem => "authorizations:redeem",
            Self::LinksUse => "links:use",
        }
    }

    /// The scope of that name, if a client may have it.
    ///
    /// # Errors
    /// Any other name.
    pub fn parse(name: &str) -> Result<Self, ScopeError> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or(ScopeError)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no scope. Does not repeat the name, which a stranger may have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope")]
pub struct ScopeError;

/// Parses a list of scopes separated by spaces. Order and repetition carry no meaning.
///
/// # Errors
/// One of the names is no scope.
pub fn parse_list(text: &str) -> Result<BTreeSet<Scope>, ScopeError> {
    text.split(' ').filter(|name| !name.is_empty()).map(Scope::parse).collect()
}

/// Writes a list of scopes as [`parse_list`] reads it.
pub fn to_list(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_found_by_its_name() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Ok(scope));
        }
        assert_eq!(Scope::ALL.iter().collect::<BTreeSet<_>>().len(), Scope::ALL.len());
    }

    #[test]
    fn a_list_is_a_set() {
        let scopes = parse_list(" codes:read codes:issue  codes:read").expect("known");
        assert_eq!(scopes, BTreeSet::from([Scope::CodesIssue, Scope::CodesRead]));
        assert_eq!(to_list(&scopes), "codes:issue codes:read");
        assert_eq!(parse_list(""), Ok(BTreeSet::new()));
    }

    #[test]
    fn a_list_with_an_unknown_scope_is_refused() {
        for text in [
            "codes:issue admin",
            "CODES:ISSUE",
            "codes:issue\tcodes:read",
            "codes:*",
            Scope::JourneysPair.as_str(),
            Scope::AuthorizationsRedeem.as_str(),
            Scope::LinksUse.as_str(),
        ] {
            assert_eq!(parse_list(text), Err(ScopeError), "{text:?}");
        }
    }
}
