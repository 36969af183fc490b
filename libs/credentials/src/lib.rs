//! What a user presents: an identifier and a code, each in one canonical form.
//!
//! | to learn | read |
//! | --- | --- |
//! | the kinds of identifiers, and how one is normalised | [`user`] |
//! | what a code looks like, and how one is drawn | [`shape`], [`code`] |
//! | how a typed code is normalised | [`guess`] |
//! | which characters count as blank, dash or digit | `characters` |
//!
//! ```
//! use credentials::guess::Guess;
//! use credentials::shape::{Alphabet, Shape};
//! use credentials::user::{Identifier, IdentifierType};
//!
//! let typed = Identifier::parse(IdentifierType::Email, " Ada@Example.COM ")?;
//! assert_eq!(typed, Identifier::parse(IdentifierType::Email, "ada@example.com")?);
//!
//! let shape = Shape::new(6, Alphabet::Digits).expect("codes have 6 to 12 characters");
//! assert_eq!(Guess::parse(shape, "Code: 123-456")?.expose(), "123456");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod characters;
pub mod code;
pub mod guess;
pub mod shape;
pub mod user;
