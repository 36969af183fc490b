//! Issues after a check.

use std::mem::discriminant;

use super::World;
use crate::directory::OpaqueDirectory;
use crate::issuer::{Issuance, IssueRequest, Planned};

impl World {
    /// Asks for a code after a check, which must foretell the answer and change nothing.
    pub async fn ask_checked(&self, request: IssueRequest) -> Issuance {
        let issuer = self.issuer();
        let before = self.describe(&request.user).await;
        let plan = issuer.plan(&self.caller, &self.policy, &OpaqueDirectory, &request).await;
        let foretold = match plan.expect("opaque") {
            Planned::Ready(plan) => issuer.check(&self.caller, &request, *plan).await,
            refused @ Planned::Refused(_) => Ok(refused),
        };
        assert_eq!(self.describe(&request.user).await, before, "a check changes nothing");
        let issuance = self.ask(request).await;
        match foretold.expect("the store answers") {
            Planned::Ready(_) => assert!(matches!(issuance, Issuance::Issued(_)), "{issuance:?}"),
            Planned::Refused(refused) => {
                assert_eq!(discriminant(&refused), discriminant(&issuance), "{issuance:?}");
            }
        }
        issuance
    }
}
