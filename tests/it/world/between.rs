//! Somebody between a command and its daemon, who passes requests on, loses answers, or answers something else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What becomes of a request.
pub enum Fate {
    /// The daemon gets it, and its answer comes back.
    Passed,
    /// The daemon gets it, and this comes back; nothing at all when it is empty.
    PassedAndAnswered(String),
    /// The daemon never hears of it, and this comes back.
    Answered(String),
}

/// An answer as a server writes it.
pub fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A problem of a daemon's, with more members if there are any: `"purchase_id":"…"`.
pub fn problem(status: &str, code: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(",{more}") };
    answer(status, "application/problem+json", &format!(r#"{{"code":"{code}","detail":"It is told so."{more}}}"#))
}

/// What was asked, in this order: first lines, and each order's Idempotency-Key.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<(String, String)>>>);

impl Asked {
    /// The Idempotency-Keys of the requests whose first line begins so.
    pub fn keys(&self, begins: &str) -> Vec<String> {
        let asked = self.0.lock().unwrap();
        asked.iter().filter(|(line, _)| line.starts_with(begins)).map(|(_, key)| key.clone()).collect()
    }
}

/// Stands before a daemon. `fate` is given a request's first line and how many requests came before it.
pub fn between(daemon_url: &str, fate: impl Fn(&str, usize) -> Fate + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let daemon = daemon_url.trim_start_matches("http://").to_owned();
    let (fate, asked, came) = (Arc::new(fate), Asked::default(), AtomicUsize::new(0));
    let written = asked.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Some((line, request)) = read(&client, &written) else { continue };
            let fate = fate(&line, came.fetch_add(1, Ordering::SeqCst));
            let answer = match fate {
                Fate::Answered(answer) => answer,
                Fate::Passed => pass(&daemon, &request),
                Fate::PassedAndAnswered(answer) => {
                    pass(&daemon, &request);
                    answer
                }
            };
            let _ = (&client).write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

/// The first line, and the whole request, which asks for a connection of its own.
fn read(client: &TcpStream, asked: &Asked) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(client);
    let (mut line, mut head, mut length, mut key) = (String::new(), String::new(), 0, String::new());
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some((name, value)) if name.eq_ignore_ascii_case("idempotency-key") => key = value.to_owned(),
            Some(_) => {}
        }
        head += &header;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    asked.0.lock().unwrap().push((line.clone(), key));
    let mut request = format!("{line}{head}Connection: close\r\n\r\n").into_bytes();
    request.extend_from_slice(&body);
    Some((line, request))
}

fn pass(daemon: &str, request: &[u8]) -> String {
    let mut connection = TcpStream::connect(daemon).expect("the daemon");
    connection.write_all(request).expect("it listens");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("its answer");
    answer
}
