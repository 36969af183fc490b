//! Calls to a service of another process, within the caller's trace.

use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response};
use telemetry::rpc::{Learns, Methods, Watched, describe, tell_end};
use telemetry::{Histogram, KeyValue, Span};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use crate::remote::Remote;
use crate::targets::{TRY_EVERY, Targets};

static DURATION: LazyLock<Histogram> = LazyLock::new(|| {
    Histogram::new("rpc.client.call.duration", "Duration of the rpcs that this process calls.")
});

/// A client of a service. Its calls are traced and measured, and spread over all replicas.
#[derive(Clone, Debug)]
pub struct Client {
    targets: Targets,
    methods: Methods,
    host: Arc<str>,
    port: u16,
}

impl Client {
    /// Starts to look for the service, until this is dropped; needs a runtime. `descriptors` name
    /// the rpcs.
    ///
    /// # Errors
    /// The descriptors cannot be decoded.
    pub fn connect(remote: Remote, descriptors: &[u8]) -> anyhow::Result<Self> {
        Ok(Self {
            methods: Methods::parse(descriptors)?,
            host: remote.host().into(),
            port: remote.port(),
            targets: Targets::follow(remote, TRY_EVERY),
        })
    }
}

impl Service<Request<Body>> for Client {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Each call chooses its replica, and learns whether one is there.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let method = self.methods.find(request.uri().path());
        let span = Span::client(|| {
            let (name, mut attributes) = describe(&method);
            attributes.push(KeyValue::new("server.address", Arc::clone(&self.host)));
            attributes.push(KeyValue::new("server.port", i64::from(self.port)));
            (name, attributes)
        });
        span.inject(request.headers_mut());
        let mut call = Call { method, started: Instant::now(), code: None, span: span.clone() };
        let mut targets = self.targets.clone();
        let told = async move {
            let answer = targets.call(request).await;
            match &answer {
                Ok(response) => call.read(response.headers()),
                Err(status) => call.learn(status.code()),
            }
            answer.map(|response| response.map(|inner| Body::new(Watched { inner, learns: call })))
        };
        Box::pin(span.around(told))
    }
}

/// Whether a call may have ended for no other reason than that its connection did: a call that may be
/// repeated then reaches another replica. The code depends on how far the call had come. A call that was
/// still to be sent to a replica that announced its end is an internal error to the HTTP client.
pub const fn has_lost_its_connection(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Internal | Code::Unknown | Code::Cancelled)
}

/// Records when dropped: also if the caller does not wait for the answer.
struct Call {
    method: Arc<str>,
    started: Instant,
    code: Option<Code>,
    span: Span,
}

impl Learns for Call {
    fn learn(&mut self, code: Code) {
        self.code = Some(code);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        let took = (&*DURATION, self.started.elapsed());
        tell_end(&self.span, &self.method, code, code != Code::Ok, took);
    }
}
