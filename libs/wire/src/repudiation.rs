//! `DeskService`, repudiations: requests in, replies out.

use codes::audit::Context;
use codes::ids::CodeId;
use codes::record::Repudiated;
use codes::user::Identifier;

use crate::desk::v1 as pb;
use crate::error::Fault;
use crate::time::to_wire;
use crate::violations::{FieldViolation, Violations};

/// Reads which code to repudiate, and why.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_repudiate(request: pb::RepudiateRequest) -> Result<(CodeId, Context), Fault> {
    let mut violations = Violations::default();
    let code_id = violations.check("code_id", CodeId::parse(&request.code_id));
    let reason = violations.text("reason", request.reason, Violations::LONG_TEXT);
    let (Ok(code_id), Ok(reason)) = (code_id, reason) else { return Err(violations.into()) };
    Ok((code_id, Context { reason, ..Context::default() }))
}

/// Writes what a repudiation did.
///
/// # Errors
/// [`Fault::InvalidArgument`] if the code is not the application's.
pub fn from_repudiated(repudiated: Option<&Repudiated>) -> Result<pb::RepudiateResponse, Fault> {
    let Some(&Repudiated { blocked_until, replayed, .. }) = repudiated else {
        let rule = "must be the id of a code of this application";
        return Err(Fault::InvalidArgument(vec![FieldViolation::new("code_id", rule)]));
    };
    Ok(pb::RepudiateResponse { blocked_until: blocked_until.map(to_wire), repeated: replayed })
}

/// Reads whose block to lift, and why.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_lift(request: pb::LiftRepudiationRequest) -> Result<(Identifier, Context), Fault> {
    let mut violations = Violations::default();
    let user = violations.user("user", request.user.as_ref());
    let reason = violations.text("reason", request.reason, Violations::LONG_TEXT);
    let (Ok(user), Ok(reason)) = (user, reason) else { return Err(violations.into()) };
    Ok((user, Context { reason, ..Context::default() }))
}

/// Writes whether there was a block.
///
/// # Errors
/// [`Fault::UserNotFound`] if the directory does not know the user.
pub fn from_lifted(lifted: Option<bool>) -> Result<pb::LiftRepudiationResponse, Fault> {
    let lifted = lifted.ok_or(Fault::UserNotFound)?;
    Ok(pb::LiftRepudiationResponse { lifted })
}
