//! A proxy to a gRPC server that loses answers on demand.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::h2::HEADERS;

/// Forwards to a server until the test's runtime ends.
pub(crate) struct Lossy {
    pub(crate) at: SocketAddr,
    to: Mutex<Option<SocketAddr>>,
    loses: AtomicBool,
    lost: AtomicUsize,
}

impl Lossy {
    /// A proxy without a server yet.
    pub(crate) async fn start() -> anyhow::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (to, loses, lost) = (Mutex::default(), AtomicBool::default(), AtomicUsize::default());
        let lossy = Arc::new(Self { at: listener.local_addr()?, to, loses, lost });
        tokio::spawn(Arc::clone(&lossy).serve(listener));
        Ok(lossy)
    }

    /// Forwards to that server from now on.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.to.lock().expect("no test panics while it holds this") = Some(server);
    }

    /// Loses the next answer, and its connection.
    pub(crate) fn lose_one(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }

    /// The number of answers lost so far.
    pub(crate) fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }

    async fn serve(self: Arc<Self>, listener: TcpListener) {
        while let Ok((client, _)) = listener.accept().await {
            let to = *self.to.lock().expect("no test panics while it holds this");
            let Some(to) = to else { continue };
            let Ok(server) = TcpStream::connect(to).await else { continue };
            let (mut from_client, to_client) = client.into_split();
            let (from_server, mut to_server) = server.into_split();
            let lossy = Arc::clone(&self);
            tokio::spawn(async move {
                // The side that ends first ends the connection.
                tokio::select! {
                    _ = copy(&mut from_client, &mut to_server) => {}
                    () = lossy.answers(from_server, to_client) => {}
                }
            });
        }
    }

    /// Forwards the server's frames until the end, or until an answer that is to be lost.
    async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut head = [0; 9];
        while from.read_exact(&mut head).await.is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            if from.read_exact(&mut payload).await.is_err() {
                return;
            }
            if head[3] == HEADERS && self.loses.swap(false, Ordering::SeqCst) {
                self.lost.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if to.write_all(&[&head[..], &payload].concat()).await.is_err() {
                return;
            }
        }
    }
}
