//! A gRPC service behind the gate: a call without the right its rpc needs, or beyond its client's rate,
//! never reaches it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;
use wire::error::Fault;
use wire::rpc::Rpc;

use crate::gate::Gate;
use crate::principal::Principal;

/// A service whose calls carry a [`Principal`] among their extensions.
#[derive(Clone)]
pub struct Guarded<S> {
    gate: Gate,
    inner: S,
}

impl<S> Guarded<S> {
    /// Puts a service behind the gate.
    pub const fn new(gate: Gate, inner: S) -> Self {
        Self { gate, inner }
    }

    /// The principal of a call; `None` for an rpc that does not exist, which the service answers as
    /// UNIMPLEMENTED itself.
    fn admit(&self, request: &Request<Body>) -> Result<Option<Principal>, Fault> {
        let Some(rpc) = Rpc::from_path(request.uri().path()) else { return Ok(None) };
        let peer = request.extensions().get();
        self.gate.admit(request.headers(), peer, rpc).map(Some)
    }
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

type Refused = Ready<Result<Response<Body>, Infallible>>;

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Refused, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.admit(&request) {
            Ok(principal) => {
                principal.map(|principal| request.extensions_mut().insert(principal));
                Either::Right(self.inner.call(request))
            }
            Err(fault) => Either::Left(ready(Ok(tonic::Status::from(fault).into_http()))),
        }
    }
}

/// The principal of a call that came through a [`Guarded`] service.
///
/// # Errors
/// [`Fault::Unauthenticated`] if the call did not come through one.
pub fn principal<T>(request: &tonic::Request<T>) -> Result<Principal, Fault> {
    request.extensions().get::<Principal>().cloned().ok_or(Fault::Unauthenticated)
}
