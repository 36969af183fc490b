//! A proxy between a store and its server, or between two servers, that simulates network faults:
//! it loses, delays or cuts off traffic at any point. It can also replace a script, for tests that
//! show the purpose of a rule by removing it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// The point at which data is lost. The connection is lost with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// A command, before the server has read it.
    Command,
    /// A reply, after the server ran the command.
    Reply,
    /// The second half of a reply.
    HalfReply,
}

/// The faults to simulate.
#[derive(Clone, Default)]
pub(crate) struct Mischief {
    /// How many of the next commands to lose.
    commands: Arc<AtomicUsize>,
    /// How many of the next replies to lose.
    replies: Arc<AtomicUsize>,
    /// How many of the next replies to cut in the middle.
    halves: Arc<AtomicUsize>,
    /// The total number of losses.
    pub(crate) lost: Arc<AtomicUsize>,
    /// Replies are held back, and the connection stays open.
    pub(crate) silent: Arc<AtomicBool>,
    /// All connections are closed, and new ones at once.
    pub(crate) cut: Arc<AtomicBool>,
    /// The delay of every reply, in milliseconds.
    pub(crate) delay: Arc<AtomicU64>,
    /// One reply in this many is lost; zero for none.
    pub(crate) one_in: Arc<AtomicU64>,
    passed: Arc<AtomicU64>,
    /// Pairs of script hashes: a call of the first is replaced by a call of the second.
    pub(crate) swapped: Arc<OnceLock<Vec<(String, String)>>>,
}

impl Mischief {
    /// Loses the next reply.
    pub(crate) fn lose_one(&self) {
        self.lose(Point::Reply, 1);
    }

    /// Loses that many of the next items at that point.
    pub(crate) fn lose(&self, point: Point, number: usize) {
        self.counter(point).store(number, Ordering::SeqCst);
    }

    const fn counter(&self, point: Point) -> &Arc<AtomicUsize> {
        match point {
            Point::Command => &self.commands,
            Point::Reply => &self.replies,
            Point::HalfReply => &self.halves,
        }
    }

    fn loses(&self, point: Point) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let counter = self.counter(point);
        let loses = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        if loses {
            self.lost.fetch_add(1, Ordering::SeqCst);
        }
        loses
    }

    fn is_unlucky(&self) -> bool {
        let one_in = self.one_in.load(Ordering::SeqCst);
        let is_unlucky =
            one_in > 0 && self.passed.fetch_add(1, Ordering::SeqCst) % one_in == one_in - 1;
        self.lost.fetch_add(usize::from(is_unlucky), Ordering::SeqCst);
        is_unlucky
    }

    fn swap(&self, asked: &mut [u8]) {
        for (from, to) in self.swapped.get().into_iter().flatten() {
            let mut at = 0;
            while at + from.len() <= asked.len() {
                let here = &mut asked[at..at + from.len()];
                if here == from.as_bytes() {
                    here.copy_from_slice(to.as_bytes());
                }
                at += 1;
            }
        }
    }
}

/// Proxies to that port of this host until the runtime ends.
pub(crate) async fn proxy(to: u16) -> (SocketAddr, Mischief) {
    proxy_at("127.0.0.1:0".parse().expect("an address"), to).await
}

/// Does the same, listening at that address.
pub(crate) async fn proxy_at(at: SocketAddr, to: u16) -> (SocketAddr, Mischief) {
    let listener = TcpListener::bind(at).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let mischief = Mischief::default();
    let told = mischief.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let told = told.clone();
            tokio::spawn(async move {
                if told.cut.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await {
                    tokio::select! {
                        () = pass(client, server, &told) => {}
                        () = is_cut(&told) => {}
                    }
                }
            });
        }
    });
    (address, mischief)
}

async fn is_cut(told: &Mischief) {
    while !told.cut.load(Ordering::SeqCst) {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Passes data on until one side closes or something is lost. Then both ends are closed.
async fn pass(mut client: TcpStream, mut server: TcpStream, told: &Mischief) {
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(length) if length > 0 => {
                    if told.loses(Point::Command) { return }
                    told.swap(&mut asked[..length]);
                    if server.write_all(&asked[..length]).await.is_err() { return }
                }
                Ok(_) | Err(_) => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(length) if length > 0 => {
                    if told.silent.load(Ordering::SeqCst) { continue }
                    let delay = told.delay.load(Ordering::SeqCst);
                    if delay > 0 { sleep(Duration::from_millis(delay)).await }
                    if told.loses(Point::Reply) || told.is_unlucky() { return }
                    if told.loses(Point::HalfReply) {
                        let _ = client.write_all(&answered[..length / 2]).await;
                        return;
                    }
                    if client.write_all(&answered[..length]).await.is_err() { return }
                }
                Ok(_) | Err(_) => return,
            },
        }
    }
}
