//! The settings of the audit trail: where it is written, and what is done where it cannot be.

use std::path::PathBuf;

use settings::Mistakes;

use crate::output::RotatedFile;

/// Settings of the audit trail.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct AuditArgs {
    /// Where audit events are written: `log`, `stdout`, or a file, which is rotated by renaming it
    #[arg(
        long = "audit-log",
        env = "POSTERN_AUDIT_LOG",
        value_name = "log|stdout|FILE",
        default_value = "log"
    )]
    place: String,
    /// Whether an audit event must be on the disk, and not only written, before its operation is
    /// answered: on or off; for a file
    #[arg(
        long = "audit-sync",
        env = "POSTERN_AUDIT_SYNC",
        value_name = "on|off",
        default_value = "off"
    )]
    sync: String,
    /// What is done with an operation whose audit event is not written within 250 ms: `refuse` it, or
    /// `continue` and count the event as lost
    #[arg(
        long = "audit-failures",
        env = "POSTERN_AUDIT_FAILURES",
        value_name = "refuse|continue",
        default_value = "refuse"
    )]
    failures: String,
}

/// How the audit trail is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLog {
    /// Where.
    pub place: AuditPlace,
    /// Whether each event must be on the disk before its operation is answered.
    pub is_synced: bool,
    /// Whether operations go on without their events.
    pub goes_on: bool,
}

/// Where the audit trail is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditPlace {
    /// Among the lines of the log.
    Log,
    /// To standard output.
    Stdout,
    /// To a file of its own.
    File(PathBuf),
}

impl AuditArgs {
    /// Checks the settings; opens the file, if there is one, to see that it can be written.
    pub(super) fn check(&self, mistakes: &mut Mistakes) -> Option<AuditLog> {
        let place = match self.place.as_str() {
            "" => Err("must be log, stdout or a file".to_owned()),
            "log" => Ok(AuditPlace::Log),
            "stdout" => Ok(AuditPlace::Stdout),
            file => {
                let path = PathBuf::from(file);
                let checked = RotatedFile::check(&path);
                checked.map(|()| AuditPlace::File(path)).map_err(|error| format!("{file}: {error}"))
            }
        };
        let place = mistakes.check("--audit-log (POSTERN_AUDIT_LOG)", place);
        let is_file = !matches!(place, Some(AuditPlace::Log | AuditPlace::Stdout));
        let is_synced = match self.sync.as_str() {
            "off" => Ok(false),
            "on" if is_file => Ok(true),
            "on" => Err("needs a file: name one by --audit-log"),
            _ => Err("must be on or off"),
        };
        let is_synced = mistakes.check("--audit-sync (POSTERN_AUDIT_SYNC)", is_synced);
        let goes_on = match self.failures.as_str() {
            "refuse" => Ok(false),
            "continue" => Ok(true),
            _ => Err("must be refuse or continue"),
        };
        let goes_on = mistakes.check("--audit-failures (POSTERN_AUDIT_FAILURES)", goes_on);
        Some(AuditLog { place: place?, is_synced: is_synced?, goes_on: goes_on? })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        audit: AuditArgs,
    }

    fn check(flags: &[&str]) -> Result<AuditLog, Mistakes> {
        let args = Args::try_parse_from([&["service"], flags].concat()).expect("known flags");
        let mut mistakes = Mistakes::default();
        args.audit.check(&mut mistakes).ok_or(mistakes)
    }

    #[test]
    fn without_its_events_nothing_is_answered_unless_somebody_says_so() {
        let default = AuditLog { place: AuditPlace::Log, is_synced: false, goes_on: false };
        assert_eq!(check(&[]), Ok(default.clone()));
        let goes_on = AuditLog { goes_on: true, place: AuditPlace::Stdout, ..default };
        assert_eq!(check(&["--audit-log=stdout", "--audit-failures=continue"]), Ok(goes_on));
    }

    #[test]
    fn a_file_must_be_writable_at_the_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("audit.log").display().to_string();
        let audit = check(&["--audit-log", &file, "--audit-sync=on"]).expect("a file");
        assert_eq!((audit.place, audit.is_synced), (AuditPlace::File(file.into()), true));
        let mistakes = check(&["--audit-log=/does/not/exist"]).expect_err("no folder");
        assert!(mistakes.0[0].starts_with("--audit-log (POSTERN_AUDIT_LOG): /does"), "{mistakes}");
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let wrong = ["--audit-log=", "--audit-sync=maybe", "--audit-failures=ignore"];
        assert_eq!(check(&wrong).expect_err("wrong").0.len(), 3);
        let mistakes = check(&["--audit-sync=on"]).expect_err("the log is no file");
        assert!(mistakes.0[0].contains("--audit-log"), "{mistakes}");
    }
}
