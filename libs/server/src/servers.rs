//! Serves all edges of a process, from the first request to the last.
//!
//! ```text
//! serving ── asked to stop ──> not ready, still serving ── delay ──> no new connections,
//!                                                                    requests in flight end, and
//!                                                                    then what they called
//!                                                                        │ or the deadline passes
//!                                                                        v
//!                                                                       over
//! ```
//! A second request to stop skips the rest.

use std::future::Future;
use std::pin::Pin;

use axum::Router;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::admin;
use crate::connections::{Limits, Protocol, Stop, serve};
use crate::grpc::{GrpcServer, Health};
use crate::http::{HttpServer, Proxies};
use crate::limit;
use crate::listener::Listener;
use crate::process::Drain;
use crate::readiness::Readiness;

/// A background task panicked, and what it looked after is not looked after any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a background task failed")]
pub struct TaskError;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The edges that a process serves.
#[derive(Default)]
pub struct Servers {
    grpc: Vec<GrpcServer>,
    inner: Vec<GrpcServer>,
    http: Vec<HttpServer>,
    admin: Vec<Listener>,
    tasks: Vec<Task>,
    readiness: Readiness,
    exempt: Proxies,
}

impl Servers {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a gRPC server.
    #[must_use]
    pub fn grpc(mut self, server: GrpcServer) -> Self {
        self.grpc.push(server);
        self
    }

    /// Adds a gRPC server that the others call. It ends after them, since their requests may still
    /// need it.
    #[must_use]
    pub fn inner_grpc(mut self, server: GrpcServer) -> Self {
        self.inner.push(server);
        self
    }

    /// Adds an HTTP server.
    #[must_use]
    pub fn http(mut self, server: HttpServer) -> Self {
        self.http.push(server);
        self
    }

    /// Serves `/livez`, `/readyz` and `/metrics` on that listener.
    #[must_use]
    pub fn admin(mut self, listener: Listener) -> Self {
        self.admin.push(listener);
        self
    }

    /// Holds these proxies to no limit of connections per source.
    #[must_use]
    pub fn behind(mut self, proxies: Proxies) -> Self {
        self.exempt = proxies;
        self
    }

    /// Runs a task beside the servers. It may end by itself, and is stopped when they have ended;
    /// if it panics, the process ends.
    #[must_use]
    pub fn task(mut self, task: impl Future<Output = ()> + Send + 'static) -> Self {
        self.tasks.push(Box::pin(task));
        self
    }

    /// The handle on the readiness of the process.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Serves until asked to stop, then drains. `stop` counts the requests to stop.
    pub(crate) async fn serve(
        self,
        limits: Limits,
        drain: Drain,
        mut stop: watch::Receiver<u32>,
    ) -> Result<(), TaskError> {
        let new = || Edges::new(limits, self.exempt.clone());
        let (mut edges, mut inner, mut admin) = (new(), new(), new());
        let grpc = self.inner.iter().chain(&self.grpc).map(|server| server.limit.clone());
        limit::observe("grpc", grpc.collect());
        let http = self.http.iter().map(|server| server.limit.clone());
        limit::observe("http", http.collect());
        let mut health = Vec::new();
        for server in self.inner {
            health.push(inner.serve_grpc(server));
        }
        for server in self.grpc {
            health.push(edges.serve_grpc(server));
        }
        for server in self.http {
            let (listener, router) = server.into_parts();
            edges.serve("http", listener, router, Protocol::Http1);
        }
        // Asked to stop with the others, it could not tell operators how their end goes.
        for listener in self.admin {
            let router = admin::router(self.readiness.clone());
            admin.serve("admin", listener, router, Protocol::Http1);
        }
        let mut tasks: JoinSet<()> = self.tasks.into_iter().collect();

        let outcome = tokio::select! {
            () = asked(&mut stop, 1) => Ok(()),
            error = failure(&mut tasks) => Err(error),
            never = follow(&self.readiness, &health) => never,
        };
        self.readiness.drain();
        for reporter in &health {
            reporter.report(false).await;
        }
        tracing::info!("draining");
        let end = async {
            sleep(drain.delay).await;
            for reporter in health {
                reporter.end().await;
            }
            let ended = async {
                edges.end().await;
                inner.end().await;
            };
            // A client that connected and never spoke can keep a connection in its handshake.
            if timeout(drain.deadline, ended).await.is_err() {
                tracing::warn!("the drain deadline passed: cutting what is still in flight");
            }
        };
        tokio::select! {
            () = end => {}
            () = asked(&mut stop, 2) => tracing::warn!("asked twice: cutting what is in flight"),
        }
        tracing::info!("stopped");
        outcome
    }
}

/// Waits until it was asked `times` times.
async fn asked(stop: &mut watch::Receiver<u32>, times: u32) {
    if stop.wait_for(|asked| *asked >= times).await.is_err() {
        // The sender is gone: no request to stop will come.
        std::future::pending::<()>().await;
    }
}

/// Waits until a task panics.
async fn failure(tasks: &mut JoinSet<()>) -> TaskError {
    while let Some(ended) = tasks.join_next().await {
        if ended.is_err() {
            return TaskError;
        }
    }
    std::future::pending().await
}

/// Reports readiness as the health of every gRPC service, for as long as it is polled.
async fn follow<T>(readiness: &Readiness, health: &[Health]) -> T {
    let mut changes = readiness.watch();
    loop {
        for reporter in health {
            reporter.report(readiness.is_ready()).await;
        }
        if !changes.next().await {
            std::future::pending::<()>().await;
        }
    }
}

/// Edges that end together.
struct Edges {
    limits: Limits,
    exempt: Proxies,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    /// Look after certificates.
    tasks: JoinSet<()>,
}

impl Edges {
    fn new(limits: Limits, exempt: Proxies) -> Self {
        let (stop, serving) = (watch::Sender::new(false), JoinSet::new());
        Self { limits, exempt, stop, serving, tasks: JoinSet::new() }
    }

    fn serve(&mut self, name: &str, listener: Listener, router: Router, protocol: Protocol) {
        let (address, tls) = (listener.address(), listener.tls.clone());
        tracing::info!(protocol = name, %address, tls = tls.is_spoken(), "serving");
        self.tasks.spawn(tls.look_after());
        let stop = Stop(self.stop.subscribe());
        let exempt = self.exempt.clone();
        self.serving.spawn(serve(listener, router, protocol, self.limits, exempt, stop));
    }

    fn serve_grpc(&mut self, server: GrpcServer) -> Health {
        let (listener, router, health) = server.into_parts();
        self.serve("grpc", listener, router, Protocol::Http2);
        health
    }

    /// Accepts no more, and waits until everything in flight is answered.
    async fn end(&mut self) {
        self.stop.send_replace(true);
        while self.serving.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests;
