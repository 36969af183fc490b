//! Where a request comes from: its peer, or, if the peer is a trusted proxy, the client that the
//! proxy names.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Once};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use proxies::Proxies;
use sources::Source;
use telemetry::Counter;

use super::peer;

/// The longest part of an entry that is logged.
const MAX_SHAPE: usize = 48;

/// Finds the sources of requests.
#[derive(Clone)]
pub(super) struct Sources {
    proxies: Proxies,
    unusable: Counter,
    said: Arc<Once>,
}

impl Sources {
    /// Finds them behind these proxies.
    pub(super) fn behind(proxies: Proxies) -> Self {
        let unusable = Counter::new(
            "postern.http.forwarded.unusable",
            "Requests whose trusted proxy named no address: they count as the proxy's own.",
        );
        Self { proxies, unusable, said: Arc::new(Once::new()) }
    }

    fn source(&self, request: &Request) -> Source {
        // Our server always notes the peer. Without one, all requests share the budget of one source.
        let peer = peer(request).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let trail = self.proxies.trail(peer, request.headers());
        if let Some((entry, why)) = trail.unusable {
            self.unusable.count(&[("postern.forwarded.entry", why.as_str())]);
            // Once: a proxy writes all its entries alike.
            self.said.call_once(|| {
                tracing::warn!(
                    proxy = %trail.client,
                    header = self.proxies.header(),
                    entry = shape(entry),
                    why = why.as_str(),
                    "a trusted proxy names no address: all its clients share the limits of one source"
                );
            });
        }
        Source::of(trail.client)
    }
}

/// What an entry looks like, without the address in it: digits become 9, letters a.
fn shape(entry: &str) -> String {
    let shaped = entry.chars().take(MAX_SHAPE).map(|c| match c {
        '0'..='9' => '9',
        'a'..='z' | 'A'..='Z' => 'a',
        c if c.is_ascii_graphic() => c,
        _ => '?',
    });
    shaped.collect()
}

/// Notes the source of a request.
pub(super) async fn note(
    State(sources): State<Sources>,
    mut request: Request,
    next: Next,
) -> Response {
    let source = sources.source(&request);
    request.extensions_mut().insert(source);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_an_entry_tells_no_address() {
        assert_eq!(shape("203.0.113.3;x=\u{7f}é"), "999.9.999.9;a=??");
        assert_eq!(shape(&"a".repeat(1000)).len(), MAX_SHAPE);
    }
}
