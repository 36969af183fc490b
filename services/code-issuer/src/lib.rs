//! code-issuer
