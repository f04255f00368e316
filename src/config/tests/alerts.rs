//! Who is told of alerts: what contradicts itself is refused, and no secret is shown.

use secrecy::ExposeSecret as _;

use super::{World, assert_holds};
use crate::config::describe_effective;
use crate::domain::alert::AlertChannel;

const SIGNING: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const PAGERDUTY: &str = "R0UTINGKEYR0UTINGKEYR0UTINGKEYR0";
const PASSWORD: &str = "correct-horse-battery";
const MAIL: &str = "[alerts.email]\nsmtp_url = \"smtps://us%40er@mail.example.com\"\nfrom = \"callbunker@example.com\"\nto = [\"Ops <ops@example.com>\"]";

fn alerts(toml: &str) -> World {
    World::new().toml(toml)
}

#[test]
fn what_contradicts_itself_is_refused() {
    let mail = |from: &str, to: &str| {
        format!("[alerts.email]\nsmtp_url = \"smtp://mail.example.com\"\nfrom = \"{from}\"\nto = [{to}]")
    };
    let smtp = |url: &str| mail("a@example.com", "\"b@example.com\"").replace("smtp://mail.example.com", url);
    let many = (0..21).map(|n| format!("\"o{n}@example.com\"")).collect::<Vec<_>>().join(", ");
    let sms = |to: &str, from: &str| format!("[alerts.sms]\nto = [{to}]\nfrom = \"{from}\"");
    let one = "\"+14155550100\"";
    let numbers = (0..11).map(|n| format!("\"+141555501{n:02}\"")).collect::<Vec<_>>().join(", ");
    for (toml, parts) in [
        ("[alerts]\nlow_fraction = 0".to_owned(), &["alerts.low_fraction", "above 0"][..]),
        ("[alerts]\nlow_fraction = 1.5".to_owned(), &["alerts.low_fraction", "up to 1"]),
        ("[alerts]\nlow_fraction = \"half\"".to_owned(), &["alerts.low_fraction", "is text"]),
        ("[alerts]\nfor_secs = 0".to_owned(), &["alerts.for_secs", "1 to 3600 seconds"]),
        ("[alerts]\nrepeat_hours = 721".to_owned(), &["alerts.repeat_hours", "0 to 720 hours"]),
        ("[alerts]\nbalance_min = -1".to_owned(), &["alerts.balance_min", "20.00"]),
        ("[alerts]\nbalance_min = \"much\"".to_owned(), &["alerts.balance_min", "20.00"]),
        ("[alerts]\nslack = true".to_owned(), &["alerts.slack", "ALERT_SLACK_URL"]),
        ("[alerts]\npagerduty = true".to_owned(), &["alerts.pagerduty", "ALERT_PAGERDUTY_KEY"]),
        ("[alerts]\nslack_url = \"https://x\"".to_owned(), &["alerts.slack_url", "is a secret", "ALERT_SLACK_URL"]),
        ("[alerts]\nheartbeat_url = \"http://hc.example.com\"".to_owned(), &["alerts.heartbeat_url", "plain http"]),
        (
            "[alerts]\nheartbeat_url = \"https://u:p@hc.example.com\"".to_owned(),
            &["alerts.heartbeat_url", "a password", "ALERT_HEARTBEAT_URL"],
        ),
        (
            "[alerts.webhook]\nurl = \"https://ops.example.com/x\"".to_owned(),
            &["alerts.webhook.url", "ALERT_WEBHOOK_SECRET"],
        ),
        ("[alerts.webhook]\nurl = \"https://ops.example.com/#x\"".to_owned(), &["alerts.webhook.url", "a fragment"]),
        ("[alerts.email]\nto = [\"ops@example.com\"]".to_owned(), &["alerts.email.smtp_url", "is missing"]),
        (mail("nobody", "\"b@example.com\""), &["alerts.email.from", "is no mailbox"]),
        (mail("a@example.com", "\"b@\""), &["alerts.email.to", "no mailbox"]),
        (mail("a@example.com", "\"b@example.com\", \"B@example.com\""), &["alerts.email.to", "twice"]),
        (mail("a@example.com", &many), &["alerts.email.to", "more than 20"]),
        (smtp("https://mail.example.com"), &["alerts.email.smtp_url", "neither smtps nor smtp"]),
        (smtp("smtp://mail.example.com/x"), &["alerts.email.smtp_url", "a path"]),
        (smtp("smtp://u:p@mail.example.com"), &["alerts.email.smtp_url", "a password", "ALERT_SMTP_PASSWORD"]),
        (smtp("smtp://u@mail.example.com"), &["alerts.email.smtp_url", "a user without", "ALERT_SMTP_PASSWORD"]),
        (format!("[alerts.sms]\nto = [{one}]"), &["alerts.sms.from", "is missing"]),
        ("[alerts.sms]\nfrom = \"Ops\"".to_owned(), &["alerts.sms.to", "is missing"]),
        (sms(one, "+14155550100"), &["alerts.sms.from", "is among alerts.sms.to"]),
        (sms(one, "MG0123456789abcdef0123456789abcdef"), &["alerts.sms.from", "a number of a pool"]),
        (sms(one, "123456789012"), &["alerts.sms.from", "no sender of texts"]),
        (sms("\"4155550100\"", "Ops"), &["alerts.sms.to", "+14155550100"]),
        (sms(&format!("{one}, {one}"), "Ops"), &["alerts.sms.to", "twice"]),
        (sms(&numbers, "Ops"), &["alerts.sms.to", "more than 10"]),
        (format!("{}\nper_day_max = 0", sms(one, "Ops")), &["alerts.sms.per_day_max", "1 to 1000 messages"]),
    ] {
        assert_holds(&alerts(&toml).problem(), parts);
    }
}

