//! The address of Redis and the credentials to use there.

use std::fmt;

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, TlsCertificates,
};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

/// Why a URL, or a certificate or key given with it, was refused.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The URL has no known form.
    #[error(
        "must be a URL: redis://host:port, redis+sentinel://host:port,host:port/primary's-name or \
         redis+cluster://host:port,host:port, with rediss for redis where TLS is spoken"
    )]
    Url,
    /// Certificates were given for a URL without TLS.
    #[error("certificates need TLS: let the URL begin with rediss")]
    NoTls,
    /// The authority, the certificate or its key is not PEM.
    #[error("the authority, the certificate or its key cannot be read as PEM")]
    Certificates,
}

/// The address of Redis. Its `Debug` output hides the password.
#[derive(Clone)]
pub struct Address {
    pub(crate) topology: Topology,
    /// The servers, or the sentinels that report the primary.
    pub(crate) nodes: Vec<ConnectionInfo>,
}

/// The topology of the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topology {
    Standalone,
    /// A primary and its replicas, monitored by sentinels under this name.
    Sentinel(String),
    Cluster,
}

/// A user name and its password.
#[derive(Clone, Default)]
pub struct Login {
    /// The user.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
}

/// Credentials and certificates. Its `Debug` output hides all of them.
#[derive(Clone, Default)]
pub struct Access {
    /// The user name on the servers.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// The login on the sentinels, which have users of their own.
    pub sentinel: Login,
    /// The CA certificates, in PEM, that verify the servers. Without them: the system's.
    pub authority: Option<Vec<u8>>,
    /// This client's certificate and key in PEM.
    pub identity: Option<(Vec<u8>, SecretSlice<u8>)>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes: Vec<_> = self.nodes.iter().map(|node| node.addr().to_string()).collect();
        f.debug_struct("Address").field("topology", &self.topology).field("nodes", &nodes).finish()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login([redacted])")
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access([redacted])")
    }
}

impl Address {
    /// Parses `redis[s]://`, `redis[s]+sentinel://` and `redis[s]+cluster://`.
    ///
    /// # Errors
    /// [`AddressError::Url`] for any other URL.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        // The client library reads options from the query and the fragment, for example one that
        // skips certificate verification. No setting may do that.
        if url.contains(['#', '?']) {
            return Err(AddressError::Url);
        }
        let (scheme, rest) = url.split_once("://").ok_or(AddressError::Url)?;
        let (plain, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        if !["redis", "rediss"].contains(&plain) {
            return Err(AddressError::Url);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (topology, database) = match kind {
            "" if !authority.contains(',') => (Topology::Standalone, path),
            "sentinel" if !path.is_empty() && !path.contains('/') => {
                (Topology::Sentinel(path.to_owned()), "")
            }
            "cluster" if path.is_empty() => (Topology::Cluster, ""),
            _ => return Err(AddressError::Url),
        };
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = if user.is_empty() { String::new() } else { format!("{user}@") };
        let node = |host: &str| {
            let url = format!("{plain}://{user}{host}/{database}");
            if host.is_empty() { Err(AddressError::Url) } else { connection_info(&url) }
        };
        let nodes = hosts.split(',').map(node).collect::<Result<_, _>>()?;
        Ok(Self { topology, nodes })
    }

    /// Whether sentinels report the primary.
    pub const fn has_sentinels(&self) -> bool {
        matches!(self.topology, Topology::Sentinel(_))
    }

    /// Whether the connection uses TLS.
    pub fn is_secure(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. }))
    }
}

fn connection_info(url: &str) -> Result<ConnectionInfo, AddressError> {
    let info = url.into_connection_info().map_err(|_| AddressError::Url)?;
    // Without it, a reply waits until the previous one is acknowledged.
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    let settings = info.redis_settings().clone().set_skip_set_lib_name();
    Ok(info.set_tcp_settings(tcp).set_redis_settings(settings))
}

impl Access {
    /// The certificates, if any are configured.
    pub(crate) fn certificates(&self) -> Option<TlsCertificates> {
        let identity = self.identity.as_ref().map(|(certificate, key)| ClientTlsConfig {
            client_cert: certificate.clone(),
            client_key: key.expose_secret().to_vec(),
        });
        (self.authority.is_some() || identity.is_some())
            .then(|| TlsCertificates { client_tls: identity, root_cert: self.authority.clone() })
    }

