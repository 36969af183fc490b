//! Why no project was generated or checked.

use std::io;
use std::path::PathBuf;

/// Why no project was generated or checked.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The server is no URL that fits into every file.
    #[error("server `{0}`: must be a URL like https://recovery.example, without a query")]
    Server(String),
    /// No application has the client.
    #[error("client `{0}`: no application has this client")]
    UnknownClient(String),
    /// The client is a backend.
    #[error(
        "client `{0}`: is confidential; an app holds no secret, so give a client with `redirect_uris`"
    )]
    ConfidentialClient(String),
    /// The client may not run the journey.
    #[error("journey `{journey}`: the client `{client}` may not run it; it may run {journeys}")]
    UnknownJourney {
        /// The client.
        client: String,
        /// What was asked for.
        journey: String,
        /// What the client may run.
        journeys: String,
    },
    /// A form is called like an action of the Web SDK.
    #[error(
        "step `{step}`: its `form_id` begins with `action:`, as the Web SDK's own steps; rename it"
    )]
    ReservedForm {
        /// The step.
        step: String,
    },
    /// Two forms that a page cannot tell apart.
    #[error(
        "steps `{}` and `{}`: their forms have the id `{form_id}` but other fields, and a page cannot \
         tell them apart; give each a `form_id` of its own", steps[0], steps[1]
    )]
    TwoForms {
        /// The steps.
        steps: [String; 2],
        /// The id.
        form_id: String,
    },
    /// The folder is not empty.
    #[error("--out `{0}`: is not empty; give another folder, or --force to overwrite its files")]
    NotEmpty(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The record of a project cannot be read or written.
    #[error("postern.json: {0}; generate the project anew")]
    Record(serde_json::Error),
    /// A template cannot be filled in.
    #[error("a template cannot be filled in: {0}")]
    Template(#[from] askama::Error),
}
