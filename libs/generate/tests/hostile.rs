//! Texts of a journey stay texts in every language that projects are written in.

use config::{Configuration, Source};
use generate::{File, Target, generate};

/// Would end a literal, a comment or a line, or be evaluated, if it stood bare.
const HOSTILE: &str = "\"'`${a}$a\\(a)\n*/ // </script>{{ a }}\u{202e}\u{2028}";

fn configuration() -> Configuration {
    let text = serde_json::to_string(HOSTILE).expect("JSON");
    let application = format!(
        "id: acme\nname: {text}\nclients:\n  - id: acme-web\n    redirect_uris: [\"https://acme.example\"]\n    \
         journeys: [hostile]\n"
    );
    let journey = format!(
        "id: hostile\nstart: ask\nsteps:\n  ask:\n    type: collect_information\n    form_id: {text}\n    \
         fields: [{{ name: note, label: {text}, kind: text }}]\n    output: form\n    \
         escapes: [{{ id: {text}, display_name: Out }}]\n    on: {{ submit: done, {text}: done }}\n  \
         done: {{ type: complete }}\n"
    );
    let source = Source::from_files([
        ("applications/acme.yaml", application.as_str()),
        ("journeys/hostile.yaml", journey.as_str()),
    ]);
    Configuration::read(&source).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn files(target: Target) -> Vec<File> {
    generate(target, &configuration(), "hostile", "acme-web", "https://recovery.example")
        .expect("a project")
}

#[test]
fn no_text_stands_bare_in_generated_code() {
    for (target, escaped) in [
        (Target::Web, r"\u{22}\u{27}\u{60}\u{24}\u{7b}a\u{7d}"),
        (Target::Ios, r"\u{22}\u{27}\u{60}\u{24}\u{7b}a\u{7d}"),
        (Target::Android, r"\u0022\u0027\u0060\u0024\u007ba\u007d"),
    ] {
        let files = files(target);
        let of_journey = files.iter().filter(|(_, text)| text.contains(escaped)).count();
        assert!(of_journey >= 1, "{target:?}: {files:?}");
        for (path, text) in files {
            for bare in
                ["${a}", "$a\\(", "\\(a)", "{{ a }}", "\u{202e}", "\u{2028}", "// </script>"]
            {
                assert!(!text.contains(bare), "{target:?}: {path}: {bare:?}");
            }
        }
    }
}
