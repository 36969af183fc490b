//! Telemetry over TLS: it is sent only to a collector with a certificate of the configured CA.

use std::time::Duration;

use tokio::time::sleep;

use crate::Tested;
use crate::harness::collector::Collector;
use crate::harness::postern::{config, utf8};
use crate::harness::process::Variable;
use crate::harness::tls::{Authority, text};
use crate::harness::*;

/// The interval at which spans are sent.
const EVERY: Duration = Duration::from_millis(50);

/// The settings that send everything to this collector and trust this CA.
fn sending_to(collector: &Collector, believed: &Authority) -> Vec<Variable> {
    vec![
        // Certificates contain host names.
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("https://localhost:{}", collector.at.port())),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", text(&believed.file())),
        ("OTEL_BSP_SCHEDULE_DELAY", EVERY.as_millis().to_string()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100".to_owned()),
    ]
}

fn start(variables: &[Variable]) -> anyhow::Result<Postern> {
    let folder = config();
    Postern::with_environment(&["--config", utf8(&folder)?], variables)
}

#[tokio::test]
async fn spans_and_metrics_are_sent_over_tls_to_a_collector_with_a_trusted_certificate() -> Tested {
    let authority = Authority::new()?;
    let collector = Collector::over_tls(&authority.sign("collector.example")?)?;
    let postern = start(&sending_to(&collector, &authority))?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
    let names = ["postern.code.v1.VerifierService/VerifyCode", "mint journey token"];
    collector.trace(&[], &names).await?;
    collector.metrics(&["rpc.server.call.duration"]).await
}

#[tokio::test]
async fn a_collector_without_a_trusted_certificate_gets_nothing_and_the_log_says_so() -> Tested {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let collector = Collector::over_tls(&authority.sign("collector.example")?)?;
    let mut postern = start(&sending_to(&collector, &other))?;
    let user = unique("jane");
    within(Duration::from_secs(20), "the log says so", async || {
        let code = postern.issue(&user).await?;
        assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
        let printed = postern.printed();
        let says_why = |what: &str| {
            printed.lines().any(|line| line.contains(what) && line.contains("UnknownIssuer"))
        };
        Ok(says_why("TracesClient export failed") && says_why("MetricsClient export failed"))
    })
    .await?;
    sleep(EVERY * 4).await;
    assert_eq!(collector.texts(), "", "it was sent something");
    let process = postern.process("postern");
    process.terminate()?;
    assert!(process.ends_within(Duration::from_secs(20)).await?.success());
    assert_eq!(collector.texts(), "", "it was sent something at the end");
    Ok(())
}
