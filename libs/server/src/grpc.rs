//! The edge for gRPC: services, health, reflection, and the layers around them.

mod access_log;
mod layers;

use std::convert::Infallible;

use axum::response::IntoResponse;
use telemetry::rpc::Methods;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tower::Service;

use crate::limit::Limit;
use crate::listener::Listener;

pub use layers::MAX_DEADLINE;

/// The largest message that a service should read: give it to each service's
/// `max_decoding_message_size`, which alone can refuse a message before it is read.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// A gRPC server to be.
#[derive(Debug)]
pub struct GrpcServer {
    pub(crate) listener: Listener,
    pub(crate) limit: Limit,
    pub(crate) names: Vec<&'static str>,
    routes: Routes,
    health: HealthReporter,
    methods: Methods,
}

impl GrpcServer {
    /// A server on that listener, with nothing but `grpc.health.v1.Health`.
    pub fn new(listener: Listener) -> Self {
        let (health, service) = tonic_health::server::health_reporter();
        let (names, methods) = (vec![""], Methods::default());
        let (limit, routes) = (Limit::new(), Routes::new(service));
        Self { listener, limit, names, routes, health, methods }
    }

    /// Adds a service, whose health will be reported under its name.
    #[must_use]
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes = self.routes.add_service(service);
        self
    }

    /// Reads the names of the rpcs, for logs and metrics, and serves reflection if `may_ask`: in
    /// both versions of the protocol, since many tools speak the older one only.
    ///
    /// # Errors
    /// The descriptors cannot be decoded.
    pub fn reflection(mut self, may_ask: bool, descriptors: &'static [u8]) -> anyhow::Result<Self> {
        self.methods = Methods::parse(descriptors)?;
        if !may_ask {
            return Ok(self);
        }
        let builder = || {
            let builder = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(descriptors)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                // No rpc names these types, but every error carries them in `Any`: without them,
                // tools such as grpcurl print details as bytes.
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
            // Names what this server serves, not all that the descriptors know.
            let names = self.names.iter().filter(|name| !name.is_empty());
            names
                .fold(builder, |builder, name| builder.with_service_name(*name))
                .with_service_name("grpc.health.v1.Health")
        };
        let (current, older) = (builder().build_v1()?, builder().build_v1alpha()?);
        self.routes = self.routes.add_service(current).add_service(older);
        Ok(self)
    }

    /// The services, and the handle on their health.
    pub(crate) fn into_parts(self) -> (Listener, axum::Router, Health) {
        let router = layers::around(self.routes.into_axum_router(), self.methods, self.limit);
        (self.listener, router, Health { names: self.names, reporter: self.health })
    }
}

/// The health of a server's services.
pub(crate) struct Health {
    names: Vec<&'static str>,
    reporter: HealthReporter,
}

impl Health {
    /// Reports the health of all services.
    pub(crate) async fn report(&self, ready: bool) {
        use tonic_health::ServingStatus::{NotServing, Serving};
        let status = if ready { Serving } else { NotServing };
        for name in &self.names {
            self.reporter.set_service_status(name, status).await;
        }
    }

    /// Ends the streams of those who watch, which would otherwise keep their connections open.
    pub(crate) async fn end(mut self) {
        for name in self.names {
            self.reporter.clear_service_status(name).await;
        }
    }
}

#[cfg(test)]
mod tests;
