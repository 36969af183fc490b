//! The rpcs that there are, by name: what a client made up is not repeated, in no log, metric or
//! trace.

use std::collections::HashSet;
use std::sync::Arc;

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The name of what is no rpc.
const OTHER: &str = "_OTHER";

/// The names of rpcs, such as `grpc.health.v1.Health/Check`.
#[derive(Clone, Debug, Default)]
pub(super) struct Methods(Arc<HashSet<Arc<str>>>);

impl Methods {
    /// All that the descriptors know.
    pub(super) fn parse(descriptors: &[u8]) -> Result<Self, prost::DecodeError> {
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

    /// The rpc that is called by that path.
    pub(super) fn find(&self, path: &str) -> Arc<str> {
        self.0.get(path.trim_start_matches('/')).map_or_else(|| OTHER.into(), Arc::clone)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use prost_types::{FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto};

    use super::*;

    /// Descriptors of a service `test.Svc` with these rpcs.
    pub(crate) fn descriptors(rpcs: &[&str]) -> Vec<u8> {
        let rpc = |name: &&str| MethodDescriptorProto {
            name: Some((*name).to_owned()),
            ..Default::default()
        };
        let service = ServiceDescriptorProto {
            name: Some("Svc".to_owned()),
            method: rpcs.iter().map(rpc).collect(),
            ..Default::default()
        };
        let file = FileDescriptorProto {
            package: Some("test".to_owned()),
            service: vec![service],
            ..Default::default()
        };
        FileDescriptorSet { file: vec![file] }.encode_to_vec()
    }

    #[test]
    fn what_the_descriptors_do_not_know_has_no_name() {
        let methods = Methods::parse(tonic_health::pb::FILE_DESCRIPTOR_SET).expect("descriptors");
        let name = "grpc.health.v1.Health/Check";
        assert_eq!(&*methods.find(&format!("/{name}")), name);
        for made_up in ["", "/", "/grpc.health.v1.Health/Steal", "/hunter2/Check"] {
            assert_eq!(&*methods.find(made_up), OTHER);
        }
    }
}
