//! The pages of the documentation: every link is valid, every setting is described, and the
//! commands that can run here work as written.

mod commands;
pub(crate) mod steps;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::Tested;
use crate::harness::process::{command, run_to_end};

/// The maximum line length of prose. Tables and code may be longer.
const MAX_LINE: usize = 120;

/// The maximum length of the README in lines.
const MAX_README: usize = 150;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn page(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| path.to_owned())
}

/// The pages of the repository, as paths from its root.
fn pages() -> anyhow::Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"])
        .current_dir(root())
        .output()?;
    let pages: Vec<String> = String::from_utf8(listed.stdout)?.lines().map(str::to_owned).collect();
    anyhow::ensure!(pages.iter().any(|page| page == "README.md"), "git lists no pages");
    Ok(pages)
}

/// The link targets of a page.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The anchors of a page's headings, as GitHub generates them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() -> Tested {
    let mut seen = 0;
    for name in pages()? {
        let text = page(&name)?;
        let folder = Path::new(&name).parent().unwrap_or(Path::new(""));
        for link in links(&text).filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { PathBuf::from(&name) } else { folder.join(path) };
            let found = root().join(&target);
            assert!(found.exists(), "{name}: {link} leads nowhere");
            let is_there =
                anchor.is_empty() || anchors(&fs::read_to_string(found)?).contains(anchor);
            assert!(is_there, "{name}: {link} names no heading");
            seen += 1;
        }
    }
    assert!(seen > 50, "the pages have more links than {seen}");
    Ok(())
}

#[test]
fn the_readme_and_lines_of_prose_are_short() -> Tested {
    assert!(page("README.md")?.lines().count() <= MAX_README);
    for name in pages()? {
        let mut is_code = false;
        for (number, line) in (1..).zip(page(&name)?.lines()) {
            is_code ^= line.starts_with("```");
            let is_short = line.chars().count() <= MAX_LINE;
            let may_be_long = is_code || line.starts_with('|') || line.contains("](");
            assert!(is_short || may_be_long, "{name}:{number} is longer than {MAX_LINE}");
        }
    }
    Ok(())
}

/// The flags and variables in a binary's `--help`.
fn settings_of(binary: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut help = command(binary);
    help.arg("--help");
    let (status, help) = run_to_end(help)?;
    anyhow::ensure!(status.success(), "{binary} --help: {status}");
    let flags = help.lines().map(str::trim).filter_map(|line| line.split("--").nth(1));
    let flags = flags.filter_map(|rest| rest.split([' ', ',', '`']).next());
    let flags = flags.filter(|flag| !flag.is_empty() && !["help", "version"].contains(flag));
    let variables = help.split("[env: ").skip(1).filter_map(|rest| rest.split('=').next());
    let of = |(flag, variable): (&str, &str)| format!("--{flag} {variable}");
    let variables: BTreeSet<&str> = variables.collect();
    let paired = |flag: &str| {
        let variable = format!("POSTERN_{}", flag.replace('-', "_").to_uppercase());
        variables.get(variable.as_str()).map(|variable| of((flag, variable)))
    };
    let settings: BTreeSet<String> = flags.filter_map(paired).collect();
    anyhow::ensure!(settings.len() == variables.len(), "{binary}: a variable without its flag");
    Ok(settings)
}

/// The settings in `deploy/settings.md` for a service, given by the letter that its rows use.
fn described(service: &str) -> anyhow::Result<BTreeSet<String>> {
    let page = page("deploy/settings.md")?;
    let rows = page.lines().filter(|line| line.starts_with("| `--"));
    let mut found = BTreeSet::new();
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [flag, variable, services, _] = cells[..] else {
            anyhow::bail!("not four cells: {row}");
        };
        let setting =
            format!("{} {}", flag.trim_matches(['|', ' ', '`']), variable.trim_matches('`'));
        if services == "all" || services.split(' ').any(|it| it == service) {
            found.insert(setting);
        }
    }
    Ok(found)
}

#[test]
fn every_setting_is_described_for_the_services_that_have_it() -> Tested {
    for (binary, service) in [
        ("code-issuer", "i"),
        ("verifier", "v"),
        ("journey-runner", "r"),
        ("console", "c"),
        ("postern", "p"),
    ] {
        assert_eq!(settings_of(binary)?, described(service)?, "{binary}");
    }
    Ok(())
}

#[test]
fn the_compose_file_sets_only_what_its_services_know() -> Tested {
    let file = page("deploy/docker/compose.yaml")?;
    let mut seen = 0;
    let mut service = "";
    for line in file.lines() {
        match line.strip_prefix("  ").and_then(|line| line.strip_suffix(':')) {
            Some(name) if !name.starts_with(' ') => service = name,
            _ => {}
        }
        let Some((variable, _)) = line.trim().split_once(": ") else { continue };
        if !variable.starts_with("POSTERN_") {
            continue;
        }
        let binaries = ["code-issuer", "verifier", "journey-runner"];
        // Settings above the services apply to all of them.
        let of = binaries.into_iter().filter(|binary| *binary == service || service.is_empty());
        for binary in of {
            let known = settings_of(binary)?;
            let is_known = known.iter().any(|setting| setting.ends_with(&format!(" {variable}")));
            assert!(is_known, "{binary} does not know {variable}");
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen}");
    Ok(())
}
