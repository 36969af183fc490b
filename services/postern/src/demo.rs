//! The demo application, carried within the binary: what a newcomer meets first.

use config::Source;

/// The demo's files.
pub(crate) fn source() -> Source {
    Source::from_files([
        ("applications/acme.yaml", include_str!("../demo/applications/acme.yaml")),
        ("journeys/account-recovery.yaml", include_str!("../demo/journeys/account-recovery.yaml")),
        (
            "journeys/temp-code-authentication.yaml",
            include_str!("../demo/journeys/temp-code-authentication.yaml"),
        ),
        ("journeys/temp-code-form.yaml", include_str!("../demo/journeys/temp-code-form.yaml")),
    ])
}
