//! One connection, and the frame around each of its requests.
//!
//! Invariants: every request gets exactly one answer with an `X-Request-Id`, a panic's 500 included; what a route left of
//! the body is taken off the wire, before the answer if it comes promptly and else after it; the log line names no key; a
//! connection that works for somebody whose key is right is not closed by a wish for room or, before the deadline, by a stop;
//! a stop answers whoever is asking at that very moment, and resets nobody.
//! How to get it wrong: letting an error return from the service function (hyper then closes without an answer).

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use http::StatusCode;
use http::header::{CONNECTION, HeaderValue};
use http_body_util::Empty;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use slog::{debug, error, warn};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutWriter;

use super::body::{IncomingBody, Leftover, Rest};
use super::connection_slot::ConnectionSlot;
use super::exchange::{Exchange, REQUEST_ID, RequestId, SharedExchange, client_address};
use super::framing;
use super::options::{HttpService, Shared};
use super::problem::Problem;
use super::problem_code::ProblemCode;
use super::response::Response;
use super::slots::SlotLease;
use super::target::{LineOf, LoggableUri};

/// What a connection without a slot may take to ask for one.
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// So long a connection is still listened to after a stop began: a request may be on its way, and a client that asks now and
/// then learns from its answer that it has to go elsewhere.
const LAST_REQUEST_WITHIN: Duration = Duration::from_secs(1);
/// What a client gets to see that its connection is closed, before the socket goes. With something unread it would be reset.
const FAREWELL: Duration = Duration::from_millis(500);
/// What a half-sent request gets before a connection that should go is dropped.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
const EVICTION_PATIENCE: Duration = Duration::from_millis(100);
/// Bytes of a request's header; more is 431.
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// Bytes read ahead: as many as a header may have.
const BUFFER_BYTES_MAX: usize = HEADER_BYTES_MAX;

/// How far a connection is let in.
pub(crate) enum Admission {
    /// It has a slot.
    Inside(SlotLease),
    /// At the door, to be told that there is no slot.
    AtTheDoor { _permit: OwnedSemaphorePermit, slot: Arc<ConnectionSlot> },
}

/// Serves one connection to its end.
pub(crate) async fn run<S: HttpService>(
    stream: TcpStream,
    peer: SocketAddr,
    admission: Admission,
    shared: Arc<Shared<S>>,
) {
    let limits = &shared.options.limits;
    let (slot, time_max) = match &admission {
        Admission::Inside(lease) => (Arc::clone(lease.slot()), Duration::MAX),
        Admission::AtTheDoor { slot, .. } => (Arc::clone(slot), REFUSAL_TIME),
    };
    // Without it answers are late, not wrong.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.body_timeout));
    let is_inside = matches!(admission, Admission::Inside(_));
    let (linger, leftover) = Linger::new();
    let service = service_fn(|request| {
        let (shared, slot, linger) = (Arc::clone(&shared), Arc::clone(&slot), Arc::clone(&linger));
        async move { Ok::<_, Infallible>(answer(&shared, slot, is_inside, peer, request, &linger).await) }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout.min(time_max))
        .max_buf_size(BUFFER_BYTES_MAX)
        .max_header_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::select! {
        // Whatever went wrong on the wire is the client's affair, and it is gone.
        _ = &mut connection => {}
        () = shared.stop.cancelled() => {
            // It ends by itself with the next answer, which says that it does.
            if timeout(LAST_REQUEST_WITHIN, &mut connection).await.is_err() {
                Pin::new(&mut connection).graceful_shutdown();
                while timeout(STOP_PATIENCE, &mut connection).await.is_err() && !slot.is_waiting() {}
                say_farewell(connection.into_parts().io.into_inner()).await;
            }
        }
        () = slot.evicted() => {
            Pin::new(&mut connection).graceful_shutdown();
            while timeout(EVICTION_PATIENCE, &mut connection).await.is_err() && slot.is_serving_known() {}
        }
        // The answer is out, and the rest of the request does not come.
        () = see_off(leftover) => {}
    }
}

/// Says that nothing more comes, and takes what still does off the wire until the client has gone.
async fn say_farewell(mut stream: Pin<Box<TimeoutWriter<TcpStream>>>) {
    let mut unread = [0; 1024];
    let until_gone = async {
        if stream.shutdown().await.is_ok() {
            while stream.read(&mut unread).await.is_ok_and(|count| count > 0) {}
        }
    };
    let _ = timeout(FAREWELL, until_gone).await;
}

/// How the last answer of a connection hands on what is left of its request's body.
struct Linger(Mutex<Option<oneshot::Sender<Leftover>>>);

impl Linger {
    fn new() -> (Arc<Self>, oneshot::Receiver<Leftover>) {
        let (sender, receiver) = oneshot::channel();
        (Arc::new(Self(Mutex::new(Some(sender)))), receiver)
    }

    fn after_the_answer(&self, rest: Leftover) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody listens on a connection that is about to go.
            let _ = sender.send(rest);
        }
    }
}

