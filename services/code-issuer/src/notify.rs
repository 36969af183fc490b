//! Tells users of codes that are issued for them, and of requests for approval.

use codes::ids::ApplicationId;
use codes::issuer::{IssueRequest, IssuedCode};
use config::Application;
use desk::messages::Pending;
use desk::request::Ask;
use edge::principal::Principal;
use notices::notice::{Notice, Origin};
use wire::error::Fault;

use crate::{CodeIssuer, Issued};

impl CodeIssuer {
    /// Tells the user, if the application has a receiver of notices. Without the notice there is no answer: a
    /// retry under the same key goes on here.
    pub(crate) async fn tell(
        &self,
        principal: &Principal,
        ask: &Ask,
        issued: &Issued,
    ) -> Result<(), Fault> {
        match issued {
            Issued::Code(code) => self.tell_of_code(principal, &ask.issue, code).await,
            // The user was told when the agent first asked.
            Issued::Pending(_) if ask.request_id.is_some() => Ok(()),
            Issued::Pending(pending) => self.tell_of_request(principal, &ask.issue, pending).await,
        }
    }

    async fn tell_of_code(
        &self,
        principal: &Principal,
        request: &IssueRequest,
        issued: &IssuedCode,
    ) -> Result<(), Fault> {
        let Application { directory, .. } = principal.application();
        if edge::notices::receiver(principal.application()).is_none() {
            return Ok(());
        }
        let (caller, user) = (principal.caller(), &request.user);
        let facts = match request.pairing.clone().filter(|_| issued.paired) {
            Some(number) => {
                let facts = self.pairer.facts(caller, &**directory, user, number).await;
                facts.map_err(edge::unavailable)?
            }
            None => None,
        };
        let notice = |application: &ApplicationId| {
            let (whose, now, facts) = ((application, user), self.clock.now(), facts.as_ref());
            let origin = Origin::new(&caller.client, &request.context);
            Notice::issued(whose, now, &issued.code_id, issued.expires_at, origin, facts)
        };
        self.notices.write(principal, notice).await
    }

    async fn tell_of_request(
        &self,
        principal: &Principal,
        request: &IssueRequest,
        pending: &Pending,
    ) -> Result<(), Fault> {
        let notice = |application: &ApplicationId| {
            let (whose, now) = ((application, &request.user), self.clock.now());
            let origin = Origin::new(&principal.caller().client, &request.context);
            let request_id = pending.request_id.to_string();
            Notice::approval_requested(whose, now, &request_id, pending.expires_at, origin)
        };
        self.notices.write(principal, notice).await
    }
}
