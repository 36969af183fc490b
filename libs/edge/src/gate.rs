//! The gate: from a bearer token to a principal, by the configuration as it is now.

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use codes::ids::ClientId;
use config::{ClientKind, Configuration, Live};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tls::Peer;
use tokens::caller::CallerToken;
use tokens::link::LinkToken;
use tokens::service::{Service, ServiceToken};
use tokens::verify::TokenVerifier;
use wire::error::Fault;
use wire::rpc::Rpc;

use crate::agents;
use crate::certificate::PeerName;
use crate::principal::Principal;
use crate::rules::{self, Budget};
use crate::throttle::Throttle;

/// The window of every rate.
const MINUTE: Duration = Duration::from_secs(60);

/// Lets in who holds a valid token of a client that is still configured.
#[derive(Clone)]
pub struct Gate {
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    clients: TokenVerifier,
    /// The service that may call, and what verifies the tokens that it signs itself.
    service: Option<(Service, TokenVerifier)>,
    /// The name in that service's certificate, if it must call over mutual TLS.
    service_name: Option<PeerName>,
    runner: Option<PeerName>,
    /// Whether the links of notices are let in.
    links: bool,
    /// Calls of each client within a minute, by what they are charged to.
    charges: Arc<Throttle<(ClientId, Budget)>>,
}

impl Gate {
    /// A gate for clients, whose tokens the code issuer signs.
    pub fn for_clients(live: Arc<Live>, clock: Arc<dyn Clock>, clients: TokenVerifier) -> Self {
        let charges = Arc::new(Throttle::new(MINUTE));
        Self {
            live,
            clock,
            clients,
            service: None,
            service_name: None,
            runner: None,
            links: false,
            charges,
        }
    }

    /// Also lets in a service, whose tokens it signs itself.
    #[must_use]
    pub fn and_service(mut self, service: Service, tokens: TokenVerifier) -> Self {
        self.service = Some((service, tokens));
        self
    }

    /// Lets that service in only over a connection whose certificate has that name.
    #[must_use]
    pub fn known_as(mut self, name: Option<PeerName>) -> Self {
        self.service_name = name;
        self
    }

    /// Also lets in the journey runner without a token, if its certificate has that name.
    #[must_use]
    pub fn and_certificate(mut self, runner: PeerName) -> Self {
        self.runner = Some(runner);
        self
    }

    /// Also lets in the holders of notices' links, whose tokens the code issuer signs too.
    #[must_use]
    pub fn and_links(mut self) -> Self {
        self.links = true;
        self
    }

    /// The principal who makes a call: one with the right that the rpc needs, and within its rate. Both
    /// protocols are admitted here, so that they share one rate. The principal carries the one
    /// configuration by which it was admitted.
    ///
    /// # Errors
    /// [`Fault::Unauthenticated`] without a valid token or certificate; [`Fault::PermissionDenied`]
    /// without the scope; [`Fault::RateLimited`] beyond the rate.
    pub fn admit(
        &self,
        headers: &HeaderMap,
        peer: Option<&Peer>,
        rpc: Rpc,
    ) -> Result<Principal, Fault> {
        let configuration = self.live.current();
        let principal = self.authenticate(&configuration, headers, peer);
        let principal = principal.ok_or(Fault::Unauthenticated)?;
        principal.require(rules::scope(rpc))?;
        if let Some(budget) = rules::budget(rpc) {
            self.charge(&principal, budget)?;
        }
        Ok(principal)
    }

    /// The client that makes a request which is no rpc, within its rate. It needs no scope.
    ///
    /// # Errors
    /// [`Fault::Unauthenticated`] without a valid token of a configured client;
    /// [`Fault::RateLimited`] beyond the client's rate.
    pub fn admit_client(&self, headers: &HeaderMap, budget: Budget) -> Result<Principal, Fault> {
        let configuration = self.live.current();
        let principal = self.authenticate(&configuration, headers, None);
        let principal = principal.ok_or(Fault::Unauthenticated)?;
        self.charge(&principal, budget)?;
        Ok(principal)
    }

    /// Counts a call, and refuses a client beyond its rate. A service has no rate: it counts the clients for
    /// which it calls.
    fn charge(&self, principal: &Principal, budget: Budget) -> Result<(), Fault> {
        let caller = principal.caller();
        if caller.is_service {
            return Ok(());
        }
        let client = principal.registration();
        let Some(ClientKind::Confidential { rates, .. }) = client.map(|client| &client.kind) else {
            return Err(Fault::Unauthenticated);
        };
        let whose = (caller.client.clone(), budget);
        let counted = self.charges.count(whose, budget.of(rates), self.clock.now());
        counted.map_err(|retry_after| Fault::RateLimited { retry_after })
    }

    /// The principal who makes a call. Only a call without a token can be made by a certificate: two
    /// answers to who is calling could differ.
    fn authenticate(
        &self,
        configuration: &Arc<Configuration>,
        headers: &HeaderMap,
        peer: Option<&Peer>,
    ) -> Option<Principal> {
        if let (Some(runner), Some(peer), false) =
            (&self.runner, peer, headers.contains_key(AUTHORIZATION))
        {
            return runner.principal(peer, headers, configuration);
        }
        let token = bearer(headers)?;
        let now = self.clock.now();
        match CallerToken::verify(token, &self.clients, now) {
            Ok(CallerToken::Client(token)) => Principal::client(configuration, token),
            Ok(CallerToken::Agent(token)) => agents::principal(configuration, token, now),
            Err(_) => {
                let service = self.service(configuration, peer, token);
                service.or_else(|| self.link(configuration, token))
            }
        }
    }

    /// The configuration as it is now, for a request that no principal makes.
    pub fn configuration(&self) -> Arc<Configuration> {
        self.live.current()
    }

    fn service(
        &self,
        configuration: &Arc<Configuration>,
        peer: Option<&Peer>,
        token: &str,
    ) -> Option<Principal> {
        let (service, tokens) = self.service.as_ref()?;
        if self.service_name.as_ref().is_some_and(|name| !name.is_of(peer)) {
            return None;
        }
        let token = ServiceToken::verify(token, *service, tokens, self.clock.now()).ok()?;
        let application = configuration.application(&token.application)?.id.clone();
        Principal::service(Arc::clone(configuration), *service, application)
    }

    fn link(&self, configuration: &Arc<Configuration>, token: &str) -> Option<Principal> {
        if !self.links {
            return None;
        }
        let link = LinkToken::verify(token, &self.clients, self.clock.now()).ok()?;
        Principal::link_holder(Arc::clone(configuration), link)
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1), if there is just one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
