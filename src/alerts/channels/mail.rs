//! Mail: one message with a plain and an HTML part, sent to each address by itself.
//!
//! Invariants: the same `Message-ID` for each address and each try; TLS with a server that is not on this machine; whoever has it is not
//! sent it again because another one refuses.
//! How to get it wrong: one envelope for all. A server that refuses one address may take the mail for the others, or may not.

use std::error::Error as _;

use askama::Template;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::response::Code;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use rustls::RootCertStore;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::parcel::{Contents, Parcel};
use super::reply::{Failure, Reply, TRY};
use super::taken::Taken;
use crate::alerts::words::Lines;
use crate::config::{Mail, Trusted};
use crate::domain::cleaned;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

#[derive(Template)]
#[template(path = "alert_mail.html")]
struct Html<'a> {
    subject: &'a str,
    paragraphs: &'a [Lines],
}

/// Sends it to each address that has it not yet.
pub(in crate::alerts) async fn by_mail(mail: &Mail, trusted: &Trusted, parcel: &Parcel, taken: Taken<'_>) -> Reply {
    let (transport, letter) = match (transport(mail, trusted), letter(mail, parcel)) {
        (Ok(transport), Ok(letter)) => (transport, letter),
        (Err(error), _) | (_, Err(error)) => return Reply::Failed(Failure::of_far_side(error)),
    };
    let mut failures = Vec::new();
    let all = async {
        for to in mail.to.iter().filter(|to| !parcel.taken_by.contains(to)) {
            match send(&transport, mail, &letter, to).await {
                Ok(()) => taken.by(to).await,
                Err((failure, is_of_server)) => {
                    failures.push(failure);
                    if is_of_server {
                        // The next address would fare no better.
                        return;
                    }
                }
            }
        }
    };
    if timeout(TRY, all).await.is_err() {
        let error = format!("{} did not end within {} s", mail.server.host, TRY.as_secs());
        failures.push(Failure::of_far_side(error));
    }
    // The far side's own fault counts more than an address's.
    match failures.into_iter().max_by_key(|failure| failure.blames_far_side) {
        None => Reply::Taken { status: Some(250) },
        Some(failure) => Reply::Failed(failure),
    }
}

/// Sends it to one address. In a failure, whether it is the server's own, whoever it is for.
async fn send(transport: &Transport, mail: &Mail, letter: &[u8], to: &str) -> Result<(), (Failure, bool)> {
    let envelope = address(to).and_then(|to| {
        let from = address(&mail.from)?;
        lettre::address::Envelope::new(Some(from), vec![to]).ok()
    });
    let Some(envelope) = envelope else {
        let error = format!("{to} is no mailbox");
        return Err((Failure { blames_far_side: false, ..Failure::of_far_side(error) }, false));
    };
    let Err(error) = transport.send_raw(&envelope, letter).await else { return Ok(()) };
    let (status, host) = (error.status(), &mail.server.host);
    // The login, or that there is none, is nothing that a mailbox has to do with.
    let is_of_login = status.is_some_and(|status| matches!(number(status), 530..=539));
    let blames_far_side = !error.is_permanent() || is_of_login;
    let why = cleaned(&in_full(&error));
    let error = match status {
        Some(_) if !is_of_login => format!("{host} does not take it for {to}: {why}"),
        _ => format!("{host}: {why}"),
    };
    let failure = Failure { status: status.map(number), error, blames_far_side, retry_after: None };
    Err((failure, status.is_none() || is_of_login))
}

fn address(mailbox: &str) -> Option<Address> {
    Some(mailbox.parse::<Mailbox>().ok()?.email)
}

fn number(code: Code) -> i32 {
    i32::from(u16::from(code))
}

fn in_full(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(why) = source {
        let why_text = why.to_string();
        if !text.contains(&why_text) {
            text = format!("{text}: {why_text}");
        }
        source = why.source();
    }
    text
}

fn transport(mail: &Mail, trusted: &Trusted) -> Result<Transport, String> {
    let server = &mail.server;
    let mut tls = TlsParameters::builder(server.host.clone()).certificate_store(CertificateStore::None);
    for der in trusted.iter().filter(|der| is_authority(der)) {
        let certificate = Certificate::from_der(der.to_vec()).map_err(|error| cleaned(&error.to_string()))?;
        tls = tls.add_root_certificate(certificate);
    }
    let tls = tls.build_rustls().map_err(|error| format!("{}: {}", server.host, cleaned(&in_full(&error))))?;
    let (tls, usual) = match (server.is_wrapped, server.is_here) {
        (true, _) => (Tls::Wrapper(tls), 465),
        (false, false) => (Tls::Required(tls), 587),
        (false, true) => (Tls::Opportunistic(tls), 25),
    };
    let mut building = Transport::builder_dangerous(server.host.clone())
        .port(server.port.unwrap_or(usual))
        .tls(tls)
        .timeout(Some(TRY));
    if let Some((user, password)) = &mail.login {
        building = building.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
    }
    Ok(building.build())
}

/// Whether it is one that can be believed; one odd certificate must not keep all mail back.
fn is_authority(der: &[u8]) -> bool {
    RootCertStore::empty().add(der.to_vec().into()).is_ok()
}

/// The whole mail, the same for each address and try.
fn letter(mail: &Mail, parcel: &Parcel) -> Result<Vec<u8>, String> {
    let from: Mailbox = mail.from.parse().map_err(|_odd| "alerts.email.from is no mailbox".to_owned())?;
    let domain = from.email.domain().to_owned();
    let (subject, paragraphs) = (parcel.subject(), parcel.paragraphs());
    let plain = paragraphs.iter().map(Lines::plain).collect::<Vec<_>>().join("\n\n");
    let html = Html { subject: &subject, paragraphs: &paragraphs }.render().map_err(|error| error.to_string())?;
    let mut building = Message::builder()
        .from(from)
        .subject(&subject)
        .date(parcel.created_at.into())
        .message_id(Some(format!("<{}@{domain}>", parcel.id)));
    for to in mail.to.iter().filter_map(|to| to.parse().ok()) {
        building = building.to(to);
    }
    if let Some(references) = references(parcel, &domain) {
        building = building.references(references);
    }
    let parts = MultiPart::alternative()
        .boundary(format!("callbunker-{}", parcel.id.simple()))
        .singlepart(SinglePart::plain(plain))
        .singlepart(SinglePart::html(html));
    let message = building.multipart(parts).map_err(|error| error.to_string())?;
    let mut letter = b"Auto-Submitted: auto-generated\r\n".to_vec();
    for id in notifications(parcel) {
        letter.extend(format!("X-Callbunker-Notification: {id}\r\n").into_bytes());
    }
    letter.extend(message.formatted());
    Ok(letter)
}

/// The ids of what it tells, that of the mail first.
fn notifications(parcel: &Parcel) -> Vec<String> {
    let mut ids = vec![parcel.id];
    if let Contents::Alerts(all) = &parcel.contents {
        ids.extend(all.iter().map(|one| one.id).filter(|id| *id != parcel.id));
    }
    ids.iter().map(ToString::to_string).collect()
}

/// Whatever is told of an alert is one thread.
fn references(parcel: &Parcel, domain: &str) -> Option<String> {
    let Contents::Alerts(all) = &parcel.contents else { return None };
    let mut ids: Vec<_> = all.iter().map(|one| one.alert).collect();
    ids.dedup();
    Some(ids.iter().map(|id| format!("<{id}@{domain}>")).collect::<Vec<_>>().join(" "))
}
