//! Mail: two parts, one thread for each alert, one copy for each address whatever another one says.

use far_side::{Mail, Reception, Stage};

use super::far::{far, quiet};
use crate::world::eventually;

const TO: [&str; 3] = ["one@example.com", "two@example.com", "three@example.com"];

fn header(mail: &Mail, name: &str) -> String {
    mail.header(name).unwrap_or_default()
}

#[test]
fn each_address_has_one_copy_with_both_parts_however_the_others_fare() {
    let far = far();
    let world = quiet()
        .set("alerts.email.smtp_url", far.smtp_url())
        .set("alerts.email.from", "Callbunker <callbunker@alerts.example.com>")
        .set("alerts.email.to", TO.join(","));
    far.receive(Some(TO[1]), Stage::To, Reception::Refuse(550, "no such mailbox".to_owned()), 1);
    far.receive(Some(TO[2]), Stage::To, Reception::Refuse(451, "greylisted".to_owned()), 1);
    let daemon = world.daemon();
    world.go_wrong();
    world.until_last("email", "waiting 1 451");
    assert_eq!(world.sql("SELECT taken_by::text FROM alert_messages"), format!("{{{}}}", TO[0]));
    world.try_again();
    world.until_last("email", "sent 2 250");
    let got = far.got();
    let mails: Vec<&Mail> = TO
        .iter()
        .map(|to| {
            let mails = got.mails_to(to);
            assert_eq!(mails.len(), 1, "{to} has one copy");
            mails[0]
        })
        .collect();
    assert!(mails.iter().all(|mail| mail.raw == mails[0].raw && mail.to.len() == 1), "one text, one envelope each");
    assert_eq!(mails[0].from, "callbunker@alerts.example.com");

    let (mail, text) = (mails[0], String::from_utf8_lossy(&mails[0].raw).into_owned());
    let id = world.sql("SELECT id FROM alert_messages");
    let alert = world.sql("SELECT id FROM alerts");
    assert!(mail.subject().starts_with("[callbunker default] WARNING events.rejected: "), "{}", mail.subject());
    assert_eq!(mail.headers("X-Callbunker-Notification"), [id.as_str()]);
    assert!(text.contains(&format!("Message-ID: <{id}@alerts.example.com>\r\n")), "{text}");
    assert!(text.contains(&format!("References: <{alert}@alerts.example.com>\r\n")), "{text}");
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    assert!(TO.iter().all(|to| text.contains(to)), "To names all: {text}");
    let (plain, html) = (mail.plain().unwrap(), mail.html().unwrap());
    let summary = world.sql("SELECT summary FROM alerts");
    for part in ["\nSince 20", "\nTo do: "] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    assert!(plain.starts_with(&summary), "{plain}");
    for page in ["admin/phones/dashboard/alerts", "runbook/events.rejected"] {
        let link = format!("https://numbers.example.com/{page}");
        assert!(plain.contains(&link) && html.contains(&format!("<a href=\"{link}\">")), "{html}");
    }

    // A server that dies after it has the mail, and one that is away: the same mail again, under the same id.
    far.receive(Some(TO[0]), Stage::End, Reception::Cut, 1);
    world.go_right();
    world.until_last("email", "waiting 1 ");
    far.set_dead(true);
    world.try_again();
    world.until_last("email", "waiting 2 ");
    far.set_dead(false);
    world.try_again();
    world.until_last("email", "sent 3 250");
    let got = far.got();
    let over = got.mails_to(TO[0]);
    assert_eq!(over.len(), 3, "the one that was cut came twice");
    assert_eq!((over[1].is_taken, over[2].is_taken), (false, true));
    assert_eq!(over[1].raw, over[2].raw, "the very same");
    assert!(over[1].subject().starts_with("[callbunker default] OVER events.rejected: "), "{}", over[1].subject());
    assert!(String::from_utf8_lossy(&over[1].raw).contains(&format!("References: <{alert}@")), "one thread");
    assert_eq!(got.mails_to(TO[1]).len(), 2);
    eventually("it is said", || daemon.has_logged("a message was taken"));
}
