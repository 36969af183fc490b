//! Where Redis is, and what it takes to be let in.

use std::fmt;

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, TlsCertificates,
};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

/// Why a URL or the files that go with it were refused.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The URL is none that is understood.
    #[error(
        "must be a URL: redis://host:port, redis+sentinel://host:port,host:port/primary's-name or \
         redis+cluster://host:port,host:port, with rediss for redis where TLS is spoken"
    )]
    Url,
    /// Certificates were given, and TLS is not spoken.
    #[error("certificates are of no use without TLS: the URL must begin with rediss")]
    NoTls,
    /// The authority, the certificate or its key are not PEM.
    #[error("the authority, the certificate or its key cannot be read as PEM")]
    Certificates,
}

/// Where Redis is. Its `Debug` shows no password.
#[derive(Clone)]
pub struct Address {
    pub(super) topology: Topology,
    /// The servers, or the sentinels that know them.
    pub(super) nodes: Vec<ConnectionInfo>,
}

/// How the servers form one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topology {
    Standalone,
    /// A primary and its replicas, known to sentinels under a name.
    Sentinel(String),
    Cluster,
}

/// A user and the user's password.
#[derive(Clone, Default)]
pub struct Login {
    /// The user.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
}

/// What it takes to be let in. Its `Debug` shows nothing.
#[derive(Clone, Default)]
pub struct Access {
    /// The servers' user.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// Who one is to the sentinels. They do not know the servers' users.
    pub sentinel: Login,
    /// Certificates in PEM of whoever signs the servers'; without them, the system's.
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
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        // What a client library reads from there, such as leave to skip a certificate's check, is
        // nobody's to set.
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

    /// Whether sentinels are asked where the primary is.
    pub const fn has_sentinels(&self) -> bool {
        matches!(self.topology, Topology::Sentinel(_))
    }

    /// Whether TLS is spoken.
    pub fn is_secure(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. }))
    }
}

fn connection_info(url: &str) -> Result<ConnectionInfo, AddressError> {
    let info = url.into_connection_info().map_err(|_| AddressError::Url)?;
    // Without it a reply waits for the acknowledgement of the one before.
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    let settings = info.redis_settings().clone().set_skip_set_lib_name();
    Ok(info.set_tcp_settings(tcp).set_redis_settings(settings))
}

impl Access {
    /// The certificates, if there are any.
    pub(super) fn certificates(&self) -> Option<TlsCertificates> {
        let identity = self.identity.as_ref().map(|(certificate, key)| ClientTlsConfig {
            client_cert: certificate.clone(),
            client_key: key.expose_secret().to_vec(),
        });
        (self.authority.is_some() || identity.is_some())
            .then(|| TlsCertificates { client_tls: identity, root_cert: self.authority.clone() })
    }

    /// Whether the certificates can be used to reach this address.
    pub(super) fn check(&self, address: &Address) -> Result<(), AddressError> {
        match (self.certificates(), address.is_secure()) {
            (Some(_), false) => Err(AddressError::NoTls),
            (None, _) => Ok(()),
            (Some(_), true) => {
                address.nodes.iter().try_for_each(|node| self.trusting(node.clone()).map(drop))
            }
        }
    }

    /// A server, reached as this user.
    pub(super) fn to_server(&self, info: ConnectionInfo) -> Result<Client, AddressError> {
        let settings = info.redis_settings().clone();
        let settings = named(settings, self.username.as_deref(), self.password.as_ref());
        self.trusting(info.set_redis_settings(settings))
    }

    /// A sentinel, reached as the user that it knows, if it asks for one.
    pub(super) fn to_sentinel(&self, info: ConnectionInfo) -> Result<Client, AddressError> {
        let nobody = RedisConnectionInfo::default().set_skip_set_lib_name();
        let Login { username, password } = &self.sentinel;
        let settings = named(nobody, username.as_deref(), password.as_ref());
        self.trusting(info.set_redis_settings(settings))
    }

    /// A server, reached with the certificates.
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
    fn what_is_no_such_url_is_refused() {
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
    fn nothing_secret_is_shown() {
        let address = Address::parse("redis://user:hunter2@host:1").expect("a URL");
        let login = Login { username: None, password: Some("hunter2".into()) };
        let sentinel = login.clone();
        let access = Access { password: Some("hunter2".into()), sentinel, ..Access::default() };
        assert!(!format!("{address:?} {access:?} {login:?}").contains("hunter2"));
    }

    #[test]
    fn certificates_belong_to_tls() {
        let access = Access { authority: Some(b"no PEM".to_vec()), ..Access::default() };
        let plain = Address::parse("redis://host:1").expect("a URL");
        assert!(matches!(access.check(&plain), Err(AddressError::NoTls)));
    }
}
