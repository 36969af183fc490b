//! The keys and scripts by which access rights are tried. They leave nothing behind.

/// A key that is named as the records of codes are.
pub(crate) const CODES: &str = "pcode:{rights}";

/// A key that is named as the data of desks is.
pub(crate) const DESKS: &str = "postern:desk:{rights}";

/// A key that is named as waiting journeys are.
pub(crate) const JOURNEYS: &str = "postern:journey:{rights}";

/// A key that is named as the sessions at the console are.
pub(crate) const CONSOLE: &str = "postern:console:{rights}";

/// A key that is named as the notices are.
pub(crate) const NOTICES: &str = "postern:notices:{rights}";

/// A key that is named as revoked grants are.
pub(crate) const GRANTS: &str = "pcode:g:{rights}";

/// Tries the right to write.
pub(crate) const WRITE: &str = include_str!("../scripts/rights.lua");

/// Tries the right to read.
pub(crate) const READ: &str = include_str!("../scripts/rights_to_read.lua");
