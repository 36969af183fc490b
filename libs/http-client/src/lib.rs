//! Sends one HTTP request to a server of somebody else: HTTP/1.1, over TLS for `https`.
//!
//! | to learn | read |
//! | --- | --- |
//! | which addresses are private | [`addresses`] |
//! | how a request is sent | [`send`] |
//!
//! # What it never does
//! It follows no redirect, keeps no connection and no cookie, uses no proxy, and reads no answer that is
//! longer than its caller allows. The caller limits the time.
//!
//! # Why no HTTP client of a library
//! hyper and rustls are in the services already. A client such as reqwest would add megabytes for
//! redirects, cookies, proxies and pools, all of which would have to be switched off here.

pub mod addresses;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, OnceLock};

use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
pub use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// The longest head of an answer.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Why there is no answer. Holds no part of the request.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The URL is not one of http or https with a host.
    #[error("the URL must begin with https:// or http:// and name a host")]
    Url,
    /// The host has no address that may be connected to.
    #[error("its host has private addresses only, which are refused")]
    PrivateAddress,
    /// No connection.
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    /// The connection broke, or the answer is not HTTP.
    #[error("the request failed: {0}")]
    Http(#[from] hyper::Error),
    /// The answer is too long.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any.
    Anywhere,
    /// Public ones, also where a name leads to others.
    Public,
}

/// The host of a URL, of IPv6 without its brackets.
pub fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// Sends a request to its URL and reads the whole answer, with any status.
///
/// # Errors
/// [`SendError`] says why there is no answer. The request may have been received.
pub async fn send(
    request: Request<Full<Bytes>>,
    reach: Reach,
    max_bytes: usize,
) -> Result<Response<Bytes>, SendError> {
    let uri = request.uri().clone();
    let is_https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(SendError::Url),
    };
    let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let stream = connect(host(&uri), port, reach).await?;
    if !is_https {
        return exchange(stream, request, max_bytes).await;
    }
    let name = ServerName::try_from(host(&uri).to_owned()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(tls()?).connect(name, stream).await?;
    exchange(stream, request, max_bytes).await
}

/// Connects to the first address that answers. Names are resolved once: between a check and a second
/// resolution, a name could be given another address.
async fn connect(host: &str, port: u16, reach: Reach) -> Result<TcpStream, SendError> {
    if host.is_empty() {
        return Err(SendError::Url);
    }
    let mut failed = None;
    for address in lookup_host((host, port)).await? {
        if reach == Reach::Public && addresses::is_private(address.ip()) {
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.map_or(SendError::PrivateAddress, SendError::Connection))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mut request: Request<Full<Bytes>>,
    max_bytes: usize,
) -> Result<Response<Bytes>, SendError> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    // Ends the connection when this call ends, also when its time is over.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let authority = request.uri().authority().map_or("", http::uri::Authority::as_str);
    let authority = HeaderValue::from_str(authority).map_err(|_| SendError::Url)?;
    request.headers_mut().insert(HOST, authority);
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = target.parse().map_err(|_| SendError::Url)?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, max_bytes).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => SendError::Http(*error),
        Err(error) if error.is::<LengthLimitError>() => SendError::TooLong(max_bytes),
        Err(error) => SendError::Connection(io::Error::other(error)),
    })?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

/// Trusts the authorities that the system trusts, read when they are first needed.
fn tls() -> Result<Arc<ClientConfig>, SendError> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}
