//! The edge for HTTP: a service's router, and the layers around it.

mod access_log;
mod body;
mod layers;
mod refusal;
mod source;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::Extensions;
use axum::middleware::from_fn;
use tower::util::MapRequestLayer;
use tower_http::cors::CorsLayer;

use crate::limit::Limit;
use crate::listener::Listener;

pub use body::MAX_BODY_BYTES;
pub use layers::TIMEOUT;
pub use proxies::{Proxies, ProxyArgs};
pub use refusal::{Refusal, Render};
pub use sources::{Site, Source};

/// Puts into a request what all that handle it shall share.
#[derive(Clone)]
struct Prepare(Arc<dyn Fn(&mut Extensions) + Send + Sync>);

impl fmt::Debug for Prepare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepare")
    }
}

/// An HTTP server to be.
#[derive(Debug)]
pub struct HttpServer {
    pub(crate) listener: Listener,
    pub(crate) limit: Limit,
    router: Router,
    prepare: Option<Prepare>,
    cors: Option<CorsLayer>,
    render: Render,
    proxies: Proxies,
}

impl HttpServer {
    /// Serves the router on that listener. Paths and methods that it does not have are refused
    /// here; a fallback of its own is replaced.
    pub fn new(listener: Listener, router: Router) -> Self {
        let (limit, proxies) = (Limit::new(), Proxies::default());
        Self { listener, limit, router, prepare: None, cors: None, render: refusal::json, proxies }
    }

    /// Puts into each request, before any layer or handler reads it, what all of them shall share.
    #[must_use]
    pub fn prepare(mut self, prepare: impl Fn(&mut Extensions) + Send + Sync + 'static) -> Self {
        self.prepare = Some(Prepare(Arc::new(prepare)));
        self
    }

    /// Lets pages of other origins call. Given here rather than to the router, so that they can
    /// read refusals as well.
    #[must_use]
    pub fn cors(mut self, cors: CorsLayer) -> Self {
        self.cors = Some(cors);
        self
    }

    /// Writes refusals in another form than `{"error_code": .., "message": ..}`.
    #[must_use]
    pub fn refusals(mut self, render: Render) -> Self {
        self.render = render;
        self
    }

    /// Believes these proxies about where requests come from.
    #[must_use]
    pub fn behind(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// What is served.
    pub(crate) fn into_parts(self) -> (Listener, Router) {
        let Self { listener, limit, router, prepare, cors, render, proxies } = self;
        let router = layers::around(router, cors, render, proxies, limit);
        let router = match prepare {
            Some(Prepare(prepare)) => router.layer(MapRequestLayer::new(move |request| {
                let mut request: Request = request;
                prepare(request.extensions_mut());
                request
            })),
            None => router,
        };
        if !listener.tls.is_spoken() {
            // A proxy that terminates TLS in front of this listener decides for its own host.
            return (listener, router);
        }
        (listener, router.layer(from_fn(layers::insist_on_tls)))
    }
}

/// The peer of a request's connection, which our listeners always note.
fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip())
}
