//! A sink of events as plain as possible: takes what comes, answers what it was told to, and remembers.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

#[derive(Clone, Debug)]
pub struct Delivered {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Delivered {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn events(&self) -> Vec<Value> {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether the URL is signed by this token.
    pub fn is_signed(&self, origin: &str, token: &str) -> bool {
        let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
        mac.update(format!("{origin}{}", self.path).as_bytes());
        self.header("X-Twilio-Signature") == Some(STANDARD.encode(mac.finalize().into_bytes()).as_str())
    }

    /// Whether the URL's hash is the body's.
    pub fn is_whole(&self) -> bool {
        let hash: String = Sha256::digest(&self.body).iter().map(|byte| format!("{byte:02x}")).collect();
        self.path.ends_with(&format!("bodySHA256={hash}"))
    }
}

pub struct Receiver {
    pub url: String,
    taken: Arc<Mutex<Vec<Delivered>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (taken, answers) = (Arc::default(), Arc::default());
        let receiver = Self { url, taken: Arc::clone(&taken), answers: Arc::clone(&answers) };
        // It ends with the test program; nothing outlives that.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (taken, answers) = (Arc::clone(&taken), Arc::clone(&answers));
                thread::spawn(move || answer(stream, &taken, &answers));
            }
        });
        receiver
    }

    /// What the next deliveries are answered with; 0 is no answer at all, and 200 comes after them.
    pub fn answers(&self, statuses: &[u16]) {
        *self.answers.lock().unwrap() = statuses.iter().copied().collect();
    }

    pub fn taken(&self) -> Vec<Delivered> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits for so many deliveries.
    pub fn wait(&self, count: usize) -> Vec<Delivered> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            assert!(Instant::now() < until, "{} of {count} deliveries came: {taken:?}", taken.len());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn answer(mut stream: TcpStream, taken: &Mutex<Vec<Delivered>>, answers: &Mutex<VecDeque<u16>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split_whitespace().nth(1).unwrap().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let status = answers.lock().unwrap().pop_front().unwrap_or(200);
    taken.lock().unwrap().push(Delivered { path, headers, body: String::from_utf8(body).unwrap() });
    if status != 0 {
        let _ = write!(stream, "HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n");
    }
}
