//! journey-runner
