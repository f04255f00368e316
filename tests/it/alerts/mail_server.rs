//! The mail server of the tests is one: what it offers, whom it refuses, and that it delivers; and the daemon mails by it.

use std::io::Write as _;

use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::Severity;
use lettre::{Message, SmtpTransport, Transport};

use super::far::quiet;
use crate::world::authority::Authority;
use crate::world::mail_server::MailServer;
use crate::world::reloading::Reloading;
use crate::world::{World, eventually};

/// The transport of a URL, which believes this authority and knows this password.
fn to(url: &str, authority: Option<&Authority>, password: &str) -> SmtpTransport {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (user, place) = rest.split_once('@').unwrap_or(("", rest));
    let (host, port) = place.split_once(':').expect("a host and a port");
    let mut transport = SmtpTransport::builder_dangerous(host).port(port.parse().expect("a port"));
    if let Some(authority) = authority {
        let root = Certificate::from_pem(authority.pem().as_bytes()).expect("its certificate");
        let parameters = TlsParameters::builder(host.to_owned()).add_root_certificate(root).build().expect("TLS");
        transport = transport.tls(if scheme == "smtps" { Tls::Wrapper(parameters) } else { Tls::Required(parameters) });
        transport = transport.credentials(Credentials::new(user.to_owned(), password.to_owned()));
    }
    transport.build()
}

fn letter(to: &str) -> Message {
    let (from, to) = ("callbunker@example.com", to);
    let builder = Message::builder().from(from.parse().expect("a mailbox")).to(to.parse().expect("a mailbox"));
    let builder = builder.subject("Pool gb is empty").message_id(Some("<one@example.com>".into()));
    builder.header(ContentType::TEXT_PLAIN).body("Nobody can sign up.".to_owned()).expect("a mail")
}

#[test]
fn a_real_mail_server_takes_refuses_puts_off_and_delivers() {
    let authority = Authority::new("Alerts' own");
    let server = MailServer::start(&authority);
    let known = to(&server.url(), Some(&authority), MailServer::PASSWORD);
    known.send(&letter("one@example.com")).unwrap_or_else(|error| panic!("{error}: {}", server.log()));
    let wrapped = to(&server.tls_url(), Some(&authority), MailServer::PASSWORD);
    wrapped.send(&letter("two@example.com")).unwrap_or_else(|error| panic!("{error}: {}", server.log()));
    eventually("both are delivered", || server.mails().len() == 2);
    let mails = server.mails();
    let of_one = mails.iter().find(|mail| mail.to == ["one@example.com"]).expect("the first one's");
    assert_eq!((of_one.from.as_str(), of_one.subject().as_str()), ("callbunker@example.com", "Pool gb is empty"));
    assert_eq!(of_one.plain().expect("its text").trim_end(), "Nobody can sign up.");

    let refused = |transport: &SmtpTransport, to: &str| transport.send(&letter(to)).expect_err("refused").status();
    assert_eq!(refused(&to(&server.url(), Some(&authority), "wrong"), "one@example.com").map(u16::from), Some(535));
    assert!(to(&server.url(), Some(&Authority::new("Somebody else's")), "").send(&letter("one@example.com")).is_err());
    assert_eq!(refused(&to(&server.bare_url(), None, ""), "one@example.com").map(u16::from), Some(550));
    server.refuse("gone@example.com");
    assert_eq!(
        refused(&known, "gone@example.com").map(|code| code.severity),
        Some(Severity::PermanentNegativeCompletion)
    );
    server.greylist();
    assert_eq!(refused(&known, "three@example.com").map(u16::from), Some(451));
    server.delay(1);
    known.send(&letter("three@example.com")).unwrap_or_else(|error| panic!("{error}: {}", server.log()));
    eventually("the second try is delivered", || server.mails().len() == 3);

    let bare = MailServer::without_tls();
    to(&bare.bare_url(), None, "")
        .send(&letter("one@example.com"))
        .unwrap_or_else(|error| panic!("{error}: {}", bare.log()));
    eventually("delivered without TLS", || bare.mails().len() == 1);
}

