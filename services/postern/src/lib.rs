//! postern
