//! An enum of all rpcs. Decisions about rpcs are exhaustive matches on it, so a new rpc does not
//! compile until each of them is made.

/// Defines [`Rpc`] from the list that `build.rs` reads from the protos.
macro_rules! rpcs {
    ($($method:ident = $service:literal,)*) => {
        /// An rpc of Postern's own services, without health and reflection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rpc {
            $(
                #[doc = concat!("`", $service, "/", stringify!($method), "`.")]
                $method,
            )*
        }

        impl Rpc {
            /// All rpcs.
            pub const ALL: &[Self] = &[$(Self::$method),*];

            /// The rpc's path in HTTP/2, such as `/postern.code.v1.CodeIssuerService/IssueCode`.
            pub const fn path(self) -> &'static str {
                match self {
                    $(Self::$method => concat!("/", $service, "/", stringify!($method)),)*
                }
            }

            /// The full name of the rpc's service.
            pub const fn service(self) -> &'static str {
                match self {
                    $(Self::$method => $service,)*
                }
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/rpcs.rs"));

impl Rpc {
    /// The rpc at that path; `None` if Postern has none there.
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rpc| rpc.path() == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_rpc_and_back() {
        assert_eq!(Rpc::VerifyCode.path(), "/postern.code.v1.VerifierService/VerifyCode");
        assert_eq!(Rpc::VerifyCode.service(), "postern.code.v1.VerifierService");
        assert_eq!(Rpc::ALL.len(), 23);
        for rpc in Rpc::ALL {
            assert_eq!(Rpc::from_path(rpc.path()), Some(*rpc));
        }
        for path in
            ["", "/", "/grpc.health.v1.Health/Check", "postern.code.v1.VerifierService/VerifyCode"]
        {
            assert_eq!(Rpc::from_path(path), None, "{path:?}");
        }
    }
}
