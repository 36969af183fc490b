//! The one table of what each rpc needs, which right of an agent grants it, and what it is charged to. It
//! has no default: an rpc without a rule does not compile.

use config::{Rates, Right};
use tokens::scope::Scope;
use wire::rpc::Rpc;

/// The scope that a caller of this rpc must have.
pub const fn scope(rpc: Rpc) -> Scope {
    match rpc {
        Rpc::IssueCode | Rpc::DescribePairing | Rpc::ExplainIssue => Scope::CodesIssue,
        Rpc::RevokeCode => Scope::CodesRevoke,
        Rpc::DescribeCode | Rpc::ListRequests => Scope::CodesRead,
        Rpc::VerifyCode => Scope::CodesVerify,
        Rpc::DescribeLockout => Scope::LockoutsRead,
        Rpc::ClearLockout => Scope::LockoutsClear,
        Rpc::DecideRequest | Rpc::LiftFreeze | Rpc::Repudiate | Rpc::LiftRepudiation => {
            Scope::DeskApprove
        }
        Rpc::SetBrake | Rpc::SuspendLagRule => Scope::DeskBrake,
        Rpc::RepudiateByLink => Scope::LinksUse,
        Rpc::StartJourney | Rpc::SubmitInput => Scope::JourneysRun,
        Rpc::ListJourneys | Rpc::DescribeJourney => Scope::JourneysRead,
        Rpc::PairJourney | Rpc::WithdrawPairing => Scope::JourneysPair,
        Rpc::RedeemAuthorizationCode => Scope::AuthorizationsRedeem,
    }
}

/// The scopes that a right of an agent's role grants, to agents whose client has them too. Who may clear
/// a lockout may also override it.
pub const fn granted(right: Right) -> &'static [Scope] {
    match right {
        Right::Issue => &[Scope::CodesIssue],
        Right::Revoke => &[Scope::CodesRevoke],
        Right::Read => &[Scope::CodesRead, Scope::LockoutsRead],
        Right::Clear => &[Scope::LockoutsClear, Scope::LockoutsOverride],
        Right::Approve => &[Scope::DeskApprove],
        Right::Brake => &[Scope::DeskBrake],
    }
}

/// The rate limit that counts a call: a client's calls of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Codes that are asked for.
    Issues,
    /// Revocations, lockouts that are cleared, and decisions of the desk.
    Changes,
    /// Codes that are entered, journeys in which they are, and tokens that are introspected.
    Verifications,
    /// Codes, lockouts and journeys that are described, and what the desk tells.
    Reads,
}

/// The budget that this rpc is charged to; `None` if it neither changes nor records anything, or no client
/// may call it.
pub const fn budget(rpc: Rpc) -> Option<Budget> {
    match rpc {
        Rpc::IssueCode => Some(Budget::Issues),
        Rpc::RevokeCode
        | Rpc::ClearLockout
        | Rpc::DecideRequest
        | Rpc::SetBrake
        | Rpc::SuspendLagRule
        | Rpc::LiftFreeze
        | Rpc::Repudiate
        | Rpc::LiftRepudiation => Some(Budget::Changes),
        Rpc::VerifyCode | Rpc::StartJourney | Rpc::SubmitInput => Some(Budget::Verifications),
        Rpc::DescribeCode
        | Rpc::DescribeLockout
        | Rpc::DescribePairing
        | Rpc::ExplainIssue
        | Rpc::ListRequests => Some(Budget::Reads),
        Rpc::ListJourneys
        | Rpc::DescribeJourney
        | Rpc::PairJourney
        | Rpc::WithdrawPairing
        | Rpc::RedeemAuthorizationCode
        | Rpc::RepudiateByLink => None,
    }
}

impl Budget {
    /// How many calls a minute a client's configuration admits.
    pub const fn of(self, rates: &Rates) -> u32 {
        match self {
            Self::Issues => rates.issues_per_minute,
            Self::Changes => rates.changes_per_minute,
            Self::Verifications => rates.verifications_per_minute,
            Self::Reads => rates.reads_per_minute,
        }
    }
}
