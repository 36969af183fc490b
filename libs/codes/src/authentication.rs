//! What an accepted code proves: which user was authenticated, in which application, through which
//! client, and when.

use clock::Timestamp;

use crate::ids::{ApplicationId, ClientId, GrantId};
use crate::user::UserId;

/// A user who was authenticated with a temporary access code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The application.
    pub application: ApplicationId,
    /// The client through which the code was redeemed.
    pub client: ClientId,
    /// The user: from the code's record, never from a later request.
    pub user: UserId,
    /// The grant of the accepted code.
    pub grant: GrantId,
    /// When the code was accepted.
    pub at: Timestamp,
}
