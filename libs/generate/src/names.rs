//! Identifiers of generated code, made from arbitrary texts.

use std::collections::BTreeSet;

/// Identifiers that are taken.
#[derive(Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// An identifier like `AccountForm` for `account-form`, to stand behind a prefix of letters: it may
    /// begin with a digit. A number is added to one that is taken.
    pub(crate) fn unique(&mut self, text: &str) -> String {
        let words =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let name: String = words.map(capitalised).collect();
        let name = if name.is_empty() { "Form".to_owned() } else { name };
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let free =
            std::iter::once(name.clone()).chain(numbered).find(|it| self.0.insert(it.clone()));
        free.unwrap_or(name)
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_has_an_identifier_of_its_own(texts in proptest::collection::vec(any::<String>(), 0..8)) {
            let mut names = Names::default();
            let made: Vec<_> = texts.iter().map(|text| names.unique(text)).collect();
            prop_assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
            for name in made {
                prop_assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", name);
            }
        }
    }

    #[test]
    fn words_are_joined_and_a_name_that_is_taken_is_numbered() {
        let mut names = Names::default();
        for (text, name) in [
            ("temp_code_form", "TempCodeForm"),
            ("temp-code-form", "TempCodeForm2"),
            ("TempCodeForm2", "TempCodeForm22"),
            ("<img src=x>", "ImgSrcX"),
            ("код", "Form"),
        ] {
            assert_eq!(names.unique(text), name);
        }
    }
}
