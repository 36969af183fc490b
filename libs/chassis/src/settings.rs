//! Settings of a process: groups of flags for services to flatten into their own. Each flag has an
//! environment variable. Values are taken as text and checked together, so that whoever starts a
//! service reads every mistake at once.

mod audit;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::str::FromStr as _;
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::listener::Endpoint;
use crate::telemetry::Otlp;

use self::audit::AuditArgs;
pub use self::audit::{AuditLog, AuditPlace};

/// Everything that is wrong with how a process was configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl Mistakes {
    /// Notes a mistake.
    pub fn note(&mut self, mistake: impl fmt::Display) {
        self.0.push(mistake.to_string());
    }

    /// Takes the value, or notes under the setting's name what is wrong with it.
    pub fn check<T, E: fmt::Display>(&mut self, setting: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.note(format_args!("{setting}: {error}"))).ok()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

/// Settings that every process has.
#[derive(Clone, Debug, clap::Args)]
pub struct ProcessArgs {
    /// How log lines look: auto (pretty on a terminal, else json), json or pretty
    #[arg(long, env = "POSTERN_LOG_FORMAT", value_name = "FORMAT", default_value = "auto")]
    log_format: String,
    /// What is logged: a level, or levels by target, such as `info,rpc=off`
    #[arg(long, env = "POSTERN_LOG", value_name = "FILTER", default_value = "info")]
    log: String,
    #[command(flatten)]
    audit: AuditArgs,
    /// How long to go on serving after the signal to stop, until no client is sent here any more
    #[arg(long, env = "POSTERN_DRAIN_DELAY", value_name = "DURATION", default_value = "0s")]
    drain_delay: String,
    /// How long requests in flight may then take, before they are cut
    #[arg(long, env = "POSTERN_DRAIN_DEADLINE", value_name = "DURATION", default_value = "15s")]
    drain_deadline: String,
    /// Whether clients may ask which rpcs there are: on or off
    #[arg(long, env = "POSTERN_REFLECTION", value_name = "on|off")]
    reflection: Option<String>,
    /// How many threads work on requests. Add replicas first: one thread does the most for its
    /// processor time, and processes share nothing that could hold one up for another
    #[arg(long, env = "POSTERN_THREADS", value_name = "NUMBER", default_value = "1")]
    threads: String,
    /// How many connections one address (of IPv6, one /64) may have to one listener at a time; without
    /// it, an eighth of what the listener admits. A proxy that is not trusted is one address, too
    #[arg(long, env = "POSTERN_CONNECTIONS_PER_SOURCE", value_name = "COUNT")]
    connections_per_source: Option<String>,
}

/// More than any machine has processors for.
const MAX_THREADS: NonZero<usize> = NonZero::new(1024).expect("it is not zero");

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

/// Checked settings that every process has.
#[derive(Clone, Debug)]
pub struct Process {
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log: Targets,
    /// Where the audit trail is written.
    pub audit: AuditLog,
    /// How the process ends.
    pub drain: Drain,
    /// Whether clients may ask which rpcs there are; `None` leaves it to the service.
    pub reflection: Option<bool>,
    /// How many threads work on requests.
    pub threads: NonZero<usize>,
    /// The connections that one source may have to one listener, if it is set.
    pub connections_per_source: Option<NonZero<usize>>,
    /// What is sent over OTLP.
    pub otlp: Otlp,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long to go on serving after the signal.
    pub delay: Duration,
    /// How long requests in flight may then take.
    pub deadline: Duration,
}

impl ProcessArgs {
    /// Checks the settings.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<Process> {
        let log_format = match self.log_format.as_str() {
            "auto" => Ok(LogFormat::Auto),
            "json" => Ok(LogFormat::Json),
            "pretty" => Ok(LogFormat::Pretty),
            _ => Err("must be auto, json or pretty"),
        };
        let reflection = match self.reflection.as_deref() {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(_) => Err("must be on or off"),
        };
        let log_format = mistakes.check("--log-format (POSTERN_LOG_FORMAT)", log_format);
        let log = mistakes.check("--log (POSTERN_LOG)", parse_filter(&self.log));
        let audit = self.audit.check(mistakes);
        let delay = parse_duration(&self.drain_delay);
        let delay = mistakes.check("--drain-delay (POSTERN_DRAIN_DELAY)", delay);
        let deadline = parse_duration(&self.drain_deadline);
        let deadline = mistakes.check("--drain-deadline (POSTERN_DRAIN_DEADLINE)", deadline);
        let reflection = mistakes.check("--reflection (POSTERN_REFLECTION)", reflection);
        let threads = self.threads.parse().ok().filter(|threads| *threads <= MAX_THREADS);
        let threads = threads.ok_or_else(|| format!("must be a number from 1 to {MAX_THREADS}"));
        let threads = mistakes.check("--threads (POSTERN_THREADS)", threads);
        let per_source = self.connections_per_source.as_deref().map(str::parse).transpose();
        let per_source = per_source.map_err(|_| "must be a whole number above 0");
        let setting = "--connections-per-source (POSTERN_CONNECTIONS_PER_SOURCE)";
        let connections_per_source = mistakes.check(setting, per_source);
        let otlp = Otlp::from_env(mistakes);
        let drain = Drain { delay: delay?, deadline: deadline? };
        let (log_format, log, reflection) = (log_format?, log?, reflection?);
        let (audit, threads, connections_per_source) = (audit?, threads?, connections_per_source?);
        Some(Process {
            log_format,
            log,
            audit,
            drain,
            reflection,
            threads,
            connections_per_source,
            otlp,
        })
    }
}

