//! Fetches one JSON document: over https from anywhere, over http from this machine only.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{ACCEPT, AGE, CACHE_CONTROL, HOST};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// The longest document, and the longest head of an answer.
const MAX_BYTES: usize = 64 * 1024;

/// Why a document was not fetched. Holds no part of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("its URL must be https, or http on this machine")]
    InsecureUrl,
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    #[error("the request failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("answered {0} instead of 200; redirects are not followed")]
    Status(StatusCode),
    #[error("the document is longer than {MAX_BYTES} bytes")]
    TooLong,
}

/// A document, and how long it may be kept.
pub(crate) struct Document {
    pub(crate) body: Bytes,
    /// What remains of its `max-age`; `None` if it has none.
    pub(crate) fresh_for: Option<Duration>,
}

/// Whether a URL is one that is fetched from.
pub(crate) fn is_secure(uri: &Uri) -> bool {
    let host = host(uri);
    let is_here =
        || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here(),
        _ => false,
    }
}

/// The host of a URL, of IPv6 without its brackets.
fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// Fetches a document. The caller limits the time.
pub(crate) async fn get(uri: &Uri) -> Result<Document, FetchError> {
    if !is_secure(uri) {
        return Err(FetchError::InsecureUrl);
    }
    let is_https = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let stream = TcpStream::connect((host(uri), port)).await?;
    if !is_https {
        return request(stream, uri).await;
    }
    let name = ServerName::try_from(host(uri).to_owned()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(tls()?).connect(name, stream).await?;
    request(stream, uri).await
}

async fn request(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    uri: &Uri,
) -> Result<Document, FetchError> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    // Ends the connection when this call ends, also when its time is over.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    let request = Request::get(target).header(HOST, authority).header(ACCEPT, "application/json");
    let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let fresh_for = fresh_for(response.headers());
    let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => FetchError::Http(*error),
        Err(error) if error.is::<LengthLimitError>() => FetchError::TooLong,
        Err(error) => FetchError::Connection(io::Error::other(error)),
    })?;
    Ok(Document { body: body.to_bytes(), fresh_for })
}

/// The `max-age` of an answer without the `Age` that it has reached in caches on the way (RFC 9111,
/// section 4.2).
fn fresh_for(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let seconds = |text: &str| text.trim().parse().ok().map(Duration::from_secs);
    let mut directives = text(CACHE_CONTROL)?.split(',').map(str::trim);
    let max_age = directives.find_map(|directive| match directive {
        "no-store" | "no-cache" => Some(Duration::ZERO),
        _ => seconds(directive.strip_prefix("max-age=")?),
    })?;
    Some(max_age.saturating_sub(text(AGE).and_then(seconds).unwrap_or_default()))
}

/// Trusts the authorities that the system trusts, read when they are first needed.
fn tls() -> Result<Arc<ClientConfig>, FetchError> {
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
