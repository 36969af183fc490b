//! When a connection was active: which one gives way to a newcomer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicU64, Ordering};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// When a connection was active.
pub(super) struct Activity {
    born: Instant,
    /// Those in flight, without those whose body is awaited.
    requests: AtomicIsize,
    /// Milliseconds after birth when the last request ended, or began to wait for its body.
    last: AtomicU64,
    evicted: Notify,
}

impl Activity {
    pub(super) fn new(born: Instant) -> Self {
        let (requests, last) = (AtomicIsize::default(), AtomicU64::default());
        Self { born, requests, last, evicted: Notify::new() }
    }

    /// A request begins, and ends when what this returns is dropped, however it ends.
    pub(super) fn begin(self: &Arc<Self>) -> ActiveRequest {
        self.requests.fetch_add(1, Ordering::Relaxed);
        ActiveRequest(Arc::clone(self))
    }

    /// A request waits for its client to send more of it, until what this returns is dropped.
    fn wait(self: &Arc<Self>) -> Awaiting {
        self.pause();
        Awaiting(Arc::clone(self))
    }

    /// One request less keeps the connection busy.
    fn pause(&self) {
        let age = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(age, Ordering::Relaxed);
        self.requests.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends the connection for a newcomer.
    pub(super) fn evict(&self) {
        self.evicted.notify_one();
    }

    /// Waits until the connection is to end for a newcomer.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// Since when the connection is idle; `None` during a request that has come whole.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let is_idle = self.requests.load(Ordering::Relaxed) <= 0;
        is_idle.then(|| self.born + Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}

/// A request in flight.
pub(super) struct ActiveRequest(Arc<Activity>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.pause();
    }
}

/// A request whose client has more to send.
struct Awaiting(Arc<Activity>);

impl Drop for Awaiting {
    fn drop(&mut self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request's body. While its next part is awaited, the request does not keep its connection busy: a
/// client that sends slowly gives way to a newcomer.
pub(super) struct Awaited<B> {
    body: B,
    activity: Arc<Activity>,
    awaiting: Option<Awaiting>,
}

impl<B> Awaited<B> {
    /// The body of a request that has begun.
    pub(super) fn new(body: B, activity: &Arc<Activity>) -> Self {
        Self { body, activity: Arc::clone(activity), awaiting: None }
    }
}

impl<B: Body + Unpin> Body for Awaited<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = &mut *self;
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if frame.is_ready() {
            this.awaiting = None;
        } else {
            this.awaiting.get_or_insert_with(|| this.activity.wait());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use futures_util::{FutureExt as _, stream};
    use http_body_util::{BodyExt as _, Full, StreamBody};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_while_a_body_is_awaited() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let active = activity.begin();
        let (client, sent) = oneshot::channel();
        let frame = async { Ok::<_, Infallible>(Frame::data(sent.await.expect("it is sent"))) };
        let body = StreamBody::new(Box::pin(stream::once(frame)));
        let mut body = Awaited::new(body, &activity);
        assert!(body.frame().now_or_never().is_none(), "nothing was sent yet");
        assert!(activity.idle_since().is_some());
        client.send(Bytes::from_static(b"{}")).expect("it is read");
        assert!(body.frame().now_or_never().is_some());
        assert!(activity.idle_since().is_none(), "it has come, and is worked on");
        drop(active);
        assert!(activity.idle_since().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_came_whole_keeps_its_connection_busy() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let _active = activity.begin();
        let body = Awaited::new(Full::new(Bytes::from_static(b"{}")), &activity);
        assert_eq!(body.collect().await.expect("a body").to_bytes(), "{}");
        assert!(activity.idle_since().is_none());
    }
}
