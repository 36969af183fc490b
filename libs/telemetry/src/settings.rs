//! The settings of telemetry: how the log looks, what is logged, where audit events go, and what is
//! sent over OTLP.

mod audit;

use std::str::FromStr as _;

use settings::Mistakes;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::otlp::Otlp;

use self::audit::AuditArgs;
pub use self::audit::{AuditLog, AuditPlace};

/// Settings of telemetry.
#[derive(Clone, Debug, clap::Args)]
pub struct TelemetryArgs {
    /// How log lines look: auto (pretty on a terminal, else json), json or pretty
    #[arg(long, env = "POSTERN_LOG_FORMAT", value_name = "FORMAT", default_value = "auto")]
    log_format: String,
    /// What is logged: a level, or levels by target, such as `info,rpc=off`
    #[arg(long, env = "POSTERN_LOG", value_name = "FILTER", default_value = "info")]
    log: String,
    #[command(flatten)]
    audit: AuditArgs,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, else JSON.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Checked settings of telemetry.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log: Targets,
    /// Where the audit trail is written.
    pub audit: AuditLog,
    /// What is sent over OTLP.
    pub otlp: Otlp,
}

impl TelemetryArgs {
    /// Checks the settings, and reads the environment variables of OpenTelemetry.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<TelemetrySettings> {
        let log_format = match self.log_format.as_str() {
            "auto" => Ok(LogFormat::Auto),
            "json" => Ok(LogFormat::Json),
            "pretty" => Ok(LogFormat::Pretty),
            _ => Err("must be auto, json or pretty"),
        };
        let log_format = mistakes.check("--log-format (POSTERN_LOG_FORMAT)", log_format);
        let log = mistakes.check("--log (POSTERN_LOG)", parse_filter(&self.log));
        let audit = self.audit.check(mistakes);
        let otlp = Otlp::from_env(mistakes);
        Some(TelemetrySettings { log_format: log_format?, log: log?, audit: audit?, otlp })
    }
}

/// Parses levels by target. A bare word must be a level: what is misspelt would otherwise be taken
/// for a target, and nothing else would be logged.
fn parse_filter(text: &str) -> Result<Targets, &'static str> {
    let mut parts = text.split(',');
    let is_level = |part: &str| !part.is_empty() && LevelFilter::from_str(part).is_ok();
    let known = parts.all(|part| part.contains('=') || is_level(part));
    let wrong = "must be a level (off, error, warn, info, debug, trace), or levels by target";
    if known { Targets::from_str(text).map_err(|_| wrong) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_no_filter() {
        for filter in ["info", "warn,rpc=off", "rpc=debug", "TRACE"] {
            assert!(parse_filter(filter).is_ok(), "{filter}");
        }
        for filter in ["", "degub", "info,", "info,rpc", "rpc=loud"] {
            assert!(parse_filter(filter).is_err(), "{filter}");
        }
    }
}
