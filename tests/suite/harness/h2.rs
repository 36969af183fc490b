//! HTTP/2 by hand, to send what no library would: raw frames, and uncompressed header blocks.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Frame types.
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// Frame flags.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// The error code for a peer that looks like an attacker.
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a payload of a frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A literal header that is not added to the dynamic table.
pub(crate) fn header(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        bytes.extend(integer(text.len(), 7, 0));
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// An HPACK integer with that prefix.
pub(crate) fn integer(value: usize, prefix_bits: u32, prefix: u8) -> Vec<u8> {
    let most = (1 << prefix_bits) - 1;
    let small = |value: usize| u8::try_from(value).expect("less than 256");
    if value < most {
        return vec![prefix | small(value)];
    }
    let (mut bytes, mut rest) = (vec![prefix | small(most)], value - most);
    while rest >= 128 {
        bytes.push(small(rest % 128) | 128);
        rest /= 128;
    }
    bytes.push(small(rest));
    bytes
}

/// The header block of a call of that rpc.
pub(crate) fn head(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let first = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    first.iter().chain(more).flat_map(|(name, value)| header(name, value)).collect()
}

/// The course of a connection.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// The number of items sent before the server stopped reading.
    pub(crate) sent: usize,
    /// Whether the server closed the connection, and how long after its start.
    pub(crate) closed_after: Option<Duration>,
    /// The last error code that the server sent.
    pub(crate) goaway: Option<u32>,
    /// The types and streams of the frames that it sent.
    pub(crate) frames: Vec<(u8, u32)>,
}

/// Sends what `next` returns, on a new connection, until it returns nothing, the server closes the
/// connection or the time is over. Meanwhile reads all replies. With `stays`, waits for the server
/// to close the connection until the time is over.
pub(crate) fn flood(
    at: SocketAddr,
    limit: Duration,
    stays: bool,
    mut next: impl FnMut(usize) -> Option<Vec<u8>>,
) -> io::Result<End> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(at)?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    stream.write_all(&frame(SETTINGS, 1, 0, &[]))?;
    let reading = stream.try_clone()?;
    let (done, read) = mpsc::channel();
    thread::spawn(move || done.send(read_all(reading, begun)));
    let mut sent = 0;
    while begun.elapsed() < limit {
        let Some(bytes) = next(sent) else { break };
        if stream.write_all(&bytes).is_err() {
            break;
        }
        sent += 1;
    }
    let patience = if stays { limit.saturating_sub(begun.elapsed()) } else { Duration::ZERO };
    let early = read.recv_timeout(patience.max(Duration::from_millis(200)));
    let ended_by_server = early.is_ok();
    // Closing our side also ends the reader.
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let mut end = early.or_else(|_| read.recv()).unwrap_or_default();
    if !ended_by_server {
        end.closed_after = None;
    }
    end.sent = sent;
    Ok(end)
}

/// Reads frames until the connection ends. Stores only the first of them, since a flood gets many
/// replies.
fn read_all(mut stream: TcpStream, begun: Instant) -> End {
    let mut end = End::default();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).is_err() {
            break;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).is_err() {
            break;
        }
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        if head[3] == GOAWAY {
            end.goaway = payload[4..8].try_into().ok().map(u32::from_be_bytes);
        }
        if end.frames.len() < 1000 {
            end.frames.push((head[3], stream));
        }
    }
    end.closed_after = Some(begun.elapsed());
    end
}

/// How long the server keeps an idle connection after this was sent; `None` if longer than the
/// limit.
pub(crate) fn kept(at: SocketAddr, said: &[u8], limit: Duration) -> io::Result<Option<Duration>> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(at)?;
    stream.write_all(said)?;
    let mut byte = [0; 1024];
    while begun.elapsed() < limit {
        stream.set_read_timeout(Some(
            limit.saturating_sub(begun.elapsed()).max(Duration::from_millis(1)),
        ))?;
        match stream.read(&mut byte) {
            Ok(0) => return Ok(Some(begun.elapsed())),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                break;
            }
            Err(_) => return Ok(Some(begun.elapsed())),
        }
    }
    Ok(None)
}
