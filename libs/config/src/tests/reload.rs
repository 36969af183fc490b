//! A folder that changes while it serves.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use codes::directory::{DirectoryError, OpaqueDirectory};
use codes::ids::ApplicationId;
use codes::user::{Identifier, IdentifierType, UserId};
use desk::names::Tier;
use tempfile::TempDir;

use super::*;
use crate::{ClientKind, Live, Reload, Users};

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
    fs::write(path, text).expect("writes");
}

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (path, text) in files() {
        write(folder.path(), &path, &text);
    }
    folder
}

fn name(live: &Live) -> String {
    let id = ApplicationId::parse("acme").expect("valid");
    live.current().application(&id).expect("configured").name.clone()
}

#[test]
fn a_change_is_applied_and_a_mistake_leaves_what_serves() {
    let folder = folder();
    let live = Live::open(folder.path()).expect("valid");
    let before = live.current();
    assert_eq!(live.reload(), Reload::Unchanged);
    assert!(Arc::ptr_eq(&before, &live.current()));

    write(folder.path(), "applications/acme.yaml", &APPLICATION.replace("length: 8", "length: 80"));
    let Reload::Refused(problems) = live.reload() else { panic!("not refused") };
    assert_eq!(
        problems[0].to_string(),
        "applications/acme.yaml:14: temp_code: length must be from 6 to 12"
    );
    assert!(Arc::ptr_eq(&before, &live.current()));

    write(folder.path(), "applications/acme.yaml", &APPLICATION.replace("Acme\n", "Acme Inc\n"));
    assert_eq!(live.reload(), Reload::Applied);
    assert_eq!(name(&live), "Acme Inc");
    assert_eq!(live.reload(), Reload::Unchanged);
}

#[test]
fn a_guard_is_asked_at_the_start_and_at_each_change() {
    let guard = |configuration: &Configuration| {
        let named = configuration.applications().map(|application| application.name.clone());
        let problem =
            |reason| yaml::Problem { file: "applications".to_owned(), line: None, reason };
        named.filter(|name| name == "Evil").map(problem).collect()
    };
    let folder = folder();
    let source = || Source::Folder(folder.path().to_owned());
    let evil = APPLICATION.replace("Acme\n", "Evil\n");
    write(folder.path(), "applications/acme.yaml", &evil);
    assert_eq!(Live::guarded(source(), guard).err().expect("refused")[0].reason, "Evil");

    write(folder.path(), "applications/acme.yaml", APPLICATION);
    let live = Live::guarded(source(), guard).expect("valid");
    write(folder.path(), "applications/acme.yaml", &evil);
    assert!(matches!(live.reload(), Reload::Refused(problems) if problems[0].reason == "Evil"));
    assert_eq!(name(&live), "Acme");
    write(folder.path(), "applications/acme.yaml", &APPLICATION.replace("Acme\n", "Good\n"));
    assert_eq!((live.reload(), name(&live).as_str()), (Reload::Applied, "Good"));
}

#[test]
fn every_file_that_matters_is_a_change_and_no_other_is() {
    let folder = folder();
    let live = Live::open(folder.path()).expect("valid");
    for (path, text, expected) in [
        ("applications/acme-support.secret", "another-long-secret\n", Reload::Applied),
        ("users/acme.yaml", "users: [{ user_id: eve }]\n", Reload::Applied),
        ("journeys/recover.yml", &JOURNEY.replace("denied", "refused"), Reload::Applied),
        ("journeys/README.md", "changed", Reload::Unchanged),
        ("applications/..2026/acme.yaml", "changed", Reload::Unchanged),
        ("applications/.acme.yaml", "changed", Reload::Unchanged),
    ] {
        write(folder.path(), path, text);
        assert_eq!(live.reload(), expected, "{path}");
    }
    fs::remove_file(folder.path().join("users/acme.yaml")).expect("removes");
    assert!(matches!(live.reload(), Reload::Refused(_)));
}

#[test]
fn a_file_under_another_name_is_a_change() {
    let folder = folder();
    let live = Live::open(folder.path()).expect("valid");
    let [old, new] =
        ["journeys/recover.yml", "journeys/a.yml"].map(|name| folder.path().join(name));
    fs::rename(old, new).expect("renames");
    assert_eq!(live.reload(), Reload::Applied);
}

