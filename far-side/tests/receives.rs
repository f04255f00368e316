//! Mails and requests as they come over the wire, and every way in which they are failed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use far_side::{ALWAYS, Answer, FarSide, FarSideOptions, Reception, Stage};

const SOON: Duration = Duration::from_secs(10);
const MAIL: &str = "From: a@example.com\r\nTo: b@example.com\r\nSubject: =?utf-8?B?VGVzdA==?=\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    ..a line that began with a dot\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>seen <b>so</b></p>\r\n--x--\r\n";

/// Says a line to the mail server.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(far: &FarSide) -> Self {
        let stream = TcpStream::connect(far.smtp()).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The last line of the answer; empty: the connection is over.
    fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap_or(0) == 0 {
                return String::new();
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.hear()
    }

    /// Up to the answer to the whole mail, or to what failed it.
    fn deliver(far: &FarSide, to: &[&str]) -> String {
        let mut client = Self::new(far);
        let mut answer = client.hear();
        let recipients = to.iter().map(|to| format!("RCPT TO:<{to}>"));
        let lines =
            ["EHLO me".to_owned(), "MAIL FROM:<a@example.com> BODY=8BITMIME".into()].into_iter().chain(recipients);
        for line in lines.chain(["DATA".to_owned(), format!("{MAIL}.")]) {
            if !answer.starts_with(['2', '3']) {
                return answer;
            }
            answer = client.say(&line);
        }
        answer
    }
}

#[test]
fn a_mail_is_kept_as_it_came_and_read_as_a_reader_sees_it() {
    let far = FarSide::start(FarSideOptions::default()).unwrap();
    assert_eq!(Client::deliver(&far, &["b@example.com", "c@example.com"]), "250 2.0.0 taken");
    let got = far.got();
    let [mail] = got.mails.as_slice() else { panic!("{:?}", got.mails) };
    assert_eq!(String::from_utf8_lossy(&mail.raw), MAIL.replace("\r\n..a", "\r\n.a"));
    assert_eq!((mail.from.as_str(), mail.to.len(), mail.is_taken), ("a@example.com", 2, true));
    assert_eq!((mail.subject().as_str(), mail.header("to").is_some()), ("Test", true));
    assert_eq!(mail.plain().as_deref(), Some(".a line that began with a dot"));
    assert_eq!(mail.html().as_deref(), Some("<p>seen <b>so</b></p>"));
    assert_eq!((got.mails_to("C@example.com").len(), got.sessions[0].said[0].as_str()), (1, "EHLO me"));

    let page = ureq::get(far.url()).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("<h3>Test</h3>") && page.contains("&#60;p&#62;seen"), "{page}");
    assert!(!page.contains("<p>seen"), "{page}");
    let told = ureq::get(format!("{}/got", far.url())).call().unwrap().body_mut().read_to_string().unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["mails"][0]["subject"], &told["mails"][0]["to"][1]), (&"Test".into(), &"c@example.com".into()));
}

#[test]
fn a_mail_is_failed_where_and_as_often_as_it_is_ordered() {
    let far = FarSide::start(FarSideOptions::default()).unwrap();
    let refused = |code, text: &str| Reception::Refuse(code, text.into());
    far.receive(Some("b@example.com"), Stage::To, refused(550, "5.1.1 no such mailbox"), 1);
    assert_eq!(Client::deliver(&far, &["b@example.com"]), "550 5.1.1 no such mailbox");
    far.receive(None, Stage::Greeting, refused(421, "busy"), 1);
    assert_eq!(Client::deliver(&far, &["b@example.com"]), "421 busy");
    far.receive(None, Stage::End, refused(452, "full"), 1);
    assert_eq!(Client::deliver(&far, &["b@example.com"]), "452 full");
    assert_eq!(far.got().mails.len(), 0);
    far.receive(None, Stage::End, Reception::Cut, 1);
    assert_eq!(Client::deliver(&far, &["b@example.com"]), "");
    assert_eq!(Client::deliver(&far, &["b@example.com"]), "250 2.0.0 taken");
    let taken: Vec<bool> = far.got().mails.iter().map(|mail| mail.is_taken).collect();
    assert_eq!(taken, [false, true]);
    far.set_dead(true);
    assert_eq!(Client::deliver(&far, &["b@example.com"]), "");
    far.take_all();
    far.receive(None, Stage::Greeting, Reception::Stall, ALWAYS);
    let mut silent = Client::new(&far);
    silent.0.get_ref().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert_eq!(silent.hear(), "");
}

#[test]
fn only_who_knows_the_password_is_let_in_and_it_is_kept_nowhere() {
    let login = Some(("robot".to_owned(), "s3cret".to_owned()));
    let far = FarSide::start(FarSideOptions { login, ..FarSideOptions::default() }).unwrap();
    let mut client = Client::new(&far);
    client.hear();
    assert_eq!(client.say("EHLO me"), "250 AUTH PLAIN LOGIN");
    assert!(client.say("MAIL FROM:<a@example.com>").starts_with("530"));
    assert!(client.say("AUTH PLAIN AHJvYm90AHdyb25n").starts_with("535"));
    assert!(client.say("AUTH LOGIN").starts_with("334"));
    assert!(client.say("cm9ib3Q=").starts_with("334"));
    assert!(client.say("czNjcmV0").starts_with("235"));
    assert!(client.say("AUTH PLAIN AHJvYm90AHMzY3JldA==").starts_with("235"));
    assert!(client.say("MAIL FROM:<a@example.com>").starts_with("250"));
    let kept = format!("{:?}", far.got());
    assert!(
        kept.contains("AUTH PLAIN") && !kept.contains("AHJvYm90AHMzY3JldA") && !kept.contains("czNjcmV0"),
        "{kept}"
    );
}

#[test]
fn a_request_is_kept_whatever_it_is_answered() {
    let far = FarSide::start(FarSideOptions::default()).unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let post = |path: &str| agent.post(format!("{}{path}", far.url())).header("webhook-id", "1").send("{\"a\":1}");
    let status = |path: &str| post(path).unwrap().status().as_u16();
    far.answer("/webhook", Answer::Status(500), 1);
    far.answer("/webhook", Answer::With(429, "Retry-After", "7".into()), 1);
    far.answer("/webhook", Answer::With(307, "Location", "/elsewhere".into()), 1);
    assert_eq!(status("/webhook/x?y=1"), 500);
    let limited = post("/webhook").unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!((status("/webhook"), status("/webhook"), status("/v2/enqueue")), (307, 200, 202));
    far.answer("/slack", Answer::Cut, 1);
    assert!(post("/slack").is_err());

    let got = far.got();
    assert_eq!(
        got.requests.iter().map(|one| one.status.unwrap_or(0)).collect::<Vec<_>>(),
        [500, 429, 307, 200, 202, 0]
    );
    let [first, ..] = got.requests_to("/webhook")[..] else { panic!("{got:?}") };
    assert_eq!(
        (first.path.as_str(), first.header("Webhook-Id"), first.json()["a"].as_i64()),
        ("/webhook/x?y=1", Some("1"), Some(1))
    );

    far.answer("/webhook", Answer::Stall, 1);
    let mut stalled = TcpStream::connect(far.url().trim_start_matches("http://")).unwrap();
    stalled.write_all(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert!(far.wait_until(SOON, |got| got.requests.len() == 7));
    stalled.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(stalled.read(&mut [0]).is_err());
    far.forget();
    assert_eq!(far.got().requests.len(), 0);
}
