//! The kinds of nodes that have a counterpart.

use crate::export::{Link, Node};

/// What a node becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Authenticate,
    Form,
    Information,
    Condition,
    Variables,
    Loop,
    Data,
    Complete,
    Reject,
    IsAuthenticated,
    Journey,
    /// Becomes no step: its links lead on.
    Through,
    Unsupported,
}

impl Kind {
    /// The kind of that name.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "transmit_platform_temp_code_authentication" => Self::Authenticate,
            "form" | "get_information" | "login_form" => Self::Form,
            "information" => Self::Information,
            "condition" | "generic_condition" => Self::Condition,
            "set_variables" => Self::Variables,
            "loop" => Self::Loop,
            "json_data" => Self::Data,
            "auth_pass" | "accept" | "http_auth_pass" => Self::Complete,
            "reject" | "rejection" => Self::Reject,
            "transmit_platform_is_user_authenticated" => Self::IsAuthenticated,
            "fragment_start" | "fragment_compound" | "procedure" => Self::Journey,
            "block" | "configuration" => Self::Through,
            _ => Self::Unsupported,
        }
    }

    /// What the step's name is made of.
    pub(crate) const fn step(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Form => "form",
            Self::Information => "information",
            Self::Condition => "condition",
            Self::Variables => "set_variables",
            Self::Loop => "loop",
            Self::Data => "json_data",
            Self::Complete => "complete",
            Self::Reject => "reject",
            Self::IsAuthenticated => "is_authenticated",
            Self::Journey => "run",
            Self::Through => "block",
            Self::Unsupported => "unsupported",
        }
    }

    /// The links that a run may follow.
    pub(crate) fn links(self, node: &Node) -> impl Iterator<Item = &Link> {
        let ends = matches!(self, Self::Complete | Self::Reject | Self::Unsupported);
        node.links.iter().filter(move |_| !ends)
    }
}

/// What a node of an unsupported kind does, as far as its name is known.
pub(crate) fn purpose(kind: &str) -> &'static str {
    const PURPOSES: [(&str, &str); 21] = [
        ("password", "verifies or changes passwords"),
        ("webauthn", "uses passkeys"),
        ("totp", "uses authenticator apps"),
        ("otp", "sends one-time codes by mail or text message"),
        ("passcode", "sends one-time codes by mail or text message"),
        ("biometric", "uses biometrics of a device"),
        ("idv", "verifies documents"),
        ("face", "verifies faces"),
        ("ldap", "talks to a directory server"),
        ("ticket", "waits for another device or session"),
        ("email", "sends mail"),
        ("sms", "sends text messages"),
        ("cookie", "sets cookies"),
        ("token", "makes or checks tokens of its own"),
        ("web_service", "calls a web service"),
        ("function", "runs a function"),
        ("session", "keeps data of its own between sessions"),
        ("idp", "signs in with another identity provider"),
        ("device", "manages devices"),
        ("user", "manages users"),
        ("log", "writes an activity log"),
    ];
    let found = PURPOSES.iter().find(|(part, _)| kind.contains(part));
    found.map_or("does something else", |(_, purpose)| purpose)
}
