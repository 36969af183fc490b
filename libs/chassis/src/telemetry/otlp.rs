//! Whether telemetry is sent, as the environment says under the names that OpenTelemetry gives. What
//! is sent where, how often and with which headers, the exporter reads there for itself; here is
//! only checked what it would pass over in silence.

use crate::settings::Mistakes;

const ENDPOINTS: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
];
const PROTOCOLS: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
];
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// What is sent over OTLP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Otlp {
    /// Spans.
    pub traces: bool,
    /// Metrics.
    pub metrics: bool,
}

impl Otlp {
    /// Reads the environment of the process.
    pub(crate) fn from_env(mistakes: &mut Mistakes) -> Self {
        Self::from(|name| std::env::var(name).ok(), mistakes)
    }

    /// Nothing is sent unless somebody says where to.
    fn from(find: impl Fn(&str) -> Option<String>, mistakes: &mut Mistakes) -> Self {
        // An empty variable is one that is not set.
        let find = |name: &str| find(name).filter(|value| !value.is_empty());
        if find("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Self::default();
        }
        let mut check = |name: &str, is_right: &dyn Fn(&str) -> bool, rule: &str| {
            if let Some(value) = find(name)
                && !is_right(&value)
            {
                mistakes.note(format_args!("{name}: {rule}"));
            }
        };
        for name in ENDPOINTS {
            let is_plain = |url: &str| url.starts_with("http://");
            check(name, &is_plain, "must be a URL such as http://127.0.0.1:4317, without TLS");
        }
        for name in PROTOCOLS {
            check(name, &|protocol| protocol == "grpc", "must be grpc");
        }
        for name in ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"] {
            check(name, &|exporter| ["otlp", "none"].contains(&exporter), "must be otlp or none");
        }
        let rule = format!("must be one of {}", SAMPLERS.join(", "));
        check("OTEL_TRACES_SAMPLER", &|sampler| SAMPLERS.contains(&sampler), &rule);
        let is_ratio =
            |text: &str| text.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio));
        check("OTEL_TRACES_SAMPLER_ARG", &is_ratio, "must be a number from 0 to 1");

        let sends = |signal: &str| {
            let endpoint = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
            let has_endpoint = find(ENDPOINTS[0]).or_else(|| find(&endpoint)).is_some();
            has_endpoint && find(&format!("OTEL_{signal}_EXPORTER")).as_deref() != Some("none")
        };
        Self { traces: sends("TRACES"), metrics: sends("METRICS") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Otlp, Mistakes) {
        let mut mistakes = Mistakes::default();
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        (Otlp::from(find, &mut mistakes), mistakes)
    }

    #[test]
    fn nothing_is_sent_unless_somebody_says_where_to() {
        let at = "http://127.0.0.1:4317";
        let (traces, metrics) = (
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", at),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", at),
        );
        let both = ("OTEL_EXPORTER_OTLP_ENDPOINT", at);
        for (variables, sent) in [
            (vec![], (false, false)),
            (vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "")], (false, false)),
            (vec![both], (true, true)),
            (vec![traces], (true, false)),
            (vec![metrics], (false, true)),
            (vec![both, ("OTEL_METRICS_EXPORTER", "none")], (true, false)),
            (vec![both, ("OTEL_SDK_DISABLED", "true")], (false, false)),
        ] {
            let (otlp, mistakes) = read(&variables);
            assert_eq!((otlp.traces, otlp.metrics), sent, "{variables:?}");
            assert!(mistakes.is_empty(), "{mistakes}");
        }
    }

    #[test]
    fn what_the_exporter_would_pass_over_is_a_mistake() {
        let wrong = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_TRACES_EXPORTER", "jaeger"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_TRACES_SAMPLER_ARG", "50%"),
        ];
        let (_, mistakes) = read(&wrong);
        assert_eq!(mistakes.0.len(), wrong.len(), "{mistakes}");
        for ((name, _), mistake) in wrong.iter().zip(&mistakes.0) {
            assert!(mistake.starts_with(&format!("{name}: must be")), "{mistake}");
        }
    }
}
