//! Writes the requests of ghz. ghz cannot chain calls, so codes are issued before it verifies them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::calls::{Issued, try_issue};
use crate::generator::{Pace, Target};

/// How often failed calls are retried.
const TRIES: u32 = 10;

/// Issues codes and writes a file of requests for each ghz configuration that needs one. Each code
/// is in one file only, since it is valid once.
pub(crate) async fn seed(desk: &Target, count: usize, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, request) in [
        ("verify", right as fn(&Issued) -> Value),
        ("verify-wrong", wrong),
        ("journey", start),
        ("users", describe),
    ] {
        let issued = issued(desk, count).await?;
        let requests: Vec<_> = issued.iter().map(request).collect();
        fs::write(folder.join(format!("{name}.json")), serde_json::to_vec(&requests)?)?;
    }
    Ok(())
}

/// Issues that many codes and retries failed calls, which a large seed on a busy machine can have.
async fn issued(desk: &Target, count: usize) -> anyhow::Result<Vec<Issued>> {
    let mut issued = Vec::new();
    for _ in 0..TRIES {
        let (_, more) = try_issue(desk, count - issued.len(), Pace::Gentle).await?;
        issued.extend(more);
        if issued.len() == count {
            return Ok(issued);
        }
        sleep(Duration::from_secs(1)).await;
    }
    bail!("only {} of {count} codes were issued", issued.len())
}

/// Writes the metadata that authorises the caller.
pub(crate) fn header(token: &str, name: &str, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let header = json!({ "authorization": format!("Bearer {token}") });
    Ok(fs::write(folder.join(format!("{name}.json")), header.to_string())?)
}

fn user(issued: &Issued) -> Value {
    json!({ "type": "IDENTIFIER_TYPE_USER_ID", "value": issued.user })
}

fn right(issued: &Issued) -> Value {
    json!({ "user": user(issued), "code": issued.code })
}

fn wrong(issued: &Issued) -> Value {
    json!({ "user": user(issued), "code": issued.wrong() })
}

fn describe(issued: &Issued) -> Value {
    json!({ "user": user(issued) })
}

fn start(issued: &Issued) -> Value {
    let params = json!({ "external_user_id": issued.user, "temp_code": issued.code });
    json!({ "journey_id": "temp-code-authentication", "params": params })
}
