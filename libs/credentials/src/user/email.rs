//! E-mail addresses: one mailbox, alone, as RFC 5321 writes it, in the characters of RFC 6531.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::fold::canonical_fold;

/// The canonical form: the local part case-folded, the domain in A-labels (RFC 5890), which are the
/// same for every way to write it. `None` if `text` is no address.
///
/// # Why the parts are not folded alike
/// Case folding makes `ss` of `ß`, and the domains of the two belong to different owners.
pub(super) fn parse(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    if !local.split('.').all(is_atom) {
        return None;
    }
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    Some(format!("{}@{}", canonical_fold(local), ascii.ok()?))
}

fn is_atom(text: &str) -> bool {
    const SPECIALS: &str = "!#$%&'*+-/=?^_`{|}~";
    // White space inside has an error of its own.
    let is_of_it = |c: char| {
        !c.is_ascii() || c.is_ascii_alphanumeric() || c.is_whitespace() || SPECIALS.contains(c)
    };
    !text.is_empty() && text.chars().all(is_of_it)
}
