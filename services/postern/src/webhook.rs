//! `postern webhook keygen FILE` and `postern webhook verify FILE`: keys of notices, and their signatures.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clock::{Clock as _, SystemClock};
use codes::randomness;
use notices::signature::{Headers, PublicKey, SigningKey};
use secrecy::ExposeSecret as _;

/// What to do about webhooks.
#[derive(clap::Subcommand)]
pub(crate) enum Webhook {
    /// Writes a new signing key to a file that does not exist, and prints its public key for the receiver
    Keygen {
        /// The file, for `desk: notify: key_files`
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Verifies a received notice: exits 0 if it is signed by the key and not older than five minutes
    Verify {
        /// The request as it was received: lines of headers, an empty line, the body
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The public key, which begins with whpk_
        #[arg(long, value_name = "KEY")]
        key: String,
    },
}

impl Webhook {
    /// Does it and says what came out, or what is wrong.
    pub(crate) fn run(self) -> ExitCode {
        let told = match &self {
            Self::Keygen { file } => keygen(file).map_err(|error| (file, error)),
            Self::Verify { file, key } => verify(file, key).map_err(|error| (file, error)),
        };
        // The reader has closed the output.
        let _ = match &told {
            Ok(told) => writeln!(io::stdout(), "{told}"),
            Err((file, error)) => writeln!(io::stderr(), "error: {}: {error}", file.display()),
        };
        if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn keygen(file: &Path) -> Result<String, String> {
    let (key, text) = SigningKey::generate(&randomness::system());
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut made = made.map_err(|error| error.to_string())?;
    writeln!(made, "{}", text.expose_secret()).map_err(|error| error.to_string())?;
    Ok(key.public().to_string())
}

fn verify(file: &Path, key: &str) -> Result<String, String> {
    let key = PublicKey::parse(key).map_err(|error| format!("--key: {error}"))?;
    let request = fs::read(file).map_err(|error| error.to_string())?;
    let (headers, body) = parse(&request)?;
    headers.verify(body, &key, SystemClock.now()).map_err(|error| error.to_string())?;
    Ok(format!("{} is signed by this key", headers.id))
}

/// Splits a request into the headers of webhooks and the body.
fn parse(request: &[u8]) -> Result<(Headers, &[u8]), String> {
    let ends = [&b"\r\n\r\n"[..], b"\n\n"].into_iter().filter_map(|end| {
        let at = request.windows(end.len()).position(|window| window == end)?;
        Some((at, at + end.len()))
    });
    let (head, body) = ends.min().ok_or("has no empty line between headers and body")?;
    let head = String::from_utf8_lossy(&request[..head]);
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(found, _)| found.trim().eq_ignore_ascii_case(name));
        let value = found.map(|(_, value)| value.trim().to_owned());
        value.ok_or_else(|| format!("has no header {name}"))
    };
    let headers = Headers {
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?,
        signature: header("webhook-signature")?,
    };
    Ok((headers, &request[body..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_any_line_ends_and_its_body_as_it_is() {
        let lines = [
            "POST / HTTP/1.1",
            "Webhook-Id: msg_1",
            "webhook-timestamp:7",
            "WEBHOOK-SIGNATURE: v1a,x y",
        ];
        for (end, body) in [("\n", "{}\n\n"), ("\r\n", "a\r\n\r\nb"), ("\r\n", "\n\n")] {
            let request = format!("{}{end}{end}{body}", lines.join(end));
            let (headers, read) = parse(request.as_bytes()).expect("a request");
            assert_eq!(read, body.as_bytes());
            assert_eq!((&*headers.id, &*headers.timestamp), ("msg_1", "7"));
            assert_eq!(headers.signature, "v1a,x y");
        }
        let told = parse(b"webhook-id: x\n\n{}").expect_err("too short");
        assert_eq!(told, "has no header webhook-timestamp");
        assert!(parse(b"{}").is_err());
    }

    #[test]
    fn a_key_is_written_once_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("postern-keygen-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("notify.key");
        let public = keygen(&file).expect("a new file");
        let text = fs::read_to_string(&file).expect("a key");
        let key = SigningKey::parse(text.trim()).expect("a key");
        assert_eq!(key.public().to_string(), public);
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(keygen(&file).is_err());
        assert_eq!(fs::read_to_string(&file).expect("a key"), text);
        fs::remove_dir_all(folder).expect("it is ours");
    }
}
