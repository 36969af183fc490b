//! Monitoring: every metric and every label value in the alerts and the dashboard is one that
//! Postern exports.

use std::fs;
use std::path::Path;

use crate::Tested;
use crate::harness::*;

/// The prefixes of Postern's metrics and labels.
const OURS: [&str; 5] = ["postern_", "rpc_", "http_", "db_", "process_"];

/// A part of a query: the name of a metric or a label, and labels with required values.
#[derive(Debug)]
struct Asked {
    name: String,
    labels: Vec<String>,
}

/// All such parts in a text with queries.
fn asked(text: &str) -> Vec<Asked> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        rest = &rest[start..];
        let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        rest = after;
        if OURS.iter().any(|ours| name.starts_with(ours)) {
            let matchers = after.strip_prefix('{').and_then(|after| after.split('}').next());
            let matchers = matchers.unwrap_or_default().replace("\\\"", "\"");
            let is_exact = |matcher: &&str| matcher.contains("=\"");
            let labels = matchers.split(',').filter(is_exact).map(|it| it.trim().to_owned());
            found.push(Asked { name: name.to_owned(), labels: labels.collect() });
        }
    }
    found
}

/// Whether an export contains it: a sample with that name and those labels, or a metric or label of
/// that name.
fn has(export: &str, Asked { name, labels }: &Asked) -> bool {
    let is_sample = |line: &str| {
        let of_that_name = line.strip_prefix(name.as_str());
        of_that_name.is_some_and(|after| after.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label.as_str()))
    };
    let names = [format!("# TYPE {name} "), format!("{name}=\"")];
    let is_named = || labels.is_empty() && names.iter().any(|name| export.contains(name));
    export.lines().any(is_sample) || is_named()
}

#[tokio::test]
async fn alerts_and_dashboard_query_only_exported_metrics() -> Tested {
    let postern = Postern::demo_in_redis()?;
    // Every endpoint is used once: a metric appears with its first call.
    let code = postern.issue("alice").await?;
    assert_eq!(postern.redeem("alice", &code).await?.0, "completed");
    let export = reqwest::get(format!("http://{}/metrics", postern.at.admin)).await?;
    let export = export.error_for_status()?.text().await?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/observability");
    for file in ["alerts.yaml", "dashboard.json"] {
        let wanted = asked(&fs::read_to_string(folder.join(file))?);
        assert!(wanted.len() > 10, "{file} contains no queries: {wanted:?}");
        let missing: Vec<_> = wanted.iter().filter(|asked| !has(&export, asked)).collect();
        assert!(missing.is_empty(), "{file} queries {missing:?}, which is not in {export}");
    }
    let invented = "sum(postern_wishes_total) + postern_audit_events_total{postern_action=\"no\"}";
    let found = asked(invented).into_iter().filter(|asked| has(&export, asked));
    assert_eq!(found.map(|asked| asked.name).collect::<Vec<_>>(), ["postern_action"]);
    Ok(())
}
