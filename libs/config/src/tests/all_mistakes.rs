//! All mistakes of a configuration together, and none that repeats what is secret.

use super::*;

#[test]
fn every_mistake_of_every_file_is_reported_at_once_and_in_order() {
    let application = APPLICATION
        .replacen("name: Acme", "nom: Acme", 1)
        .replacen("codes:issue", "codes:all", 1)
        .replacen("length: 8", "length: 80", 1)
        .replacen("lockout: 30m", "lockout: never", 1);
    let source = changed(&[
        ("applications/acme.yaml", &application),
        ("applications/other.yaml", "id: [\n"),
        ("journeys/recover.yml", "id: recover\nstart: nowhere\nsteps: {}\n"),
        ("users/acme.yaml", "users:\n  - { user_id: a, email: x }\n  - { username: \"\" }\n"),
    ]);
    let problems = problems(&source);
    let places: Vec<_> = problems
        .iter()
        .map(|problem| problem.splitn(3, ':').take(2).collect::<Vec<_>>().join(":"))
        .collect();
    let expected = [
        "applications/acme.yaml:1",
        "applications/acme.yaml:2",
        "applications/acme.yaml:6",
        "applications/acme.yaml:14",
        "applications/acme.yaml:18",
    ];
    assert_eq!(places[..5], expected, "{problems:#?}");
    for file in ["applications/other.yaml", "journeys/recover.yml", "users/acme.yaml"] {
        assert!(places.iter().any(|place| place.starts_with(file)), "{file}: {problems:#?}");
    }
    assert!(places.is_sorted_by_key(|place| place.split(':').next()), "{problems:#?}");
    // The journey is defined, if badly: no client is said to name an unknown one.
    assert!(!problems.iter().any(|problem| problem.contains("no journey file")), "{problems:#?}");
}

#[test]
fn a_file_that_holds_too_much_is_not_read() {
    for bomb in ["- x\n".repeat(1_000_000), "[".repeat(17) + &"]".repeat(17)] {
        let problems = problems(&changed(&[("applications/other.yaml", &bomb)]));
        let [problem] = &problems[..] else { panic!("{problems:#?}") };
        assert!(problem.starts_with("applications/other.yaml:"), "{problem}");
        assert!(!problem.contains("must be a map"), "{problem}");
    }
}

#[test]
fn a_configuration_without_an_application_is_refused() {
    let nothing = Source::from_files([("journeys/recover.yaml", JOURNEY)]);
    assert_eq!(
        problems(&nothing),
        ["applications: must hold an application: a file whose name ends in `.yaml`"]
    );
}

#[test]
fn no_problem_repeats_a_secret_or_an_identifier() {
    let source = changed(&[
        ("applications/acme-support.secret", "hunter2"),
        ("users/acme.yaml", "users:\n  - { user_id: \"email:hunter2\", email: hunter2 }\n"),
    ]);
    let problems = problems(&source);
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert!(!problems.join("\n").contains("hunter2"), "{problems:#?}");
}
