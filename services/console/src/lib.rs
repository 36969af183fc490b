//! The console: pages for the agents of a help desk and for their administrators.
//!
//! ```text
//! browser ──HTTP──> console ──gRPC, with the agent's token──> code-issuer, verifier
//!                     │  └──> token endpoint: ID token for the agent's token
//!                     └──> identity provider: sign-in, refresh
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | what a request passes before a page sees it | [`Console::http`], `guard` |
//! | how people sign in and out, and how often strangers may | `sign_in`, `pace` |
//! | what a session holds, and who can read it | `session` |
//! | how a page finds the agent and calls in their name | `agent` |
//! | how a page is written, and which headers it has | `page` |
//! | how an agent issues a code | `desk` |
//! | what follows a form that a service refused or did not answer | `refusal`, `again` |
//! | how requests are approved, and issuing is stopped | `requests`, `brakes` |
//! | what the configuration says, and how a journey is tried | `admin` |
//!
//! # What it never does
//! It decides nothing: each service checks the agent's token and roles. It holds no key and no pepper, and
//! keeps nothing but its sessions. Pages load nothing from other hosts.

mod admin;
mod again;
mod agent;
mod assets;
mod brakes;
mod desk;
mod guard;
mod pace;
mod page;
mod refusal;
mod requests;
mod services;
mod session;
pub mod settings;
mod sign_in;
#[cfg(test)]
mod tests;
mod url;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::get;
use clock::Clock;
use codes::randomness::Randomness;
use config::Live;
use edge::throttle::SourceThrottle;
use journeys::ports::JourneyStore;
use oidc::RelyingParty;
use server::HttpServer;
use vault::Vault;

pub use self::services::Services;
use self::session::Sessions;
pub use self::settings::MAX_AGE;
pub use self::sign_in::CALLBACK;
pub use origin::PublicUrl;

/// What the console works with.
pub struct Ports {
    /// Where browsers reach it.
    pub url: PublicUrl,
    /// Signs people in.
    pub relying_party: RelyingParty,
    /// Decides and acts.
    pub services: Services,
    /// Where sessions and waiting requests are kept.
    pub sessions: Arc<dyn JourneyStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The source of session IDs.
    pub randomness: Randomness,
    /// What the administrators' pages show, if there is a folder.
    pub configuration: Option<Arc<Live>>,
}

/// The service, over its ports.
#[derive(Clone)]
pub struct Console {
    url: PublicUrl,
    relying_party: Arc<RelyingParty>,
    services: Services,
    vault: Arc<Vault>,
    sessions: Arc<Sessions>,
    sign_ins: Arc<SourceThrottle<()>>,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    configuration: Option<Arc<Live>>,
}

impl Console {
    /// A console over these ports.
    pub fn new(ports: Ports) -> Self {
        let Ports { url, relying_party, services, sessions, clock, randomness, configuration } =
            ports;
        let vault = Arc::new(Vault::new(sessions, clock.clone()));
        let sessions = Sessions::new(Arc::clone(&vault), randomness.clone(), &url);
        Self {
            url,
            relying_party: Arc::new(relying_party),
            services,
            vault,
            sessions: Arc::new(sessions),
            sign_ins: Arc::new(SourceThrottle::new(pace::WINDOW)),
            clock,
            randomness,
            configuration,
        }
    }

    /// The pages.
    pub fn http(&self) -> Router {
        Router::new()
            .route("/", get(async || Redirect::to("/desk")))
            .merge(sign_in::routes())
            .merge(desk::routes())
            .merge(requests::routes())
            .merge(brakes::routes())
            .merge(admin::routes())
            // Around all pages: a change is made from a page of the console alone.
            .layer(from_fn_with_state(self.clone(), guard::guard))
            .merge(assets::routes())
            .with_state(self.clone())
    }

    /// Shows refusals of the edge as pages.
    pub fn serve_pages(server: HttpServer) -> HttpServer {
        server.refusals(page::refused)
    }
}