#[test]
fn a_daemon_mails_by_a_real_mail_server_over_tls_with_a_password_and_outlasts_a_greylist() {
    let authority = Authority::new("a company");
    let server = MailServer::start(&authority);
    let mut trusted = tempfile::NamedTempFile::new().expect("a file");
    trusted.write_all(authority.pem().as_bytes()).expect("its certificate");
    let readers = ["one@example.com", "two@example.com", "gone@example.com"];
    let mut world = quiet()
        .set("SSL_CERT_FILE", trusted.path().display())
        .set("alerts.email.smtp_url", server.url())
        .set("alerts.email.from", "callbunker@example.com")
        .set("alerts.email.to", readers.join(","))
        .set("ALERT_SMTP_PASSWORD", "wrong");
    server.refuse(readers[2]);
    server.greylist();
    let last = |world: &World| world.messages("email").pop().unwrap_or_default();
    let daemon = world.daemon();
    world.go_wrong();
    eventually("a wrong password is told", || last(&world).contains(" 535 "));
    assert!(server.mails().is_empty());
    assert_eq!(daemon.stop(), Some(0));

    world.change("ALERT_SMTP_PASSWORD", MailServer::PASSWORD);
    let _daemon = world.daemon();
    eventually("two have it, and the third has no mailbox", || {
        world.try_again();
        server.mails().len() == 2 && last(&world).contains("no such mailbox")
    });
    let mails = server.mails();
    let of = |reader: &str| mails.iter().find(|mail| mail.to == [reader]).unwrap_or_else(|| panic!("{}", server.log()));
    let (one, two) = (of(readers[0]), of(readers[1]));
    assert_eq!((one.header("Message-ID"), one.plain()), (two.header("Message-ID"), two.plain()));
    assert!(one.html().is_some_and(|html| html.contains("<html")), "{:?}", one.html());
    let log = server.log();
    assert!(log.contains("greylisted, come back") && log.contains("A=plain:robot") && log.contains("X=TLS"), "{log}");
    // Whoever has it is left alone, however often the third is tried.
    let tries = || world.count("SELECT tries FROM alert_messages WHERE channel = 'email'");
    let before = tries();
    eventually("it is tried again", || {
        world.try_again();
        tries() > before + 1
    });
    assert_eq!(world.sql("SELECT array_to_string(taken_by, ' ') FROM alert_messages"), readers[..2].join(" "));
    assert_eq!(server.mails().len(), 2);
}

#[test]
fn a_server_that_offers_no_tls_gets_nothing_but_from_the_machine_it_runs_on() {
    let server = MailServer::without_tls();
    // By its address it might be any machine's.
    let elsewhere = server.bare_url().replace("localhost", "0.0.0.0");
    let toml = |url: &str| {
        let email = format!("smtp_url = \"{url}\"\nfrom = \"callbunker@example.com\"\nto = [\"one@example.com\"]\n");
        format!("[alerts]\nfor_secs = 1\n[alerts.email]\n{email}")
    };
    let changing = Reloading::in_world(World::new().quiet(), &toml(&elsewhere));
    let world = &changing.world;
    world.go_wrong();
    world.until_last("email", "waiting 1 ");
    let said = world.messages("email").pop().unwrap_or_default();
    assert!(said.contains("0.0.0.0: ") && said.contains("STARTTLS"), "{said}");
    assert!(server.mails().is_empty());
    changing.write("callbunker.toml", &toml(&server.bare_url()));
    assert_eq!(changing.reload()["msg"], "the configuration was reloaded");
    eventually("it is delivered without TLS", || {
        world.try_again();
        server.mails().len() == 1
    });
    eventually("and written down", || world.messages("email").pop().is_some_and(|last| last.starts_with("sent ")));
    assert!(!server.log().contains("X=TLS"), "{}", server.log());
}
