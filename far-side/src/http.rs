//! The HTTP sink: every path takes, `GET /` is the page for people, `GET /got` the same for programs.
//!
//! Invariants: a request is kept before it is answered, whatever the answer; who orders a cut gets a reset.
//!
//! How to get it wrong: following one's own redirect rules for the page. `/` and `/got` are never kept and obey no rule.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::far_side::{Shared, reset};
use crate::got::Request;
use crate::page;
use crate::rules::Answer;

const REQUEST_BYTES_MAX: usize = 1 << 20;

/// The connection ends here.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("the connection was cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// Answers what comes over this connection until it ends.
pub(crate) async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    // Without it answers may wait for the client's acknowledgement; they are right all the same.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| Box::pin(exchange(Arc::clone(&shared), request)));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    if ended.is_err() {
        // Cut, or the client is gone, to whom it makes no difference.
        reset(&connection.into_parts().io.into_inner());
    }
}

async fn exchange(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    if parts.method == Method::GET && path == "/" {
        return page_of(&shared);
    }
    if parts.method == Method::GET && path == "/got" {
        let text = page::as_json(&shared.state().got).to_string();
        return whole(Response::builder().header(CONTENT_TYPE, "application/json"), text);
    }
    let body = Limited::new(body, REQUEST_BYTES_MAX).collect().await.map_err(|_| Cut)?.to_bytes();
    let value = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, one)| (name.as_str().to_owned(), value(one))).collect();
    let answer = {
        let mut state = shared.state();
        let answer = state.rules.answer_for(&path).unwrap_or_else(|| usual(&path));
        let status = match &answer {
            Answer::Status(status) | Answer::With(status, ..) => Some(*status),
            Answer::Stall | Answer::Cut => None,
        };
        let method = parts.method.to_string();
        let request = Request { at: Utc::now(), method, path: path.clone(), headers, body: body.to_vec(), status };
        state.got.requests.push(request);
        answer
    };
    match answer {
        Answer::Status(status) => whole(Response::builder().status(status), text_of(&path, status)),
        Answer::With(status, name, value) => {
            whole(Response::builder().status(status).header(name, value), text_of(&path, status))
        }
        Answer::Stall => std::future::pending().await,
        Answer::Cut => Err(Cut),
    }
}

/// What each of them says who takes.
fn usual(path: &str) -> Answer {
    Answer::Status(if is_pagerduty(path) { 202 } else { 200 })
}

fn is_pagerduty(path: &str) -> bool {
    path.ends_with("/v2/enqueue")
}

fn text_of(path: &str, status: u16) -> String {
    match status {
        200..300 if is_pagerduty(path) => {
            r#"{"status":"success","message":"Event processed","dedup_key":"as sent"}"#.into()
        }
        200..300 => "ok".into(),
        _ if is_pagerduty(path) => {
            r#"{"status":"invalid event","message":"Event object is invalid","errors":[]}"#.into()
        }
        _ => format!("ordered to answer {status}"),
    }
}

fn page_of(shared: &Shared) -> Result<Response<Full<Bytes>>, Cut> {
    let text = page::of(&shared.state().got).map_err(|_| Cut)?;
    // Mails are shown as a reader shows them, and nothing in them runs or is fetched.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'";
    let builder = Response::builder().header(CONTENT_TYPE, "text/html; charset=utf-8");
    whole(builder.header(CONTENT_SECURITY_POLICY, policy), text)
}

fn whole(builder: hyper::http::response::Builder, text: String) -> Result<Response<Full<Bytes>>, Cut> {
    builder.body(Full::new(Bytes::from(text))).map_err(|_| Cut)
}
