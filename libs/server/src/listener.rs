//! Listeners. A process binds all of them before it serves, so that a taken port is a clear error
//! at the start, and the number of port 0 is known.

use std::io;
use std::net::SocketAddr;

use settings::Endpoint;
use tls::ServerTls;
use tokio::net::TcpListener;

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) tls: ServerTls,
    address: SocketAddr,
}

impl Listener {
    /// The address that clients connect to: with the real port where port 0 was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requires this TLS, if there is any.
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = tls;
        self
    }
}

/// Why some listeners could not be bound: one sentence for each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BindError(pub Vec<String>);

/// Binds all endpoints.
///
/// # Errors
/// One line for each endpoint that cannot be bound.
#[expect(clippy::missing_panics_doc, reason = "as many listeners as endpoints")]
pub async fn bind<const N: usize>(endpoints: [Endpoint; N]) -> Result<[Listener; N], BindError> {
    let (mut listeners, mut errors) = (Vec::with_capacity(N), Vec::new());
    for endpoint in endpoints {
        match bind_one(endpoint.address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) => errors.push(explain(endpoint, &error)),
        }
    }
    if errors.is_empty() {
        Ok(listeners.try_into().expect("every endpoint is bound"))
    } else {
        Err(BindError(errors))
    }
}

async fn bind_one(address: SocketAddr) -> io::Result<Listener> {
    let socket = TcpListener::bind(address).await?;
    let address = socket.local_addr()?;
    Ok(Listener { socket, tls: ServerTls::default(), address })
}

fn explain(Endpoint { flag, address }: Endpoint, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::AddrInUse {
        format!(
            "{address} is taken: stop what listens there, or choose another address with {flag}"
        )
    } else {
        format!("cannot listen on {address} ({error}): choose another address with {flag}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(address: SocketAddr) -> Endpoint {
        Endpoint { flag: "--http-listen", address }
    }

    #[tokio::test]
    async fn every_taken_port_is_named_with_its_flag() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let [first, second] = bind([endpoint(any), endpoint(any)]).await.expect("free ports");
        assert_ne!(first.address().port(), 0);
        let wanted = [endpoint(first.address()), endpoint(any), endpoint(second.address())];
        let BindError(told) = bind(wanted).await.expect_err("two are taken");
        let expected = [first, second].map(|taken| {
            format!(
                "{} is taken: stop what listens there, or choose another address with --http-listen",
                taken.address()
            )
        });
        assert_eq!(told, expected);
    }
}