/// Resolves when there is a leftover that does not come to its end; if it does, the connection ends by itself.
async fn see_off(leftover: oneshot::Receiver<Leftover>) {
    if let Ok(rest) = leftover.await
        && !rest.see_off().await
    {
        return;
    }
    std::future::pending().await
}

/// The frame around one request.
async fn answer<S: HttpService>(
    shared: &Shared<S>,
    slot: Arc<ConnectionSlot>,
    is_inside: bool,
    peer: SocketAddr,
    request: http::Request<Incoming>,
    linger: &Linger,
) -> http::Response<impl Body<Data = Bytes, Error = warp::Error> + use<S>> {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    shared.undeclared.look(peer.ip(), &head.headers, &shared.options.trusted_proxies, &shared.options.log);
    let client = client_address(peer.ip(), &head.headers, &shared.options.trusted_proxies);
    slot.asked_by(client);
    let framed = framing::check(&head);
    let body_time = if is_inside { shared.options.limits.body_timeout } else { REFUSAL_TIME };
    let place = &shared.options.place;
    let bare = place.taken_off(&head.uri);
    let exchange: SharedExchange = Arc::new(Exchange {
        id: RequestId::of(&head.headers),
        peer,
        route: OnceLock::new(),
        client,
        stop: Arc::clone(&shared.stop),
        body: IncomingBody::new(body, body_time, Arc::clone(&slot)),
        method: head.method,
        version: head.version,
        uri: bare.unwrap_or_else(|| head.uri.clone()),
        asked: head.uri,
        place: Arc::clone(place),
        headers: head.headers,
        posted: OnceLock::new(),
    });
    let is_framed = framed.is_ok();
    let mut response = match framed {
        _ if !is_inside => no_room(),
        Err(problem) => problem.into_response(),
        Ok(()) => tokio::select! {
            biased;
            response = ask(shared, Arc::clone(&exchange)) => response,
            () = slot.stranger_evicted() => no_room(),
        },
    };
    let rest = exchange.body.discard(&exchange.headers).await;
    let headers = response.headers_mut();
    place.lead(headers);
    headers.insert(REQUEST_ID, exchange.id.header_value());
    let ends = slot.is_evicted() || shared.stop.is_cancelled();
    if !matches!(rest, Rest::Nothing) || !is_inside || !is_framed || ends {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Rest::Later(leftover) = rest {
        linger.after_the_answer(leftover);
    }
    note(shared, &exchange, &response, began);
    response.map(|inner| Tracked { inner, slot })
}

fn no_room() -> Response {
    Problem::new(ProblemCode::Unavailable, "Too many connections are open; try again soon.")
        .retry_after(Duration::from_secs(1))
        .into_response()
}

async fn ask<S: HttpService>(shared: &Shared<S>, exchange: SharedExchange) -> Response {
    let mut service = shared.service.clone();
    let mut request = http::Request::new(Empty::<Bytes>::new());
    *request.method_mut() = exchange.method.clone();
    *request.uri_mut() = exchange.uri.clone();
    request.extensions_mut().insert(Arc::clone(&exchange));
    let outcome = AssertUnwindSafe(async move { service.call(request).await }).catch_unwind().await;
    match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(panic) => {
            let line = &shared.options.line_text;
            error!(shared.options.log, "a request handler panicked"; "request_id" => %LineOf { line, text: exchange.id.as_str() },
                "method" => %LineOf { line, text: exchange.method.as_str() }, "path" => %LoggableUri { line, uri: &exchange.asked },
                "panic" => words(&*panic));
            Problem::internal().into_response()
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}

fn note<S>(shared: &Shared<S>, exchange: &Exchange, response: &Response, began: Instant) {
    let (took, status) = (began.elapsed(), response.status());
    let route = exchange.route.get().copied();
    shared.options.telemetry.answered(route, exchange.method.as_str(), status.as_str(), took);
    let line = &shared.options.line_text;
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    macro_rules! say {
        ($level:ident) => {
            $level!(shared.options.log, "answered"; "request_id" => %LineOf { line, text: exchange.id.as_str() },
                "method" => %LineOf { line, text: exchange.method.as_str() },
                "path" => %LoggableUri { line, uri: &exchange.asked },
                "status" => status.as_u16(), "millis" => millis, "client" => %exchange.client)
        };
    }
    // But for our own mistakes a stranger's is no news: nobody without a key writes lines that push out what matters.
    let matters = status == StatusCode::INTERNAL_SERVER_ERROR || exchange.body.slot().is_known();
    if status.is_server_error() && matters {
        say!(warn);
    } else {
        say!(debug);
    }
}

/// An answer's body that tells when it is through.
struct Tracked<B> {
    inner: B,
    slot: Arc<ConnectionSlot>,
}

impl<B> Drop for Tracked<B> {
    fn drop(&mut self) {
        self.slot.waiting();
    }
}

impl<B: Body + Unpin> Body for Tracked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
