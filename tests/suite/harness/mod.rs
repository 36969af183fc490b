//! Starts `postern`, speaks to it, and reads its log.

pub(crate) mod grpc;
pub(crate) mod http;
pub(crate) mod postern;
pub(crate) mod scan;
pub(crate) mod values;

pub(crate) use grpc::*;
pub(crate) use postern::Postern;

/// A name that nobody else uses: tests that share a server do not meet.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{:016x}", rand::random::<u64>())
}

/// A code of the same shape that is not `code`.
pub(crate) fn another(code: &str) -> String {
    let first = if code.starts_with('2') { '3' } else { '2' };
    format!("{first}{}", &code[1..])
}
