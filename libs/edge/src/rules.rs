//! The one table of what each rpc needs. It has no default: an rpc without a rule does not compile.

use tokens::scope::Scope;
use wire::rpc::Rpc;

/// The scope that a caller of this rpc must have.
pub const fn scope(rpc: Rpc) -> Scope {
    match rpc {
        Rpc::IssueCode => Scope::CodesIssue,
        Rpc::RevokeCode => Scope::CodesRevoke,
        Rpc::DescribeCode => Scope::CodesRead,
        Rpc::VerifyCode => Scope::CodesVerify,
        Rpc::DescribeLockout => Scope::LockoutsRead,
        Rpc::ClearLockout => Scope::LockoutsClear,
        Rpc::StartJourney | Rpc::SubmitInput => Scope::JourneysRun,
        Rpc::ListJourneys | Rpc::DescribeJourney => Scope::JourneysRead,
    }
}