    /// Checks that the certificates can be used with this address.
    pub(crate) fn check(&self, address: &Address) -> Result<(), AddressError> {
        match (self.certificates(), address.is_secure()) {
            (Some(_), false) => Err(AddressError::NoTls),
            (None, _) => Ok(()),
            (Some(_), true) => {
                address.nodes.iter().try_for_each(|node| self.trusting(node.clone()).map(drop))
            }
        }
    }

    /// A client of a server, with the servers' login.
    pub(crate) fn to_server(&self, info: ConnectionInfo) -> Result<Client, AddressError> {
        let settings = info.redis_settings().clone();
        let settings = named(settings, self.username.as_deref(), self.password.as_ref());
        self.trusting(info.set_redis_settings(settings))
    }

    /// A client of a sentinel, with the sentinels' login if one is configured.
    pub(crate) fn to_sentinel(&self, info: ConnectionInfo) -> Result<Client, AddressError> {
        let anonymous = RedisConnectionInfo::default().set_skip_set_lib_name();
        let Login { username, password } = &self.sentinel;
        let settings = named(anonymous, username.as_deref(), password.as_ref());
        self.trusting(info.set_redis_settings(settings))
    }

    /// A client that uses the certificates.
    fn trusting(&self, info: ConnectionInfo) -> Result<Client, AddressError> {
        match self.certificates() {
            None => Client::open(info).map_err(|_| AddressError::Url),
            Some(certificates) => {
                let nodelay = info.tcp_settings().clone();
                let client = Client::build_with_tls(info, certificates);
                let client = client.map_err(|_| AddressError::Certificates)?;
                let info = client.get_connection_info().clone().set_tcp_settings(nodelay);
                Client::open(info).map_err(|_| AddressError::Certificates)
            }
        }
    }
}

fn named(
    mut settings: RedisConnectionInfo,
    username: Option<&str>,
    password: Option<&SecretString>,
) -> RedisConnectionInfo {
    if let Some(username) = username {
        settings = settings.set_username(username);
    }
    if let Some(password) = password {
        settings = settings.set_password(password.expose_secret());
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topology_has_its_url() {
        for (url, topology, nodes, secure) in [
            ("redis://127.0.0.1:6379", Topology::Standalone, 1, false),
            ("redis://user:pass@host:6379/3", Topology::Standalone, 1, false),
            ("rediss://host", Topology::Standalone, 1, true),
            ("redis+sentinel://a:1,b:2/main", Topology::Sentinel("main".to_owned()), 2, false),
            ("rediss+sentinel://a:1/main", Topology::Sentinel("main".to_owned()), 1, true),
            ("redis+cluster://a:1,b:2,c:3", Topology::Cluster, 3, false),
            ("rediss+cluster://a:1", Topology::Cluster, 1, true),
        ] {
            let address = Address::parse(url).expect(url);
            assert_eq!((&address.topology, address.nodes.len()), (&topology, nodes), "{url}");
            assert_eq!(address.is_secure(), secure, "{url}");
        }
    }

    #[test]
    fn an_unknown_form_of_url_is_refused() {
        for url in [
            "",
            "redis",
            "http://host",
            "redis://",
            "redis://a:1,b:2",
            "redis://host:port",
            "redis+sentinel://a:1",
            "redis+sentinel://a:1,/main",
            "redis+cluster://a:1/0",
            "redis+other://a:1",
            "unix:///redis.sock",
            "rediss://host#insecure",
            "redis://host?protocol=resp3",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let address = Address::parse("redis://user:hunter2@host:1").expect("a URL");
        let login = Login { username: None, password: Some("hunter2".into()) };
        let sentinel = login.clone();
        let access = Access { password: Some("hunter2".into()), sentinel, ..Access::default() };
        assert!(!format!("{address:?} {access:?} {login:?}").contains("hunter2"));
    }

    #[test]
    fn certificates_without_tls_are_refused() {
        let access = Access { authority: Some(b"no PEM".to_vec()), ..Access::default() };
        let plain = Address::parse("redis://host:1").expect("a URL");
        assert!(matches!(access.check(&plain), Err(AddressError::NoTls)));
    }
}
