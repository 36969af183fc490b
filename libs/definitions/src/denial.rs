//! The error codes that a journey's author can compare.

use codes::record::DenialReason;

/// Every code that an error can have.
pub const ERROR_CODES: [&str; 13] = [
    "invalid_code",
    "burned_code",
    "locked",
    "no_code",
    "expired_code",
    "fenced_code",
    "disabled",
    "unknown_key",
    "denied",
    "superseded_code",
    "not_paired",
    "source_exhausted",
    "blocked",
];

/// The code of a denial. `None`: the verifier does not tell the reason.
pub const fn error_code(reason: Option<DenialReason>) -> &'static str {
    match reason {
        Some(DenialReason::WrongCode) => ERROR_CODES[0],
        Some(DenialReason::Burned) => ERROR_CODES[1],
        Some(DenialReason::Locked) => ERROR_CODES[2],
        Some(DenialReason::NoCode) => ERROR_CODES[3],
        Some(DenialReason::Expired) => ERROR_CODES[4],
        Some(DenialReason::Fenced) => ERROR_CODES[5],
        Some(DenialReason::Disabled) => ERROR_CODES[6],
        Some(DenialReason::UnknownKey) => ERROR_CODES[7],
        Some(DenialReason::Superseded) => ERROR_CODES[9],
        Some(DenialReason::NotPaired) => ERROR_CODES[10],
        Some(DenialReason::SourceExhausted) => ERROR_CODES[11],
        Some(DenialReason::Blocked) => ERROR_CODES[12],
        None => ERROR_CODES[8],
    }
}
