//! The bearer token by which the directory knows Postern.

use std::path::PathBuf;
use std::sync::Arc;

use grpc_client::bearer;
use settings::Mistakes;
use tls::files::{File, FromFiles};
use tonic::metadata::{Ascii, MetadataValue};

/// A bearer token in a file, which is read again when it changes.
#[derive(Clone)]
pub struct Token(Arc<FromFiles<MetadataValue<Ascii>>>);

impl Token {
    /// Reads the file, or notes what is wrong with it.
    pub fn open(setting: &'static str, path: PathBuf, mistakes: &mut Mistakes) -> Option<Self> {
        let file = File { setting, path, is_key: true };
        let opened = FromFiles::open(vec![file], |files, contents| {
            header(&contents[0]).map_err(|wrong| vec![files[0].says(wrong)])
        });
        mistakes.check_all(opened).map(|opened| Self(Arc::new(opened)))
    }

    /// The value of `authorization`.
    pub(crate) fn header(&self) -> MetadataValue<Ascii> {
        MetadataValue::clone(&self.0.current())
    }

    /// Follows the file for as long as it is polled.
    pub(crate) async fn look_after(self) {
        self.0.follow("a token", |_| {}).await;
    }
}

fn header(content: &[u8]) -> Result<MetadataValue<Ascii>, String> {
    let line = files::line(content).map_err(|error| error.to_string())?;
    bearer(line).map_err(|_| "must be a token in ASCII".to_owned())
}
