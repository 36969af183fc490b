//! The settings that every process has.

use std::num::NonZero;
use std::time::Duration;

use clock::duration::{self, Units};
use settings::Mistakes;
use telemetry::{TelemetryArgs, TelemetrySettings};

/// Settings that every process has.
#[derive(Clone, Debug, clap::Args)]
pub struct ProcessArgs {
    #[command(flatten)]
    telemetry: TelemetryArgs,
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

/// Checked settings that every process has.
#[derive(Clone, Debug)]
pub struct Process {
    /// What is logged, sent and measured.
    pub telemetry: TelemetrySettings,
    /// How the process ends.
    pub drain: Drain,
    /// Whether clients may ask which rpcs there are; `None` leaves it to the service.
    pub reflection: Option<bool>,
    /// How many threads work on requests.
    pub threads: NonZero<usize>,
    /// The connections that one source may have to one listener, if it is set.
    pub connections_per_source: Option<NonZero<usize>>,
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
        let reflection = match self.reflection.as_deref() {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(_) => Err("must be on or off"),
        };
        let telemetry = self.telemetry.check(mistakes);
        let delay = duration::parse(&self.drain_delay, Units::MillisecondsToHours);
        let delay = mistakes.check("--drain-delay (POSTERN_DRAIN_DELAY)", delay);
        let deadline = duration::parse(&self.drain_deadline, Units::MillisecondsToHours);
        let deadline = mistakes.check("--drain-deadline (POSTERN_DRAIN_DEADLINE)", deadline);
        let reflection = mistakes.check("--reflection (POSTERN_REFLECTION)", reflection);
        let threads = self.threads.parse().ok().filter(|threads| *threads <= MAX_THREADS);
        let threads = threads.ok_or_else(|| format!("must be a number from 1 to {MAX_THREADS}"));
        let threads = mistakes.check("--threads (POSTERN_THREADS)", threads);
        let per_source = self.connections_per_source.as_deref().map(str::parse).transpose();
        let per_source = per_source.map_err(|_| "must be a whole number above 0");
        let setting = "--connections-per-source (POSTERN_CONNECTIONS_PER_SOURCE)";
        let connections_per_source = mistakes.check(setting, per_source);
        Some(Process {
            telemetry: telemetry?,
            drain: Drain { delay: delay?, deadline: deadline? },
            reflection: reflection?,
            threads: threads?,
            connections_per_source: connections_per_source?,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        process: ProcessArgs,
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
        ]);
        let mut mistakes = Mistakes::default();
        assert!(args.process.check(&mut mistakes).is_none());
        assert_eq!(mistakes.0.len(), 7, "{mistakes}");
        assert!(mistakes.0[0].starts_with("--log-format (POSTERN_LOG_FORMAT): must be"));
    }

    #[test]
    fn a_process_has_one_thread_and_drains_for_15_seconds_by_default() {
        let mut mistakes = Mistakes::default();
        let process = args(&[]).process.check(&mut mistakes).expect("defaults");
        assert_eq!(process.drain.deadline, Duration::from_secs(15));
        assert_eq!((process.drain.delay, process.reflection), (Duration::ZERO, None));
        assert_eq!(process.threads.get(), 1);
    }
}