/// Checks the address of a listener; where none is given it is `default_port` on the loopback.
pub fn endpoint(
    flag: &'static str,
    env: &str,
    address: Option<&str>,
    default_port: u16,
    mistakes: &mut Mistakes,
) -> Option<Endpoint> {
    let address = match address {
        Some(address) => mistakes.check(
            &format!("{flag} ({env})"),
            address.parse().map_err(|_| "must be an address such as 127.0.0.1:8080"),
        )?,
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, default_port)),
    };
    Some(Endpoint { flag, address })
}

/// Defines a group with the address of one listener.
macro_rules! listen {
    ($name:ident, $field:ident, $flag:literal, $env:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, Default, clap::Args)]
        pub struct $name {
            #[doc = $doc]
            #[arg(long, env = $env, value_name = "ADDRESS")]
            $field: Option<String>,
        }

        impl $name {
            /// Checks the address; where none is given it is `default_port` on the loopback, so
            /// that nothing is reachable from outside unless somebody says so.
            pub fn check(&self, default_port: u16, mistakes: &mut Mistakes) -> Option<Endpoint> {
                endpoint($flag, $env, self.$field.as_deref(), default_port, mistakes)
            }
        }
    };
}

listen!(GrpcListen, grpc_listen, "--grpc-listen", "POSTERN_GRPC_LISTEN", "Where gRPC is served");
listen!(HttpListen, http_listen, "--http-listen", "POSTERN_HTTP_LISTEN", "Where HTTP is served");
listen!(
    AdminListen,
    admin_listen,
    "--admin-listen",
    "POSTERN_ADMIN_LISTEN",
    "Where liveness, readiness and metrics are served"
);

/// Parses levels by target. A bare word must be a level: what is misspelt would otherwise be taken
/// for a target, and nothing else would be logged.
fn parse_filter(text: &str) -> Result<Targets, &'static str> {
    let mut parts = text.split(',');
    let is_level = |part: &str| !part.is_empty() && LevelFilter::from_str(part).is_ok();
    let known = parts.all(|part| part.contains('=') || is_level(part));
    let wrong = "must be a level (off, error, warn, info, debug, trace), or levels by target";
    if known { Targets::from_str(text).map_err(|_| wrong) } else { Err(wrong) }
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number and a unit, such as 500ms, 15s or 5m")]
pub struct DurationError;

/// Parses a whole number with one of the units `ms`, `s`, `m` and `h`.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let count: u32 = count.parse().map_err(|_| DurationError)?;
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(60 * 60),
        _ => return Err(DurationError),
    };
    Ok(unit * count)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        process: ProcessArgs,
        #[command(flatten)]
        grpc: GrpcListen,
    }

    fn args(flags: &[&str]) -> Args {
        Args::try_parse_from([&["service"], flags].concat()).expect("known flags")
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let args = args(&[
            "--log-format=xml",
            "--log=info,rpc=loud",
            "--drain-delay=5",
            "--drain-deadline=1d",
            "--reflection=yes",
            "--threads=0",
            "--connections-per-source=0",
            "--grpc-listen=localhost",
        ]);
        let mut mistakes = Mistakes::default();
        assert!(args.process.check(&mut mistakes).is_none());
        assert!(args.grpc.check(1, &mut mistakes).is_none());
        assert_eq!(mistakes.0.len(), 8, "{mistakes}");
        assert!(mistakes.0[0].starts_with("--log-format (POSTERN_LOG_FORMAT): must be"));
    }

    #[test]
    fn nothing_is_reachable_from_outside_by_default() {
        let mut mistakes = Mistakes::default();
        let endpoint = args(&[]).grpc.check(50051, &mut mistakes).expect("a default");
        assert_eq!(endpoint.address.to_string(), "127.0.0.1:50051");
        let process = args(&[]).process.check(&mut mistakes).expect("defaults");
        assert_eq!(process.drain.deadline, Duration::from_secs(15));
        assert_eq!((process.drain.delay, process.reflection), (Duration::ZERO, None));
        assert_eq!(process.threads.get(), 1);
    }

    #[test]
    fn a_misspelt_level_is_no_filter() {
        for filter in ["info", "warn,rpc=off", "rpc=debug", "TRACE"] {
            assert!(parse_filter(filter).is_ok(), "{filter}");
        }
        for filter in ["", "degub", "info,", "info,rpc", "rpc=loud"] {
            assert!(parse_filter(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7200)));
        for text in ["", "5", "s", "1.5s", "-1s", "1 s", "99999999999s"] {
            assert_eq!(parse_duration(text), Err(DurationError), "{text:?}");
        }
    }
}
