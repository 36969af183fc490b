//! The demo's two applications, carried within the binary: what a newcomer meets first.

use config::Source;

use crate::people::People;

/// The demo's files, with the key of its identity provider.
pub(crate) fn source(people: &People) -> Source {
    Source::from_files([
        ("agents/people.yaml", include_str!("../desk/agents/people.yaml")),
        ("agents/people.jwks.json", &people.jwks()),
        ("applications/globex.yaml", include_str!("../desk/applications/globex.yaml")),
        ("users/globex.yaml", include_str!("../desk/users/globex.yaml")),
        ("applications/acme.yaml", include_str!("../demo/applications/acme.yaml")),
        ("journeys/account-recovery.yaml", include_str!("../demo/journeys/account-recovery.yaml")),
        (
            "journeys/temp-code-authentication.yaml",
            include_str!("../demo/journeys/temp-code-authentication.yaml"),
        ),
        ("journeys/temp-code-form.yaml", include_str!("../demo/journeys/temp-code-form.yaml")),
    ])
}

/// The same, for a command that starts no server.
pub(crate) fn shown() -> Source {
    source(&People::draw())
}
