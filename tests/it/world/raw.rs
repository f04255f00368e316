//! Requests byte by byte, for what a well-behaved client does not send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::world::daemon::{Daemon, Reply};

/// Sends `request` (lines divided by newlines, then an empty line, then the body as it is) and reads until the
/// connection ends: say `Connection: close`.
pub fn raw(daemon: &Daemon, request: &str) -> Reply {
    parse(&text(daemon, request))
}

/// The same, as it came.
pub fn text(daemon: &Daemon, request: &str) -> String {
    let (head, body) = request.split_once("\n\n").expect("an empty line ends the head");
    let mut stream = connect(daemon);
    let head = head.replace('\n', "\r\n");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).expect("the daemon takes the request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the daemon ends the connection");
    String::from_utf8(answer).expect("an answer is text")
}

/// A connection that a test holds open.
pub fn connect(daemon: &Daemon) -> TcpStream {
    let address = daemon.url.strip_prefix("http://").expect("its url");
    let stream = TcpStream::connect(address).expect("the daemon listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream
}

fn parse(answer: &str) -> Reply {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let body = serde_json::from_str(body).unwrap_or(Value::String(body.to_owned()));
    Reply { status: status.unwrap_or_else(|| panic!("no HTTP: {answer:?}")), headers, body }
}
