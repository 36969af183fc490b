//! Tests of TLS: what is spoken, who is let in, and how files are exchanged.

mod drawn;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ::files::Reload;
use clock::SystemClock;
use rcgen::{DnType, SanType, date_time_ymd};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::drawn::{Authority, Files, params};
use super::*;

const PAIR: [Option<&str>; 3] = [Some("certificate"), Some("key"), None];
const MUTUAL: [Option<&str>; 3] = [Some("certificate"), Some("key"), Some("authority")];

/// A client that believes an authority, and may have a certificate.
fn client(authority: &Authority, shows: Option<&(String, String)>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS12, &TLS13])
        .expect("versions")
        .with_root_certificates(authorities(authority.pem().as_bytes()).expect("an authority"));
    match shows {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                certificates(certificate.as_bytes()).expect("a certificate"),
                private_key(key.as_bytes()).expect("a key"),
            )
            .expect("a pair"),
    }
}

/// What the client learnt, and the names that it is known by, if both let the other in.
async fn greet(
    server: &ServerTls,
    client: ClientConfig,
) -> Option<(TlsStream<tokio::net::TcpStream>, Option<Peer>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let acceptor = server.acceptor().expect("TLS is spoken");
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let mut stream = acceptor.accept(stream).await.ok()?;
        let peer = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(Peer::of);
        stream.write_all(b"!").await.ok()?;
        Some(peer)
    });
    let stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let name = ServerName::try_from("localhost").expect("a name");
    let greeted = async {
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.ok()?;
        // In TLS 1.3 a client learns only now whether its certificate was taken.
        stream.read_u8().await.ok()?;
        Some(stream)
    };
    let (greeted, served) = tokio::join!(greeted, served);
    Some((greeted?, served.expect("no panic")?))
}

