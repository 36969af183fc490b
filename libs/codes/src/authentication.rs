//! What follows from an accepted code: that a user was authenticated, where, how and when.

use clock::Timestamp;

use crate::ids::{ApplicationId, ClientId, GrantId};
use crate::user::UserId;

/// A user who proved to be who they are, with a temporary access code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The application in which the user did so.
    pub application: ApplicationId,
    /// The client through which.
    pub client: ClientId,
    /// The user, from the record of the code and never from what was sent after it.
    pub user: UserId,
    /// What the accepted code granted.
    pub grant: GrantId,
    /// When.
    pub at: Timestamp,
}
