//! The paths of the console that links may lead to.

/// The path that begins a sign-in and leads back to a page. If `again`, the agent must authenticate anew.
pub(crate) fn sign_in(to: &str, again: bool) -> String {
    let again = if again { "&again=1" } else { "" };
    format!("/sign-in?to={}{again}", local(to))
}

/// A page of the console: a path of plain segments. Everything else leads to the first page, so that no
/// link can lead to another site after the sign-in.
pub(crate) fn local(path: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
    let is_local = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(is_plain);
    if is_local { path } else { "/" }
}

#[cfg(test)]
mod tests;
