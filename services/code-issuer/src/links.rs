//! The links of notices, on which users say "this was not me".

use std::sync::Arc;

use clock::Timestamp;
use codes::ids::{ApplicationId, CodeId};
use notices::dispatcher::Links;
use tokens::link::LinkToken;
use tokens::mint::Minter;

/// Links to the recovery page.
pub struct PageLinks {
    minter: Minter,
    page: String,
}

impl PageLinks {
    /// Links to the page at that public URL, with tokens of this minter.
    pub fn to(page: String, minter: Minter) -> Arc<dyn Links> {
        Arc::new(Self { minter, page })
    }
}

impl Links for PageLinks {
    fn not_me(
        &self,
        application: &ApplicationId,
        code_id: &CodeId,
        written_at: Timestamp,
    ) -> Option<String> {
        let (application, code_id) = (application.clone(), code_id.clone());
        let token = LinkToken { application, code_id, told_of: written_at }.mint(&self.minter);
        match token {
            Ok(token) => Some(format!("{}/not-me?t={token}", self.page)),
            Err(error) => {
                tracing::error!(%error, "a notice has no link");
                None
            }
        }
    }
}
