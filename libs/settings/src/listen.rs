//! The addresses of listeners, each a group with one flag for services to flatten into their own.

use std::net::{Ipv4Addr, SocketAddr};

use crate::mistakes::Mistakes;

/// Where to listen, and the flag that sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The flag, for messages.
    pub flag: &'static str,
    /// The address; port 0 is any free port.
    pub address: SocketAddr,
}

/// Checks the address of a listener; where none is given it is `default_port` on the loopback.
pub fn endpoint(
    flag: &'static str,
    env: &str,
    address: Option<&str>,
    default_port: u16,
    mistakes: &mut Mistakes,
) -> Option<Endpoint> {
    let address = match address {
        Some(address) => mistakes.check(
            &format!("{flag} ({env})"),
            address.parse().map_err(|_| "must be an address such as 127.0.0.1:8080"),
        )?,
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, default_port)),
    };
    Some(Endpoint { flag, address })
}

/// Defines a group with the address of one listener.
macro_rules! listen {
    ($name:ident, $field:ident, $flag:literal, $env:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, Default, clap::Args)]
        pub struct $name {
            #[doc = $doc]
            #[arg(long, env = $env, value_name = "ADDRESS")]
            $field: Option<String>,
        }

        impl $name {
            /// Checks the address; where none is given it is `default_port` on the loopback, so
            /// that nothing is reachable from outside without a setting.
            pub fn check(&self, default_port: u16, mistakes: &mut Mistakes) -> Option<Endpoint> {
                endpoint($flag, $env, self.$field.as_deref(), default_port, mistakes)
            }
        }
    };
}

listen!(GrpcListen, grpc_listen, "--grpc-listen", "POSTERN_GRPC_LISTEN", "Where gRPC is served");
listen!(HttpListen, http_listen, "--http-listen", "POSTERN_HTTP_LISTEN", "Where HTTP is served");
listen!(
    AdminListen,
    admin_listen,
    "--admin-listen",
    "POSTERN_ADMIN_LISTEN",
    "Where liveness, readiness and metrics are served"
);

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        grpc: GrpcListen,
    }

    fn check(flags: &[&str]) -> Result<Endpoint, Mistakes> {
        let args = Args::try_parse_from([&["service"], flags].concat()).expect("known flags");
        let mut mistakes = Mistakes::default();
        args.grpc.check(50051, &mut mistakes).ok_or(mistakes)
    }

    #[test]
    fn nothing_is_reachable_from_outside_by_default() {
        let endpoint = check(&[]).expect("a default");
        assert_eq!(endpoint.address.to_string(), "127.0.0.1:50051");
    }

    #[test]
    fn a_host_name_is_no_address() {
        let mistakes = check(&["--grpc-listen=localhost"]).expect_err("no address");
        let expected =
            "--grpc-listen (POSTERN_GRPC_LISTEN): must be an address such as 127.0.0.1:8080";
        assert_eq!(mistakes.0, [expected]);
    }
}
