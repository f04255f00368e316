//! What the log shows, and what it must not.

use std::io;
use std::sync::{Arc, Mutex};

use slog::{Drain, Logger, o};

use crate::client::get;
use crate::world::{ADMIN, World};

#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub fn logger(&self) -> Logger {
        let decorator = slog_term::PlainDecorator::new(self.clone());
        Logger::root(Mutex::new(slog_term::FullFormat::new(decorator).build()).fuse(), o!())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The line that has this text, once it is there.
    fn line(&self, text: &str) -> String {
        let all = self.text();
        all.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in {all}")).to_owned()
    }
}

#[tokio::test]
async fn each_request_has_a_line_and_no_line_has_a_key() {
    let lines = Lines::default();
    let world = World::with_log(lines.logger()).await;
    let mut client = world.client().await;
    for path in ["/metrics", "/panic", "/nowhere"] {
        let target = format!("{path}?x=1&api_key={ADMIN}");
        client.ask(get(&target, &format!("X-Request-Id: id{}\r\n", path.len()))).await;
    }
    let line = lines.line("method: GET, request_id: id8");
    for part in ["DEBG answered", "path: /metrics?x=1&api_key=REDACTED", "status: 200", "client: 127.0.0.1", "millis: "]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(lines.line("status: 500").contains("WARN"));
    assert!(lines.line("on purpose").contains("ERRO"));
    assert!(lines.line("path: /nowhere").contains("status: 404"));
    let all = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!all.contains(ADMIN), "{all}");
}

#[tokio::test]
async fn a_key_in_a_header_or_a_path_that_is_not_meant_for_it_stands_in_no_line() {
    let lines = Lines::default();
    let world = World::with_log(lines.logger()).await;
    let mut client = world.client().await;
    for target in ["/metrics".to_owned(), format!("/nowhere/{ADMIN}?reason={ADMIN}"), "/panic".to_owned()] {
        let answer = client.ask(get(&target, &format!("X-Request-Id: {ADMIN}\r\n"))).await;
        // Whoever guesses learns nothing.
        assert_eq!(answer.header("x-request-id"), Some(ADMIN));
    }
    client.ask(get(&format!("/nowhere?{}", "x".repeat(20_000)), "X-Request-Id: long\r\n")).await;
    client.ask(format!("{} /metrics HTTP/1.1\r\nHost: x\r\n\r\n", ADMIN.to_uppercase())).await;
    client.ask(format!("{ADMIN} /metrics HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    let all = lines.text();
    assert!(!all.contains(ADMIN) && all.contains("request_id: REDACTED"), "{all}");
    assert!(all.contains("path: /nowhere/REDACTED?reason=REDACTED"), "{all}");
    assert!(lines.line("request_id: long").len() < 1000, "{all}");
}
