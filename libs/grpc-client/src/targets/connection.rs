//! One replica and its one connection. When that ends, the follower decides about another.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tonic::transport::{Channel, ClientTlsConfig, Error};
use tower::Service;

use crate::remote::Remote;

/// One replica.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// The certificates of its connection.
    pub(super) tls: Option<Arc<ClientTlsConfig>>,
    pub(super) channel: Channel,
    pub(super) fate: Arc<Fate>,
}

impl Target {
    /// Connects. Notifies `ended` when the connection has ended.
    pub(super) async fn connect(
        remote: &Remote,
        address: SocketAddr,
        tls: Option<Arc<ClientTlsConfig>>,
        ended: Arc<Notify>,
    ) -> Result<Self, Error> {
        let fate = Arc::new(Fate { is_lost: AtomicBool::new(false), ended });
        let connector = Once { address, fate: Arc::clone(&fate), is_used: false };
        let endpoint = remote.endpoint(address, tls.as_deref())?;
        let channel = endpoint.connect_with_connector(connector).await?;
        Ok(Self { address, tls, channel, fate })
    }
}

/// Whether a connection is still there.
#[derive(Debug)]
pub(super) struct Fate {
    is_lost: AtomicBool,
    ended: Arc<Notify>,
}

impl Fate {
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Marks it as unusable.
    pub(super) fn lose(&self) {
        if !self.is_lost.swap(true, Ordering::Relaxed) {
            self.ended.notify_one();
        }
    }

    /// Drops the connection without notice of its end.
    pub(super) fn leave(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }
}

/// Connects once. A channel that would reconnect within a call is refused at once.
struct Once {
    address: SocketAddr,
    fate: Arc<Fate>,
    is_used: bool,
}

impl Service<Uri> for Once {
    type Response = TokioIo<Connection>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Connection>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (address, fate) = (self.address, Arc::clone(&self.fate));
        let is_used = std::mem::replace(&mut self.is_used, true);
        Box::pin(async move {
            if is_used {
                fate.lose();
                return Err(io::Error::new(
                    io::ErrorKind::NotConnected,
                    "the connection has ended",
                ));
            }
            let stream = TcpStream::connect(address).await?;
            // Calls are small: waiting for more to send would only delay them.
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(Connection { stream, fate }))
        })
    }
}

/// A connection that reports its end.
struct Connection {
    stream: TcpStream,
    fate: Arc<Fate>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.fate.lose();
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
