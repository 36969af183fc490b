//! Tests of the administrators' pages.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use config::Source;

use crate::Console;
use crate::tests::fixture::{self, agent, console, get, page, post};

/// The most bytes of a page, and the longest time that it may take.
const LARGEST: usize = 60 * 1024;
const LONGEST: Duration = Duration::from_millis(50);

fn demo() -> Console {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../postern/demo");
    console(Some(Source::Published(folder)))
}

async fn play(console: &Console, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let cookie = agent(console, &["codes:read"]).await;
    post(console, &cookie, "/playground", fields).await
}

const PATHS: [&str; 10] = [
    "/applications",
    "/passcodes",
    "/journeys",
    "/journeys/account-recovery",
    "/journeys/temp-code-form",
    "/journeys/account-recovery/code",
    "/journeys/account-recovery/code?target=web&file=package-lock.json",
    "/journeys/account-recovery/code?target=ios&file=Sources/PosternIdo/TSIdoTypes.swift",
    "/playground",
    "/health",
];

#[tokio::test]
async fn pages_are_small_and_quick_and_load_nothing_from_other_hosts() {
    let console = demo();
    for path in PATHS {
        let (status, text, mut took) = get(&console, &["codes:read"], path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        // The services that do not answer cost the health page its time; a busy machine costs once.
        for _ in 0..5 {
            if took > LONGEST && path != "/health" {
                (_, _, took) = get(&console, &["codes:read"], path).await;
            }
        }
        assert!(took <= LONGEST || path == "/health", "{path}: {took:?}");
        assert!(text.len() <= LARGEST, "{path}: {} bytes", text.len());
        for attribute in ["src=\"", "href=\"", "action=\""] {
            for value in text.split(attribute).skip(1) {
                assert!(
                    value.starts_with(['/', '#']) && !value.starts_with("//"),
                    "{path}: {value:.60}"
                );
            }
        }
    }
}

#[tokio::test]
async fn pages_say_what_the_folder_says() {
    let console = demo();
    for (path, texts) in [
        ("/applications", &["acme-support", "codes:issue", "clientId: \"acme-web\""][..]),
        ("/passcodes", &["3 in 1000000", "failed_attempts"]),
        ("/journeys", &["href=\"/journeys/account-recovery\""]),
        ("/journeys/account-recovery", &["<svg", "leads by submit to pair", "new_number: pair"]),
        ("/health", &["code-issuer", "does not answer", "Fingerprint"]),
        (
            "/journeys/account-recovery/code",
            &["id=\"text\"", "src/journeyExecutor.ts", ">acme-web<"],
        ),
        ("/journeys/account-recovery/code?file=.env", &["VITE_CLIENT_ID=acme-web"]),
        ("/journeys/account-recovery/code?file=package-lock.json", &["It is in the download."]),
    ] {
        let (_, text, _) = get(&console, &["codes:read"], path).await;
        for expected in texts {
            assert!(text.contains(expected), "{path}: {expected}: {text}");
        }
    }
    let (status, text, _) = get(&console, &["codes:read"], "/journeys/no-such").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(!text.contains("no-such"), "{text}");
}

#[tokio::test]
async fn without_the_scope_or_a_folder_there_is_nothing_to_read() {
    let console = demo();
    for path in PATHS {
        let (status, ..) = get(&console, &["codes:issue"], path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        let request = Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(page(&console, request).await.0, StatusCode::FORBIDDEN, "{path}");
        let (status, text, _) = get(&fixture::console(None), &["codes:read"], path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(text.contains("--config"), "{text}");
    }
}

#[tokio::test]
async fn hostile_texts_of_the_folder_and_of_a_pasted_journey_stay_texts() {
    let hostile = "</textarea></svg><script>alert(1)</script>";
    let journey = format!(
        "{{id: evil, start: a, steps: {{a: {{type: information, title: '{hostile}', text: '{hostile}', \
         button_text: '{hostile}', on: {{next: b}}}}, b: {{type: complete}}}}}}"
    );
    let application = format!(
        "{{id: acme, name: '{hostile}', support_hint: '{hostile}', clients: [{{id: web, \
         redirect_uris: [https://acme.example], journeys: [evil]}}]}}"
    );
    let files = [("applications/a.yaml", application.as_str()), ("journeys/e.yaml", &journey)];
    let console = console(Some(Source::from_files(files)));
    let code = "/journeys/evil/code?server=https://a.example&file=";
    let [steps, screens] = ["src/steps.ts", "README.md"].map(|file| format!("{code}{file}"));
    for path in ["/applications", "/passcodes", "/journeys/evil", &steps, &screens] {
        let (status, text, _) = get(&console, &["codes:read"], path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!text.contains("<script>"), "{path}: {text}");
    }
    for yaml in [&journey, hostile] {
        let (_, text) = play(&console, &[("yaml", yaml), ("act", "start")]).await;
        assert!(!text.contains("<script>"), "{text}");
    }
}

#[tokio::test]
async fn a_journey_is_played_to_its_end_without_a_trace_of_the_code() {
    let console = demo();
    let (_, yaml, _) = get(&console, &["codes:read"], "/playground").await;
    assert!(yaml.contains("type: pair_with_support"), "{yaml}");
    let yaml = super::playground::EXAMPLE;
    let mut script = String::new();
    for (fields, expected) in [
        (&[("act", "start")][..], "The user sees the form account"),
        (&[("act", "submit"), ("field.external_user_id", "jane")], "paired for jane"),
        (&[("act", "paired")], "Code from support"),
        (&[("act", "submit"), ("field.temp_code", "987654")], "A code of jane is verified"),
        (&[("act", "wrong")], "The code was denied."),
        (&[("act", "back")], "A code of jane is verified"),
        (&[("act", "accepted")], "The journey completed."),
    ] {
        let state = [("yaml", yaml), ("script", script.as_str())];
        let (status, text) = play(&console, &[&state[..], fields].concat()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(!text.contains("987654") && text.len() <= LARGEST, "{text}");
        let found =
            text.split("name=\"script\" value=\"").nth(1).and_then(|it| it.split('"').next());
        script = found.expect("a script").replace("&#34;", "\"");
    }
}

#[tokio::test]
async fn a_journey_that_is_too_large_to_draw_has_its_table_alone() {
    let step = |at: usize| {
        let next = at + 1;
        format!(
            "  s{at}: {{type: information, title: a, text: b, button_text: c, on: {{next: s{next}}}}}\n"
        )
    };
    let steps: Vec<_> = (0..190).map(step).collect();
    let yaml =
        format!("id: long\nstart: s0\nsteps:\n{}  s190: {{type: complete}}\n", steps.concat());
    let (status, text) = play(&demo(), &[("yaml", &yaml), ("act", "start")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        text.contains("move steps into a sub_journey") && text.contains("next: s190"),
        "{text}"
    );
    assert!(!text.contains("<svg"), "{text}");
}

#[tokio::test]
async fn mistakes_are_told_by_line_and_a_wild_script_is_refused() {
    let console = demo();
    let yaml = super::playground::EXAMPLE.replace("type: complete", "type: complet");
    let (status, text) = play(&console, &[("yaml", &yaml), ("act", "start")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("unknown step type `complet`") && text.contains("<li>Line "), "{text}");
    for script in ["{", "{\"params\":{},\"inputs\":[{\"paired\":true}]}"] {
        let fields = [("yaml", super::playground::EXAMPLE), ("script", script), ("act", "submit")];
        let (status, text) = play(&console, &fields).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains("start again") || text.contains("The user sees"), "{text}");
    }
}

#[tokio::test]
async fn integration_code_is_downloaded_as_one_archive_and_refused_for_what_is_no_address() {
    let console = demo();
    let at = |path: &str, server: &str| {
        format!("/journeys/account-recovery/{path}?target=ios&client=acme-web&server={server}")
    };
    let (status, archive, _) =
        get(&console, &["codes:read"], &at("code.tar", "https://a.example")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(archive.starts_with("Package.swift\0") || archive.contains("\0Package.swift\0"));
    assert!(archive.contains("https://a.example"));
    for path in ["code", "code.tar"] {
        let (status, text, _) = get(&console, &["codes:read"], &at(path, "javascript:1")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(text.contains("must be a URL like https://recovery.example"), "{text}");
        let (status, ..) = get(&console, &["codes:issue"], &at(path, "https://a.example")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    let (status, ..) = get(&console, &["codes:read"], "/journeys/no-such/code.tar").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
