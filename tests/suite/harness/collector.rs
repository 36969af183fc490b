//! An OpenTelemetry collector that stores what it receives.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::bail;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use super::tls::Pair;

const LIMIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Received {
    traces: Vec<ExportTraceServiceRequest>,
    metrics: Vec<ExportMetricsServiceRequest>,
}

/// A collector that serves until the test's runtime ends.
#[derive(Clone)]
pub(crate) struct Collector {
    pub(crate) at: SocketAddr,
    received: Arc<Mutex<Received>>,
    is_deaf: bool,
}

impl Collector {
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::serving(false, Server::builder())
    }

    /// Starts one that reads requests without ever replying.
    pub(crate) fn deaf() -> anyhow::Result<Self> {
        Self::serving(true, Server::builder())
    }

    /// Starts one that serves TLS with this certificate.
    pub(crate) fn over_tls(Pair { certificate, key }: &Pair) -> anyhow::Result<Self> {
        let identity = Identity::from_pem(fs::read(certificate)?, fs::read(key)?);
        let tls = ServerTlsConfig::new().identity(identity);
        Self::serving(false, Server::builder().tls_config(tls)?)
    }

    /// Never returns if this collector does not reply.
    async fn answer(&self) {
        if self.is_deaf {
            std::future::pending::<()>().await;
        }
    }

    fn serving(is_deaf: bool, mut server: Server) -> anyhow::Result<Self> {
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?;
        let collector = Self { at: incoming.local_addr()?, received: Arc::default(), is_deaf };
        let server = server
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(incoming));
        Ok(collector)
    }

    /// Waits until the trace has spans with all these names, a repeated name that many times.
    /// Returns all its spans.
    pub(crate) async fn trace(&self, id: &[u8], names: &[&str]) -> anyhow::Result<Vec<Span>> {
        let spans = || {
            let received = self.received.lock().expect("no test panics while it holds this");
            let resources = received.traces.iter().flat_map(|request| &request.resource_spans);
            let spans = resources.flat_map(|it| &it.scope_spans).flat_map(|scope| &scope.spans);
            spans.filter(|span| id.is_empty() || span.trace_id == id).cloned().collect::<Vec<_>>()
        };
        let all = |spans: &Vec<Span>| {
            let has = |name| spans.iter().filter(|span| span.name == name).count();
            let asked = |name| names.iter().filter(|it| **it == name).count();
            names.iter().all(|name| has(*name) >= asked(*name))
        };
        wait_for(spans, all).await
    }

    /// Waits until metrics with all these names were received.
    pub(crate) async fn metrics(&self, names: &[&str]) -> anyhow::Result<()> {
        let known = || {
            let received = self.received.lock().expect("no test panics while it holds this");
            let resources = received.metrics.iter().flat_map(|request| &request.resource_metrics);
            let metrics = resources.flat_map(|it| &it.scope_metrics).flat_map(|it| &it.metrics);
            metrics.map(|metric| metric.name.clone()).collect::<Vec<_>>()
        };
        wait_for(known, |known| names.iter().all(|name| known.iter().any(|it| it == name))).await?;
        Ok(())
    }

    /// Every text received: names, attributes, events, resources. Ids and times are left out, since
    /// a code can occur in their digits by chance.
    pub(crate) fn texts(&self) -> String {
        let received = self.received.lock().expect("no test panics while it holds this");
        let mut texts = Vec::new();
        for resource in received.traces.iter().flat_map(|request| &request.resource_spans) {
            for attribute in resource.resource.iter().flat_map(|it| &it.attributes) {
                texts.push(format!("{attribute:?}"));
            }
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                let status = span.status.as_ref().map(|status| &status.message);
                texts.push(format!("{} {status:?} {:?}", span.name, span.trace_state));
                texts.push(format!("{:?}", span.attributes));
                for event in &span.events {
                    texts.push(format!("{} {:?}", event.name, event.attributes));
                }
            }
        }
        for resource in received.metrics.iter().flat_map(|request| &request.resource_metrics) {
            for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                texts.push(format!("{} {} {}", metric.name, metric.description, metric.unit));
                texts.push(format!("{:?}", labels(metric)));
            }
        }
        texts.join("\n")
    }

    /// The names of the services that sent spans.
    pub(crate) fn services(&self) -> BTreeSet<String> {
        let received = self.received.lock().expect("no test panics while it holds this");
        let resources = received.traces.iter().flat_map(|request| &request.resource_spans);
        let resources = resources.filter_map(|it| it.resource.as_ref());
        resources.filter_map(|it| attributes(&it.attributes).remove("service.name")).collect()
    }
}

/// The attributes of all points of a metric.
fn labels(metric: &Metric) -> Vec<&KeyValue> {
    match &metric.data {
        None => Vec::new(),
        Some(Data::Gauge(it)) => it.data_points.iter().flat_map(|it| &it.attributes).collect(),
        Some(Data::Sum(it)) => it.data_points.iter().flat_map(|it| &it.attributes).collect(),
        Some(Data::Histogram(it)) => it.data_points.iter().flat_map(|it| &it.attributes).collect(),
        Some(Data::ExponentialHistogram(it)) => {
            it.data_points.iter().flat_map(|it| &it.attributes).collect()
        }
        Some(Data::Summary(it)) => it.data_points.iter().flat_map(|it| &it.attributes).collect(),
    }
}

/// Attributes as text.
pub(crate) fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.clone().and_then(|it| it.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}

async fn wait_for<T: std::fmt::Debug>(
    look: impl Fn() -> T,
    is_enough: impl Fn(&T) -> bool,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        let seen = look();
        if is_enough(&seen) {
            return Ok(seen);
        }
        if begun.elapsed() > LIMIT {
            bail!("the collector has only got {seen:#?}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        {
            let mut received = self.received.lock().expect("no test panics while it holds this");
            received.traces.push(request.into_inner());
        }
        self.answer().await;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        {
            let mut received = self.received.lock().expect("no test panics while it holds this");
            received.metrics.push(request.into_inner());
        }
        self.answer().await;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
