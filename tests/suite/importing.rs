//! `postern import mosaic`: the journeys that it writes are served, and lead to tokens.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json as object};

use crate::Tested;
use crate::harness::pb::journey::journey_state::State;
use crate::harness::pb::journey::{JourneyState, SubmitInputRequest};
use crate::harness::postern::{copy_of_config, utf8};
use crate::harness::process::run;
use crate::harness::values::json;
use crate::harness::*;
use crate::journeys::{answer, input_required, start};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../libs/import/examples")
}

fn import(out: &Path, files: &[&Path]) -> anyhow::Result<(Option<i32>, String)> {
    let mut arguments = vec!["import", "mosaic", "--out", utf8(out)?];
    for file in files {
        arguments.push(utf8(file)?);
    }
    let (status, printed) = run(&arguments)?;
    Ok((status.code(), printed))
}

#[tokio::test]
async fn imported_journeys_are_served_and_lead_to_tokens() -> Tested {
    let folder = copy_of_config()?;
    let journeys = folder.path().join("journeys");
    fs::remove_file(journeys.join("temp-code-authentication.yaml"))?;
    let exports = ["one-call.json", "form-in-a-loop.json"].map(|name| examples().join(name));
    let [one_call, in_a_loop] = &exports;
    let (code, printed) = import(&journeys, &[one_call, in_a_loop])?;
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("recover-with-a-code.yaml") && printed.contains("note: "),
        "{printed}"
    );
    let (status, checked) = run(&["check", utf8(folder.path())?])?;
    assert_eq!(status.code(), Some(0), "{checked}");
    let (code, printed) = import(&journeys, &[one_call])?;
    assert_eq!(code, Some(65), "an existing file is kept: {printed}");

    let postern = Postern::serving(folder.path())?;
    let mut runner = postern.runner("acme-backend").await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let params = object!({"external_user_id": user, "temp_code": code});
    let request = start("temp-code-authentication", params);
    completed(runner.start_journey(request).await?.into_inner().state);

    let code = postern.issue(&user).await?;
    let request = start("recover-with-a-code", object!({}));
    let first = input_required(runner.start_journey(request).await?.into_inner().state);
    assert_eq!(json(first.data.clone())["app_data"], object!({"hint": "Hello "}));
    let wrong = object!({"user": user, "code": another(&code)});
    let again = runner.submit_input(answer(&first, wrong)).await?.into_inner().state;
    let again = input_required(again);
    assert_eq!(json(again.data.clone())["app_data"], object!({"hint": format!("Hello {user}")}));
    let right = object!({"user": user, "code": code});
    let end = runner.submit_input(answer(&again, right)).await?.into_inner().state;
    assert_eq!(completed(end), object!({"welcome": format!("Back again, {user}")}));

    let request = start("recover-with-a-code", object!({}));
    let first = input_required(runner.start_journey(request).await?.into_inner().state);
    let cancel =
        SubmitInputRequest { option_id: "cancel".to_owned(), ..answer(&first, object!({})) };
    let end = runner.submit_input(cancel).await?.into_inner().state;
    assert!(matches!(end.and_then(|it| it.state), Some(State::Rejected(_))));
    Ok(())
}

#[test]
fn an_export_that_cannot_be_imported_writes_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let text = fs::read_to_string(examples().join("form-in-a-loop.json"))?;
    let export = folder.path().join("export.json");
    fs::write(&export, text.replace("\"information\"", "\"email\""))?;
    let out = folder.path().join("journeys");
    let (code, printed) = import(&out, &[&export])?;
    assert_eq!(code, Some(65), "{printed}");
    assert!(printed.contains("node \"35624bad-7988-469b-9304-6a84194aba4c\" (email)"), "{printed}");
    assert!(!out.exists());
    Ok(())
}

/// The data of a journey that ended with a token.
fn completed(state: Option<JourneyState>) -> Value {
    match state.and_then(|state| state.state) {
        Some(State::Completed(completed)) => {
            assert!(!completed.token.is_empty());
            json(completed.data)
        }
        other => panic!("not completed: {other:?}"),
    }
}
