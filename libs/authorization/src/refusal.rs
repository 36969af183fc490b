//! Why an authorization request is refused, and who is told.

/// Why an authorization request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The user is told on a page. There is no redirect: the address is not known to be the client's.
    Page(PageRefusal),
    /// The client is told by a redirect.
    Redirect {
        /// The registered redirect URI.
        redirect_uri: String,
        /// The client's `state`.
        state: Option<String>,
        /// What the client did wrong.
        error: RequestError,
    },
}

/// What is wrong with a request that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageRefusal {
    /// `client_id` names no client with `openid: true`.
    #[error("client_id names no client with `openid: true`")]
    UnknownClient,
    /// The client has not registered this redirect URI.
    #[error("redirect_uri is not one of the client's redirect_uris, character by character")]
    UnknownRedirectUri,
}

/// An error of RFC 6749, section 4.1.2.1, or of `OpenID` Connect Core, section 3.1.2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// The error's name.
    pub code: ErrorCode,
    /// What to do, for the client's developer.
    pub description: &'static str,
}

/// The name of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorCode {
    /// A parameter is missing, wrong or given twice.
    InvalidRequest,
    /// Another response type than `code`.
    UnsupportedResponseType,
    /// The scope lacks `openid`.
    InvalidScope,
    /// The `request` parameter is not supported.
    RequestNotSupported,
    /// The `request_uri` parameter is not supported.
    RequestUriNotSupported,
    /// The `registration` parameter is not supported.
    RegistrationNotSupported,
    /// The client asked for no interaction, but users are authenticated by interaction only.
    LoginRequired,
    /// The journey did not authenticate the user.
    AccessDenied,
    /// The request cannot be served, now or later.
    ServerError,
    /// Too many requests, or a dependency is unavailable.
    TemporarilyUnavailable,
}

impl ErrorCode {
    /// The error's name in the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::LoginRequired => "login_required",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

/// The journey ended without authenticating the user: a rejection, or an escape that leads to one.
pub const DENIED: RequestError =
    RequestError { code: ErrorCode::AccessDenied, description: "the user was not authenticated" };

/// The journey cannot be run as it is defined.
pub const BROKEN: RequestError = RequestError {
    code: ErrorCode::ServerError,
    description: "the sign-in could not go on: the provider's log says why",
};

/// A dependency is unavailable.
pub const UNAVAILABLE: RequestError = RequestError {
    code: ErrorCode::TemporarilyUnavailable,
    description: "the sign-in could not go on: try again later",
};

/// Too many requests from one place.
pub const SLOW_DOWN: RequestError = RequestError {
    code: ErrorCode::TemporarilyUnavailable,
    description: "too many requests: try again in a minute",
};
