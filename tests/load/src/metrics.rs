//! Reads the metrics of a service.

use std::net::SocketAddr;

/// The number of audit events with that label.
pub(crate) async fn events(admin: SocketAddr, (key, value): (&str, &str)) -> anyhow::Result<usize> {
    let label = format!("{key}=\"{value}\"");
    Ok(sum(&text(admin).await?, "postern_audit_events_total", &label))
}

/// The number of tasks in a service's runtime.
pub(crate) async fn tasks(admin: SocketAddr) -> anyhow::Result<usize> {
    Ok(sum(&text(admin).await?, "postern_runtime_tasks", ""))
}

async fn text(admin: SocketAddr) -> anyhow::Result<String> {
    let answer = reqwest::get(format!("http://{admin}/metrics")).await?;
    Ok(answer.error_for_status()?.text().await?)
}

fn sum(text: &str, name: &str, label: &str) -> usize {
    let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok()).sum()
}

#[test]
fn the_events_of_a_label_are_summed() {
    let text = "# TYPE postern_audit_events_total counter\n\
        postern_audit_events_total{postern_action=\"code.denied\",postern_denial=\"burned\"} 2\n\
        postern_audit_events_total{postern_action=\"code.denied\",postern_denial=\"locked\"} 3\n\
        postern_audit_events_total{postern_action=\"code.issued\"} 5\n";
    let sum = |label| sum(text, "postern_audit_events_total", label);
    assert_eq!(sum("postern_action=\"code.denied\""), 5);
    assert_eq!(sum("postern_denial=\"locked\""), 3);
    assert_eq!(sum("postern_action=\"code.revoked\""), 0);
}
