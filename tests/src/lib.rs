//! black box