#[test]
fn secrets_that_are_none_or_of_no_use_are_refused() {
    for (name, value, parts) in [
        ("ALERT_WEBHOOK_SECRET", "whsec_c2hvcnQ=", &["no signing secret", "24 to 64 bytes"][..]),
        ("ALERT_WEBHOOK_SECRET", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", &["no signing secret"]),
        ("ALERT_WEBHOOK_SECRET", SIGNING, &["signs nothing", "alerts.webhook.url"]),
        ("ALERT_SMTP_PASSWORD", PASSWORD, &["is of no mail server"]),
        ("ALERT_PAGERDUTY_KEY", "short", &["32 letters and digits"]),
        ("ALERT_SLACK_URL", "http://hooks.slack.com/x", &["plain http"]),
        ("ALERT_WEBHOOK_URL", "https://ops.example.com/x", &["nothing signs"]),
        ("ALERT_HEARTBEAT_URL", "no address", &["is not a URL"]),
        ("ALERT_SMTP_URL", "https://u:p@mail.example.com", &["neither smtps nor smtp"]),
        ("ALERT_SMTP_URL", "smtps://u:p@mail.example.com", &["alerts.email.from", "is missing"]),
    ] {
        let problem = World::new().with(name, value).problem();
        assert_holds(&problem, parts);
        assert!(!problem.contains(value), "{problem}");
    }
    let six = [SIGNING; 6].join(",");
    let world = alerts("[alerts.webhook]\nurl = \"https://ops.example.com/x\"").with("ALERT_WEBHOOK_SECRET", &six);
    assert_holds(&world.problem(), &["more than 5"]);
    let world = alerts("[alerts.webhook]\nurl = \"https://ops.example.com/x\"")
        .with("ALERT_WEBHOOK_SECRET", SIGNING)
        .with("ALERT_WEBHOOK_URL", "https://ops.example.com/y");
    assert_holds(&world.problem(), &["ALERT_WEBHOOK_URL", "both set, and differ"]);
    let mail = "[alerts.email]\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]";
    assert_holds(&alerts(mail).problem(), &["alerts.email.smtp_url", "is missing"]);
    let given = |smtp: &str| alerts(mail).with("ALERT_SMTP_URL", smtp);
    assert_holds(&given("smtps://us@mail.example.com").problem(), &["ALERT_SMTP_URL", "a user without"]);
    assert_holds(&given("smtps://:pw@mail.example.com").problem(), &["ALERT_SMTP_URL", "a password of no user"]);
    let twice = given("smtps://us:another@mail.example.com").with("ALERT_SMTP_PASSWORD", PASSWORD);
    assert_holds(&twice.problem(), &["ALERT_SMTP_PASSWORD", "both set, and differ"]);
    let world = alerts(MAIL).with("ALERT_SMTP_URL", "smtps://us:pw@other.example.com");
    assert_holds(&world.problem(), &["ALERT_SMTP_URL", "both set, and differ"]);
}

#[test]
fn a_mail_server_that_is_a_secret_has_its_password_inside() {
    let mail = "[alerts.email]\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]";
    let url = format!("smtps://us%40er:{}@mail.example.com:465", PASSWORD.replace('-', "%2D"));
    let config = alerts(mail).with("ALERT_SMTP_URL", &url).load().unwrap();
    let mail = config.alert_channels().email.unwrap();
    let (user, password) = mail.login.as_ref().unwrap();
    assert_eq!((user.as_str(), password.expose_secret()), ("us@er", PASSWORD));
    assert_eq!(
        (mail.server.host.as_str(), mail.server.is_wrapped, mail.server.port),
        ("mail.example.com", true, Some(465))
    );
    for shown in [describe_effective(&config), format!("{config:?}"), format!("{mail:?}")] {
        assert!(!shown.contains(PASSWORD) && !shown.contains("%2D"), "{shown}");
    }
}

#[test]
fn a_channel_that_is_whole_is_there_and_nothing_secret_of_it_is_shown() {
    let toml = format!(
        "[alerts]\nslack = true\npagerduty = true\nbalance_min = 20\nlow_fraction = 1\n{MAIL}\n\
         [alerts.webhook]\nurl = \"https://ops.example.com/path-of-the-webhook\"\n\
         [alerts.sms]\nto = [\"+14155550100\"]\nfrom = \"Ops 24\""
    );
    let secrets = [
        ("ALERT_SMTP_PASSWORD", PASSWORD),
        ("ALERT_WEBHOOK_SECRET", SIGNING),
        ("ALERT_SLACK_URL", "https://hooks.slack.com/services/path-of-slack"),
        ("ALERT_PAGERDUTY_KEY", PAGERDUTY),
        ("ALERT_HEARTBEAT_URL", "https://hc-ping.com/path-of-the-heartbeat"),
    ];
    let world = secrets.iter().fold(alerts(&toml), |world, (name, value)| world.with(name, value));
    let config = world.load().unwrap();
    let channels = config.alert_channels();
    let in_use: Vec<AlertChannel> = channels.in_use().into_iter().map(|(channel, _)| channel).collect();
    assert_eq!(in_use, AlertChannel::ALL);
    let mail = channels.email.as_ref().unwrap();
    assert!(mail.server.is_wrapped && !mail.server.is_here && mail.server.port.is_none());
    let (user, password) = mail.login.as_ref().unwrap();
    assert_eq!((user.as_str(), password.expose_secret()), ("us@er", PASSWORD));
    assert_eq!(channels.heartbeat.as_ref().unwrap().expose_secret(), secrets[4].1);
    for shown in [
        describe_effective(&config),
        format!("{config:?}"),
        format!("{channels:?}"),
        format!("{:?}", channels.in_use()),
    ] {
        for secret in [PASSWORD, &SIGNING[6..], PAGERDUTY, "path-of"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    let nobody = World::new().load().unwrap().alert_channels();
    assert!(nobody.in_use().is_empty() && nobody.heartbeat.is_none());
}

#[test]
fn a_mail_server_on_this_machine_is_told_from_others() {
    for (url, is_here) in [
        ("smtp://127.0.0.1:2525", true),
        ("smtp://[::1]:2525", true),
        ("smtp://localhost", true),
        ("smtp://localhost.example.com", false),
        ("smtp://mail.example.com", false),
    ] {
        let toml = MAIL.replace("smtps://us%40er@mail.example.com", url);
        let channels = alerts(&toml).load().unwrap().alert_channels();
        let server = channels.email.unwrap().server;
        assert_eq!((server.is_here, server.is_wrapped, server.host.contains('[')), (is_here, false, false), "{url}");
    }
}

#[test]
fn a_reload_says_which_address_is_another_one_without_showing_it() {
    let with = |path: &str| {
        alerts(&format!("[alerts.webhook]\nurl = \"https://ops.example.com/{path}\""))
            .with("ALERT_WEBHOOK_SECRET", SIGNING)
    };
    let running = with("one").load().unwrap();
    let reload = crate::config::Config::load_for_reload(&with("two").sources, &running).unwrap();
    assert_eq!(reload.changed, ["alerts.webhook.url"]);
    assert!(reload.needs_restart.is_empty());
    let [one, two] = [&running, &reload.config].map(|config| config.alert_channels().in_use());
    assert_ne!(one[0].1, two[0].1, "another address has another fingerprint");
}
