//! A proxy with limited bandwidth. It stands for a store that is busy.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// The bytes forwarded at a time: less than a few calls.
const PIECE: usize = 1024;

/// Forwards to `to` with that many bytes a second in that direction, until the process ends. Runs
/// on a thread of its own, so that no other task delays it.
pub(crate) fn start(to: SocketAddr, bytes_per_second: u32) -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || runtime.block_on(lead(listener, to, bytes_per_second)));
    Ok(at)
}

async fn lead(
    listener: std::net::TcpListener,
    to: SocketAddr,
    bytes_per_second: u32,
) -> anyhow::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (near, _) = listener.accept().await?;
        let far = TcpStream::connect(to).await?;
        far.set_nodelay(true)?;
        near.set_nodelay(true)?;
        let ((near_in, mut near_out), (mut far_in, far_out)) =
            (near.into_split(), far.into_split());
        // Each task ends with its connection.
        tokio::spawn(seep(near_in, far_out, bytes_per_second));
        tokio::spawn(async move { copy(&mut far_in, &mut near_out).await });
    }
}

async fn seep(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    bytes_per_second: u32,
) -> std::io::Result<()> {
    let mut piece = [0; PIECE];
    let mut free_at = Instant::now();
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&piece[..read]).await?;
        let takes = Duration::from_secs_f64(read as f64 / f64::from(bytes_per_second));
        free_at = free_at.max(Instant::now()) + takes;
        sleep_until(free_at).await;
    }
}
