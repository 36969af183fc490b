//! Bearer tokens as the metadata of a call (RFC 6750, section 2.1).

use tonic::metadata::errors::InvalidMetadataValue;
use tonic::metadata::{Ascii, MetadataValue};

/// The value of `authorization` with this token. Its `Debug` does not show the token.
///
/// # Errors
/// The token holds other characters than visible ASCII.
pub fn bearer(token: &str) -> Result<MetadataValue<Ascii>, InvalidMetadataValue> {
    let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse()?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_and_not_shown() {
        let value = bearer("abc").expect("ASCII");
        assert_eq!(value, "Bearer abc");
        assert!(value.is_sensitive() && !format!("{value:?}").contains("abc"));
        assert!(bearer("a\nb").is_err());
    }
}
