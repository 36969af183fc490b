//! Repudiates a code: for an agent to whom its user spoke, or for the user who pressed the link of a notice.

use clock::Timestamp;
use codes::audit::Context;
use codes::ids::CodeId;
use codes::record::Repudiated;
use edge::principal::Principal;
use notices::notice::Notice;
use wire::error::Fault;

use crate::CodeIssuer;

impl CodeIssuer {
    /// Ends a code of the principal's application, and tells its receiver of notices. `None` if the code is
    /// another application's.
    pub(super) async fn repudiate_code(
        &self,
        principal: &Principal,
        code_id: &CodeId,
        told_of: Timestamp,
        context: &Context,
    ) -> Result<Option<Repudiated>, Fault> {
        let caller = principal.caller();
        let repudiated = self.repudiator.repudiate(caller, code_id, told_of, context).await;
        let repudiated = repudiated.map_err(edge::unavailable)?;
        if repudiated.is_some() {
            let now = self.clock.now();
            let notice = |application: &_| Notice::repudiated(application, now, code_id);
            self.notices.write(principal, notice).await?;
        }
        Ok(repudiated)
    }
}
