//! An OpenTelemetry collector that receives everything and stores nothing.

use std::net::SocketAddr;

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
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Serves until the process ends.
pub(crate) fn serve(listen: SocketAddr, is_deaf: bool) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (sink, mut server) = (Sink { is_deaf }, Server::builder());
    let server = server.add_service(TraceServiceServer::new(sink));
    let server = server.add_service(MetricsServiceServer::new(sink));
    Ok(runtime.block_on(server.serve(listen))?)
}

#[derive(Clone, Copy)]
struct Sink {
    /// Whether it reads requests without ever replying.
    is_deaf: bool,
}

impl Sink {
    async fn answer(self) {
        if self.is_deaf {
            std::future::pending::<()>().await;
        }
    }
}

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.answer().await;
        Ok(Response::new(<_>::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Sink {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.answer().await;
        Ok(Response::new(<_>::default()))
    }
}
