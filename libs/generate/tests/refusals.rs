//! What no project is generated for, and what the error says of it.

use config::{Configuration, Source};
use generate::{Target, generate};

fn configuration(forms: [(&str, &str); 2]) -> Configuration {
    let application = r#"
id: acme
name: Acme
clients:
  - id: acme-backend
    secret_sha256: e2b3ae8de3724c4ef3af65101dcf502db3148058fa8b5e88d98110085cdd732a
    scopes: [journeys:run]
  - id: acme-web
    redirect_uris: ["https://acme.example"]
    journeys: [two-forms]
"#;
    let [one, two] = forms.map(|(id, fields)| {
        format!("type: collect_information, form_id: \"{id}\", fields: [{fields}], output: form")
    });
    let journey = format!(
        "id: two-forms\nstart: one\nsteps:\n  one: {{ {one}, on: {{ submit: two }} }}\n  \
         two: {{ {two}, on: {{ submit: done }} }}\n  done: {{ type: complete }}\n"
    );
    let source = Source::from_files([
        ("applications/acme.yaml", application),
        ("journeys/two-forms.yaml", journey.as_str()),
    ]);
    Configuration::read(&source).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn what_cannot_become_a_project_is_told_with_its_place_and_what_to_do() {
    let fine = [("a", "name"), ("a", "name")];
    let server = "https://recovery.example";
    for (forms, journey, client, server, expected) in [
        (fine, "two-forms", "nobody", server, "client `nobody`: no application has this client"),
        (fine, "two-forms", "acme-backend", server, "client `acme-backend`: is confidential"),
        (
            fine,
            "other",
            "acme-web",
            server,
            "journey `other`: the client `acme-web` may not run it",
        ),
        (fine, "two-forms", "acme-web", "recovery.example", "server `recovery.example`: must be"),
        (
            [("a", "name"), ("a", "name, more")],
            "two-forms",
            "acme-web",
            server,
            "steps `one` and `two`: their",
        ),
        (
            [("a", "name"), ("action:success", "name")],
            "two-forms",
            "acme-web",
            server,
            "step `two`: its",
        ),
    ] {
        let configuration = configuration(forms);
        for target in [Target::Web, Target::Android, Target::Ios] {
            let told =
                generate(target, &configuration, journey, client, server).map(|files| files.len());
            let told = told.expect_err(expected).to_string();
            assert!(told.starts_with(expected), "{told}");
        }
    }
    assert!(generate(Target::Web, &configuration(fine), "two-forms", "acme-web", server).is_ok());
}