fn shown(stream: &TlsStream<tokio::net::TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec()
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_the_protocol_is_agreed_on() {
    let authority = Authority::new("authority");
    let files = Files::write(&authority.sign(&["localhost"]), "");
    let server = files.open(PAIR).expect("no mistake");
    for version in [&TLS12, &TLS13] {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(authorities(authority.pem().as_bytes()).expect("one"))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
        let (stream, peer) = greet(&server, config).await.expect("a greeting");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert!(peer.is_none());
    }
    let mut config = client(&authority, None);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    assert!(greet(&server, config).await.is_none(), "nothing to agree on");
}

#[tokio::test]
async fn only_clients_of_the_authority_are_let_in_and_known_by_their_names() {
    let (authority, other) = (Authority::new("authority"), Authority::new("other"));
    let files = Files::write(&authority.sign(&["localhost"]), &authority.pem());
    let server = files.open(MUTUAL).expect("no mistake");
    let mut named = params(&["runner.mesh", "*.wild.mesh"]);
    let uri = "spiffe://mesh/runner";
    named.subject_alt_names.push(SanType::URI(uri.try_into().expect("text")));
    named.distinguished_name.push(DnType::CommonName, "common.mesh");
    let shows = authority.sign_as(&named);
    let (_, peer) = greet(&server, client(&authority, Some(&shows))).await.expect("a greeting");
    let peer = peer.expect("it is known");
    for name in ["runner.mesh", "RUNNER.mesh", uri] {
        assert!(peer.is(name), "{name}");
    }
    for name in ["", "mesh", "*.wild.mesh", "a.wild.mesh", "common.mesh", "SPIFFE://mesh/runner"] {
        assert!(!peer.is(name), "{name}");
    }
    assert!(greet(&server, client(&authority, None)).await.is_none(), "nothing was shown");
    let strange = other.sign(&["runner.mesh"]);
    assert!(greet(&server, client(&authority, Some(&strange))).await.is_none(), "a stranger");
    let mut old = params(&["runner.mesh"]);
    old.not_after = date_time_ymd(2020, 1, 1);
    let old = authority.sign_as(&old);
    assert!(greet(&server, client(&authority, Some(&old))).await.is_none(), "it has expired");
}

#[tokio::test]
async fn a_new_pair_is_shown_to_who_comes_next_and_a_bad_one_to_nobody() {
    let authority = Authority::new("authority");
    let first = authority.sign(&["localhost"]);
    let files = Files::write(&first, "");
    let server = files.open(PAIR).expect("no mistake");
    let shows = async || {
        let (stream, _) = greet(&server, client(&authority, None)).await.expect("a greeting");
        shown(&stream)
    };
    let before = shows().await;
    assert_eq!(server.look(), Reload::Unchanged);

    let second = authority.sign(&["localhost"]);
    for (bad, told) in [
        ((second.0.as_str(), first.1.as_str()), "is not the key of"),
        (("nonsense", second.1.as_str()), "holds no certificate"),
        ((second.0.as_str(), ""), "holds no private key"),
    ] {
        files.change(bad);
        let Reload::Refused(mistakes) = server.look() else { panic!("not refused: {told}") };
        assert!(mistakes[0].contains(told), "{mistakes:?}");
        assert_eq!(shows().await, before);
    }
    fs::remove_file(files.at("key")).expect("removed");
    assert!(matches!(server.look(), Reload::Refused(_)));
    assert_eq!(shows().await, before);

    files.change((&second.0, &second.1));
    assert_eq!(server.look(), Reload::Applied);
    assert_ne!(shows().await, before);
}

#[tokio::test]
async fn the_authority_of_clients_is_exchanged_too_and_no_session_outlives_it() {
    let (authority, other) = (Authority::new("authority"), Authority::new("other"));
    let files = Files::write(&authority.sign(&["localhost"]), &authority.pem());
    let server = files.open(MUTUAL).expect("no mistake");
    // The same configuration, since sessions are kept in it.
    let config = client(&authority, Some(&authority.sign(&["runner.mesh"])));
    for _ in 0..2 {
        assert!(greet(&server, config.clone()).await.is_some());
    }
    fs::write(files.at("authority"), other.pem()).expect("written");
    assert_eq!(server.look(), Reload::Applied);
    assert!(greet(&server, config).await.is_none());
    let known = other.sign(&["runner.mesh"]);
    assert!(greet(&server, client(&authority, Some(&known))).await.is_some());
}

#[test]
fn every_mistake_in_the_files_is_told_at_once() {
    let authority = Authority::new("authority");
    let (first, second) = (authority.sign(&["localhost"]), authority.sign(&["localhost"]));
    let files = Files::write(&(first.0, second.1), "nonsense");
    assert!(!files.open([None; 3]).expect("no mistake").is_spoken());
    let told = |names: [Option<&str>; 3]| files.open(names).expect_err("a mistake").0;

    let mistakes = told(PAIR);
    assert!(mistakes[0].starts_with("--key: ") && mistakes[0].contains("is not the key of"));
    let mistakes = told(MUTUAL);
    assert!(mistakes[0].starts_with("--authority: "), "{mistakes:?}");
    let mistakes = told([Some("missing"), None, Some("gone")]);
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    assert!(mistakes[0].starts_with("--key: must be given"), "{mistakes:?}");
    let mistakes = told([None, None, Some("authority")]);
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");

    fs::write(files.at("certificate"), "").expect("written");
    fs::write(files.at("key"), "").expect("written");
    assert_eq!(told(MUTUAL).len(), 3);
}

#[test]
fn a_certificate_whose_time_it_is_not_is_noticed_and_served() {
    let authority = Authority::new("authority");
    let when = |from: i32, until: i32| {
        let mut times = params(&["localhost"]);
        (times.not_before, times.not_after) =
            (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let pair = authority.sign_as(&times);
        assert!(Files::write(&pair, "").open(PAIR).is_ok());
        certificates(pair.0.as_bytes()).expect("a certificate").remove(0)
    };
    let now = UnixTime::since_unix_epoch(SystemClock::since_epoch());
    assert_eq!(untimely(&when(2001, 2002), now), Some("has expired"));
    assert_eq!(untimely(&when(2998, 2999), now), Some("is not valid yet"));
    assert_eq!(untimely(&when(2001, 2999), now), None);
}

#[test]
fn a_link_that_is_moved_is_a_change() {
    let authority = Authority::new("authority");
    let folder = TempDir::new().expect("a folder");
    let write = |version: &str| {
        let (certificate, key) = authority.sign(&["localhost"]);
        let at = folder.path().join(version);
        fs::create_dir(&at).expect("created");
        fs::write(at.join("certificate"), certificate).expect("written");
        fs::write(at.join("key"), key).expect("written");
    };
    let point = |version: &str| {
        let (new, data) = (folder.path().join("new"), folder.path().join("data"));
        std::os::unix::fs::symlink(Path::new(version), &new).expect("linked");
        fs::rename(new, data).expect("moved");
    };
    write("one");
    point("one");
    let files = Files::empty();
    for name in ["certificate", "key"] {
        let target = folder.path().join("data").join(name);
        std::os::unix::fs::symlink(target, files.at(name)).expect("linked");
    }
    let server = files.open(PAIR).expect("no mistake");
    assert_eq!(server.look(), Reload::Unchanged);
    write("two");
    point("two");
    assert_eq!(server.look(), Reload::Applied);
}
