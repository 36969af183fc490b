//! Fuzz targets: parsers of headers that anybody may send.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use proxies::forwarded::Header;

use crate::timeout::parse_timeout;

/// Reads both forwarding headers, to which a proxy has appended its own entry: that entry is read,
/// and comes first, whatever precedes it.
///
/// # Panics
/// The property does not hold.
pub fn forwarded(data: &[u8]) {
    for (header, appended) in
        [(Header::XForwardedFor, ", 192.0.2.9"), (Header::Forwarded, ", for=192.0.2.9")]
    {
        let line = [data, appended.as_bytes()].concat();
        let Ok(line) = HeaderValue::from_bytes(&line) else { continue };
        let headers = HeaderMap::from_iter([(HeaderName::from_static(header.name()), line)]);
        let mut entries = header.entries(&headers).map(|entry| header.parse_entry(entry));
        assert_eq!(entries.next(), Some(Ok([192, 0, 2, 9].into())));
        entries.for_each(drop);
    }
}

/// Reads `grpc-timeout`: at most eight digits of hours.
///
/// # Panics
/// The property does not hold.
pub fn grpc_timeout(data: &[u8]) {
    const LONGEST: u64 = 99_999_999 * 60 * 60;
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let headers = HeaderMap::from_iter([(HeaderName::from_static("grpc-timeout"), value)]);
    let timeout = parse_timeout(&headers);
    assert!(timeout.is_none_or(|timeout| timeout.as_secs() <= LONGEST));
}
