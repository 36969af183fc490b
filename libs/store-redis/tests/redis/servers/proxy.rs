//! A proxy between a store and its server that loses replies, as often as it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens to what passes.
#[derive(Clone, Default)]
pub(crate) struct Mischief {
    /// How many of the next replies are lost, with their connection, after the server did its part.
    pub(crate) lose: Arc<AtomicUsize>,
    /// How many were.
    pub(crate) lost: Arc<AtomicUsize>,
    /// Nothing comes back any more, and nobody hangs up.
    pub(crate) silent: Arc<AtomicBool>,
}

impl Mischief {
    /// Loses the next reply.
    pub(crate) fn lose_one(&self) {
        self.lose.store(1, Ordering::SeqCst);
    }

    fn loses(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let loses = self.lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        if loses {
            self.lost.fetch_add(1, Ordering::SeqCst);
        }
        loses
    }
}

/// Begins to pass everything on to that port of this host, for as long as the runtime lives.
pub(crate) async fn proxy(to: u16) -> (SocketAddr, Mischief) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let mischief = Mischief::default();
    let told = mischief.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let told = told.clone();
            tokio::spawn(async move {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await {
                    pass(client, server, &told).await;
                }
            });
        }
    });
    (address, mischief)
}

/// Passes on until one side ends or a reply is lost; either way both ends are closed.
async fn pass(mut client: TcpStream, mut server: TcpStream, told: &Mischief) {
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(length) if length > 0 => {
                    if server.write_all(&asked[..length]).await.is_err() { return }
                }
                Ok(_) | Err(_) => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(length) if length > 0 => {
                    if told.silent.load(Ordering::SeqCst) { continue }
                    if told.loses() || client.write_all(&answered[..length]).await.is_err() {
                        return;
                    }
                }
                Ok(_) | Err(_) => return,
            },
        }
    }
}
