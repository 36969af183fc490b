//! The names of all rpcs. A name that a client made up reaches no log, metric or trace.

use std::collections::HashSet;
use std::sync::Arc;

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The name for any path that is no rpc.
const OTHER: &str = "_OTHER";

/// The names of rpcs, such as `grpc.health.v1.Health/Check`.
#[derive(Clone, Debug, Default)]
pub struct Methods(Arc<HashSet<Arc<str>>>);

impl Methods {
    /// Reads the names from the descriptors.
    ///
    /// # Errors
    /// The descriptors cannot be decoded.
    pub fn parse(descriptors: &[u8]) -> Result<Self, prost::DecodeError> {
        let mut names = HashSet::new();
        for file in FileDescriptorSet::decode(descriptors)?.file {
            for service in &file.service {
                let names_of = service.method.iter().map(|method| {
                    format!("{}.{}/{}", file.package(), service.name(), method.name()).into()
                });
                names.extend(names_of);
            }
        }
        Ok(Self(Arc::new(names)))
    }

    /// The rpc of that path.
    pub fn find(&self, path: &str) -> Arc<str> {
        self.0.get(path.trim_start_matches('/')).map_or_else(|| OTHER.into(), Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::descriptors;

    #[test]
    fn what_the_descriptors_do_not_know_has_no_name() {
        let methods = Methods::parse(&descriptors(&["Check"])).expect("descriptors");
        let name = "test.Svc/Check";
        assert_eq!(&*methods.find(&format!("/{name}")), name);
        for made_up in ["", "/", "/test.Svc/Steal", "/hunter2/Check"] {
            assert_eq!(&*methods.find(made_up), OTHER);
        }
    }
}
