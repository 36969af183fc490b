//! The start: a mistake in the configuration is reported at once, by name, and with exit code 64.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::Tested;
use crate::harness::Postern;
use crate::harness::postern::{Addresses, config, copy_of_config, utf8};
use crate::harness::process::{run, run_with};
use crate::harness::redis::Redis;

#[test]
fn a_valid_folder_passes_the_check() -> Tested {
    let config = config();
    let (status, printed) = run(&["check", config.to_str().expect("a path in UTF-8")])?;
    assert_eq!(status.code(), Some(0), "{printed}");
    Ok(())
}

#[test]
fn an_invalid_folder_fails_the_check_with_all_its_mistakes() -> Tested {
    let folder = copy_of_config()?;
    let journey = "id: broken\nstart: nowhere\nsteps:\n  done: { type: complete }\n";
    fs::write(folder.path().join("journeys/broken.yaml"), journey)?;
    let application = "id: other\nname: Other\ntemp_code: { length: 5 }\n";
    fs::write(folder.path().join("applications/other.yaml"), application)?;
    let folder = folder.path().to_str().expect("a path in UTF-8");
    for arguments in [&["check", folder] as &[_], &["--config", folder]] {
        let (status, printed) = run(arguments)?;
        assert_eq!(status.code(), Some(64), "{printed}");
        for told in ["broken.yaml", "nowhere", "other.yaml", "length must be from 6 to 12"] {
            assert!(printed.contains(told), "{told} is missing in {printed}");
        }
    }
    Ok(())
}

#[test]
fn a_named_pipe_in_the_folder_fails_the_check_by_its_name() -> Tested {
    for name in ["applications/acme.yaml", "applications/acme-plain-verifier.secret"] {
        let folder = copy_of_config()?;
        let file = folder.path().join(name);
        fs::remove_file(&file)?;
        assert!(Command::new("mkfifo").arg(&file).status()?.success());
        let (status, printed) = run(&["check", utf8(folder.path())?])?;
        assert_eq!(status.code(), Some(64), "{printed}");
        let told = format!("{name}: is a named pipe: must be a regular file");
        assert!(printed.contains(&told), "{told} is missing in {printed}");
    }
    Ok(())
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() -> Tested {
    let folder = copy_of_config()?;
    let file = folder.path().join("applications/acme-plain-verifier.secret");
    for (mode, is_warned_of) in [(0o644, true), (0o440, false), (0o600, false)] {
        fs::set_permissions(&file, Permissions::from_mode(mode))?;
        let (status, printed) = run(&["check", utf8(folder.path())?])?;
        assert_eq!(status.code(), Some(0), "{printed}");
        let warning = format!("warning: {}: other users can read this secret", file.display());
        assert_eq!(printed.contains(&warning), is_warned_of, "{mode:o}: {printed}");
    }
    fs::set_permissions(&file, Permissions::from_mode(0o644))?;
    let postern = Postern::serving(folder.path())?;
    assert!(postern.printed().contains("other users can read this secret"));
    Ok(())
}

#[test]
fn a_variable_that_is_no_setting_is_a_mistake() -> Tested {
    let variables =
        [("POSTERN_STROE", "hunter2".to_owned()), ("POSTERN_SERVICE_HOST", "10.0.0.1".to_owned())];
    let (status, printed) = run_with(&[], &variables)?;
    assert_eq!(status.code(), Some(64), "{printed}");
    assert!(
        printed.contains("POSTERN_STROE: is no setting: did you mean POSTERN_STORE?"),
        "{printed}"
    );
    assert!(!printed.contains("POSTERN_SERVICE_HOST") && !printed.contains("hunter2"), "{printed}");
    Ok(())
}

#[test]
fn a_folder_that_does_not_exist_fails_the_check() -> Tested {
    let (status, printed) = run(&["check", "/does/not/exist"])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    assert!(printed.contains("/does/not/exist"), "{printed}");
    Ok(())
}

#[test]
fn a_taken_port_is_named() -> Tested {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let flags = Addresses { runner: address, ..Addresses::free()? }.flags();
    let (status, printed) = run(&flags.iter().map(String::as_str).collect::<Vec<_>>())?;
    assert!(!status.success());
    assert!(printed.contains(&address.to_string()) && printed.contains("is taken"), "{printed}");
    Ok(())
}

#[test]
fn the_demo_secrets_are_refused_on_an_address_that_others_can_reach() -> Tested {
    let any = "0.0.0.0:0".parse()?;
    let free = Addresses::free()?;
    for at in [
        Addresses { http: any, ..free },
        Addresses { issuer: any, ..free },
        Addresses { verifier: any, ..free },
        Addresses { runner: any, ..free },
    ] {
        let flags = at.flags();
        let (status, printed) = run(&flags.iter().map(String::as_str).collect::<Vec<_>>())?;
        assert_eq!(status.code(), Some(64), "{printed}");
        assert!(printed.contains("0.0.0.0") && printed.contains("demo"), "{printed}");
    }
    Ok(())
}

#[tokio::test]
async fn the_settings_in_effect_are_logged_without_their_secrets() -> Tested {
    let redis = Redis::start()?;
    let url = redis.url().replace("redis://", "redis://default:nobodys-password@");
    let postern = Postern::with(&["--store", &url, "--starts-per-minute=77"])?;
    let printed = postern.printed();
    let line = printed.lines().find(|line| line.contains("starting")).expect("such a line");
    for told in
        ["--starts-per-minute=77 ", "--log=trace (environment)", "--drain-delay=0s (default)"]
    {
        assert!(line.contains(told), "{told} is missing in {line}");
    }
    assert!(line.contains("redis://[redacted]@127.0.0.1"), "{line}");
    assert!(!printed.contains("nobodys-password"));
    Ok(())
}

#[test]
fn an_unknown_flag_is_a_mistake_in_the_configuration() -> Tested {
    let (status, printed) = run(&["--fly"])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    assert!(printed.contains("--fly"), "{printed}");
    Ok(())
}