/// Kubernetes writes each version of a `ConfigMap` to a hidden folder and then swaps one link.
#[cfg(unix)]
#[test]
fn a_swapped_link_is_a_change() {
    use std::os::unix::fs::symlink;

    let folder = folder();
    let applications = folder.path().join("applications");
    for (version, name) in [("..1", "Acme\n"), ("..2", "Acme 2\n")] {
        let text = APPLICATION.replace("Acme\n", name);
        write(&applications, &format!("{version}/acme.yaml"), &text);
    }
    fs::remove_file(applications.join("acme.yaml")).expect("removes");
    symlink("..data/acme.yaml", applications.join("acme.yaml")).expect("links");
    symlink("..1", applications.join("..data")).expect("links");

    let live = Live::open(folder.path()).expect("valid");
    assert_eq!(name(&live), "Acme");
    symlink("..2", applications.join("..data_tmp")).expect("links");
    fs::rename(applications.join("..data_tmp"), applications.join("..data")).expect("swaps");
    assert_eq!(live.reload(), Reload::Applied);
    assert_eq!(name(&live), "Acme 2");
}

#[test]
fn files_at_hand_and_a_folder_say_the_same() {
    let folder = folder();
    let read = Configuration::load(folder.path()).expect("valid");
    let at_hand = Configuration::read(&Source::Files(files())).expect("valid");
    assert_eq!(read.fingerprint(), at_hand.fingerprint());
    let live = Live::from_source(Source::Files(files())).expect("valid");
    assert_eq!(live.reload(), Reload::Unchanged);
}

#[test]
fn a_secret_may_lie_outside_the_folder() {
    let (folder, outside) = (folder(), TempDir::new().expect("a folder"));
    write(outside.path(), "secret", "acme-support-secret");
    let path = outside.path().join("secret");
    for text in [path.display().to_string(), "../../nowhere".to_owned()] {
        let text = APPLICATION.replace("acme-support.secret", &text);
        write(folder.path(), "applications/acme.yaml", &text);
        let result = Configuration::load(folder.path());
        assert_eq!(result.is_ok(), !text.contains("nowhere"), "{:?}", result.err());
    }
}

#[test]
fn a_published_folder_needs_no_secret_and_lets_no_client_in() {
    let folder = folder();
    fs::remove_file(folder.path().join("applications/acme-support.secret")).expect("removes");
    assert!(Configuration::load(folder.path()).is_err());
    let published = Configuration::read(&Source::Published(folder.path().to_owned()));
    let published = published.expect("valid");
    let application = published.applications().next().expect("acme");
    let mut secrets = application.clients.values().filter_map(|client| match &client.kind {
        ClientKind::Confidential { secret, .. } => Some((client.id.as_str(), secret)),
        ClientKind::Public { .. } => None,
    });
    let (_, secret) = secrets.find(|(id, _)| *id == "acme-support").expect("a backend");
    for presented in ["acme-support-secret", ""] {
        assert!(!tokens::secret::verify(Some(secret), &presented.into()), "{presented}");
    }
}

#[test]
fn a_folder_that_does_not_exist_is_refused() {
    assert!(Live::open("no/such/folder").is_err());
}

#[tokio::test]
async fn a_remote_directory_stays_connected_across_reloads() {
    let folder = folder();
    let remote = APPLICATION.replace("{ directory: file, file: acme.yaml }", "{ directory: grpc }");
    write(folder.path(), "applications/acme.yaml", &remote);
    let live = Live::open(folder.path()).expect("valid");
    let ada = Identifier::parse(IdentifierType::Email, "ada@example.com").expect("valid");
    let found = async || {
        let configuration = live.current();
        let acme = configuration.applications().next().expect("configured");
        assert!(matches!(acme.users, Users::Remote));
        let user = acme.directory.resolve(&acme.id, &ada).await?;
        let user = user.expect("the opaque directory knows everybody");
        Ok::<_, DirectoryError>((acme.tiers.tier_of(&acme.id, &user).await?, user))
    };
    let error = found().await.expect_err("nothing is connected");
    assert!(error.to_string().contains("--directory"), "{error}");

    live.directory().connect(Arc::new(OpaqueDirectory));
    let before = found().await.expect("connected");
    assert_eq!(before, (Some(Tier::default()), UserId::from_identifier(&ada)));
    write(folder.path(), "applications/acme.yaml", &remote.replace("Acme\n", "Acme Inc\n"));
    assert_eq!(live.reload(), Reload::Applied);
    assert_eq!(found().await.expect("connected"), before);
}
