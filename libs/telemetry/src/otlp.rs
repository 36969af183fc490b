//! Whether telemetry is sent, by OpenTelemetry's own environment variables. The exporter reads
//! endpoint, interval and headers itself. This module checks what the exporter would ignore in
//! silence, and reads the certificates for TLS.

use std::path::PathBuf;

use settings::Mistakes;
use tls::ClientTlsFiles;
use tonic::transport::ClientTlsConfig;

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
const CERTIFICATES: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
];
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// The kinds of telemetry that are sent over OTLP.
#[derive(Clone, Debug, Default)]
pub struct Otlp {
    /// Spans.
    pub traces: Option<Export>,
    /// Metrics.
    pub metrics: Option<Export>,
}

/// How one kind is sent.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// The TLS of the connection, if it has any.
    pub(super) tls: Option<ClientTlsConfig>,
}

impl Otlp {
    /// Reads the environment of the process.
    pub(crate) fn from_env(mistakes: &mut Mistakes) -> Self {
        Self::from(|name| std::env::var(name).ok(), mistakes)
    }

    /// Nothing is sent without an endpoint.
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
            let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
            check(name, &is_url, "must be a URL such as http://127.0.0.1:4317");
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

        let mut export = |signal: usize, name: &str| {
            let endpoint = find(ENDPOINTS[signal]).or_else(|| find(ENDPOINTS[0]))?;
            if find(&format!("OTEL_{name}_EXPORTER")).as_deref() == Some("none") {
                return None;
            }
            let is_secure = endpoint.starts_with("https://");
            let certificate = [signal, 0].into_iter().find_map(|place| {
                Some((CERTIFICATES[place], Some(PathBuf::from(find(CERTIFICATES[place])?))))
            });
            let authority = certificate.unwrap_or((CERTIFICATES[0], None));
            let (certificate, key) = (("", None), ("", None));
            let files = ClientTlsFiles { authority, certificate, key };
            let tls = is_secure.then(|| files.open(mistakes)).flatten();
            Some(Export { tls: tls.map(|tls| (*tls.current()).clone()) })
        };
        Self { traces: export(1, "TRACES"), metrics: export(2, "METRICS") }
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
            let does_send = (otlp.traces.is_some(), otlp.metrics.is_some());
            assert_eq!(does_send, sent, "{variables:?}");
            assert!(mistakes.is_empty(), "{mistakes}");
        }
    }

    #[test]
    fn tls_is_spoken_where_the_url_says_so_with_the_configured_authorities() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let authority = rcgen::generate_simple_self_signed([]).expect("a certificate");
        std::fs::write(&file, authority.cert.pem()).expect("written");
        let (endpoint, certificate) =
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_CERTIFICATE");
        let path = file.path().to_str().expect("text");
        let (otlp, mistakes) = read(&[(endpoint, "https://collector:4317"), (certificate, path)]);
        assert!(mistakes.is_empty(), "{mistakes}");
        for export in [otlp.traces, otlp.metrics] {
            assert!(export.expect("it is sent").tls.is_some());
        }
        let (otlp, _) = read(&[(endpoint, "http://collector:4317"), (certificate, path)]);
        assert!(otlp.traces.expect("it is sent").tls.is_none());
        let missing = "/does/not/exist";
        let (_, mistakes) = read(&[(endpoint, "https://collector:4317"), (certificate, missing)]);
        assert!(mistakes.0[0].starts_with(certificate), "{mistakes}");
        assert!(mistakes.0[0].contains(missing), "{mistakes}");
    }

    #[test]
    fn what_the_exporter_would_pass_over_is_a_mistake() {
        let wrong = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
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
