//! `postern draw`: a journey as a picture, a flowchart or a table.

use crate::Tested;
use crate::harness::postern::{demo_config, utf8};
use crate::harness::process::run;

#[test]
fn a_journey_of_the_folder_is_drawn_in_each_format() -> Tested {
    let folder = demo_config();
    let draw = ["draw", "account-recovery", "--config", utf8(&folder)?, "--format"];
    for (format, first, holds) in [
        ("svg", "<svg xmlns=", "leads by success to done, by failure to redeem"),
        ("mermaid", "---\ntitle: Journey account-recovery\n---\nflowchart TD\n", "|\"success\"|"),
        ("table", "| step | type |", "| pair | pair\\_with\\_support |"),
    ] {
        let (status, printed) = run(&[&draw[..], &[format]].concat())?;
        assert_eq!(status.code(), Some(0), "{printed}");
        assert!(printed.starts_with(first) && printed.contains(holds), "{printed}");
        let (_, again) = run(&[&draw[..], &[format]].concat())?;
        assert_eq!(printed, again, "{format}: the same bytes");
    }
    Ok(())
}

#[test]
fn an_unknown_journey_is_refused_with_the_known_ones() -> Tested {
    let (status, printed) = run(&["draw", "no-such"])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    let known = "account-recovery, temp-code-authentication, temp-code-form";
    assert_eq!(printed, format!("error: journey `no-such`: unknown; there are {known}\n"));
    Ok(())
}
