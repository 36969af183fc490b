//! What operators watch: every metric, and every value of a label, that the alerts and the dashboard
//! ask for is one that Postern exports.

use std::fs;
use std::path::Path;

use crate::Tested;
use crate::harness::*;

/// The beginnings of the names of metrics and labels that are Postern's.
const OURS: [&str; 5] = ["postern_", "rpc_", "http_", "db_", "process_"];

/// What a query asks for: a metric's or a label's name, and labels with the value that they must have.
#[derive(Debug)]
struct Asked {
    name: String,
    labels: Vec<String>,
}

/// All that is asked for in a text full of queries.
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

/// Whether an export has it: a sample of that name with those labels, or a metric or label of that
/// name.
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
async fn alerts_and_dashboard_ask_for_what_is_exported() -> Tested {
    let postern = Postern::demo_in_redis()?;
    // Each way in is used once: what nobody called yet is not listed.
    let code = postern.issue("alice").await?;
    assert_eq!(postern.redeem("alice", &code).await?.0, "completed");
    let export = reqwest::get(format!("http://{}/metrics", postern.at.admin)).await?;
    let export = export.error_for_status()?.text().await?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/observability");
    for file in ["alerts.yaml", "dashboard.json"] {
        let wanted = asked(&fs::read_to_string(folder.join(file))?);
        assert!(wanted.len() > 10, "{file} asks for nothing: {wanted:?}");
        let missing: Vec<_> = wanted.iter().filter(|asked| !has(&export, asked)).collect();
        assert!(missing.is_empty(), "{file} asks for {missing:?}, which is not in {export}");
    }
    let invented = "sum(postern_wishes_total) + postern_audit_events_total{postern_action=\"no\"}";
    let found = asked(invented).into_iter().filter(|asked| has(&export, asked));
    assert_eq!(found.map(|asked| asked.name).collect::<Vec<_>>(), ["postern_action"]);
    Ok(())
}
