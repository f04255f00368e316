//! Nothing secret, no user's id and no whole number is told to anybody, written into the log, or kept beside what was told.

use far_side::{Answer, FarSide, FarSideOptions, Reception, Stage};

use super::SIGNING;
use super::far::quiet;
use crate::world::command::run;
use crate::world::eventually;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const USER: &str = "sesame-user-4711";

#[test]
fn nothing_secret_no_users_id_and_no_whole_number_is_told_logged_or_kept() {
    let login = Some(("ops@example.com".to_owned(), "sesame-password".to_owned()));
    let far = FarSide::start(FarSideOptions { login, ..FarSideOptions::default() }).expect("a far side");
    let world = quiet()
        .set("alerts.email.smtp_url", format!("smtp://ops%40example.com@{}", far.smtp()))
        .set("ALERT_SMTP_PASSWORD", "sesame-password")
        .set("alerts.email.from", "callbunker@example.com")
        .set("alerts.email.to", "ops@example.com")
        .set("ALERT_WEBHOOK_URL", format!("{}/hook/sesame-hook?key=sesame-query", far.url()))
        .set("ALERT_WEBHOOK_SECRET", SIGNING)
        .set("alerts.slack", true)
        .set("ALERT_SLACK_URL", format!("{}/slack/T000/B000/sesame-slack", far.url()))
        .set("alerts.pagerduty", true)
        .set("alerts.pagerduty_url", format!("{}/v2/enqueue", far.url()))
        .set("ALERT_PAGERDUTY_KEY", KEY)
        .set("ALERT_HEARTBEAT_URL", format!("{}/life/sesame-life", far.url()));
    for path in ["/hook", "/slack", "/v2", "/life"] {
        far.answer(path, Answer::Status(400), 1);
    }
    far.receive(None, Stage::Auth, Reception::Refuse(535, "no such login".to_owned()), 1);
    world.stock("default", 1, 1);
    let daemon = world.daemon();
    daemon.assign(USER).ok();
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    eventually("it is raised", || world.alerts_open() == ["webhooks.drift warning"]);
    let channels = ["email", "webhook", "slack", "pagerduty"];
    eventually("each was tried", || {
        channels.iter().all(|channel| world.messages(channel).iter().any(|one| !one.starts_with("waiting 0")))
    });
    eventually("each was told", || {
        world.try_again();
        channels.iter().all(|channel| world.messages(channel).iter().all(|one| one.starts_with("sent ")))
    });
    assert_eq!(world.messages("email")[0], "sent 2 250", "the first login was refused");

    let got = far.got();
    assert_eq!(got.mails[0].user.as_deref(), Some("ops@example.com"));
    let mails: String =
        got.mails.iter().filter_map(|mail| Some(format!("{}{}", mail.plain()?, mail.html()?))).collect();
    let said: String =
        got.requests.iter().map(|request| String::from_utf8_lossy(&request.body).replace(KEY, "")).collect();
    let tables =
        ["alerts", "alert_transitions", "alert_messages", "alert_channels", "alert_notifications", "account_looks"];
    let kept: String =
        tables.iter().map(|table| world.sql(&format!("SELECT json_agg(t)::text FROM {table} t"))).collect();
    let env: Vec<(&str, &str)> = world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let checked = run(&env, &["check-config", "--offline"]);
    let pages = ["/metrics", "/readyz", "/admin/phones/api/status", "/admin/phones/api/audit"];
    let answers: String = pages.iter().map(|page| daemon.get(page).body.to_string()).collect();
    for (where_, text) in [
        ("mails", mails),
        ("requests", said),
        ("kept", kept),
        ("checked", format!("{}{}", checked.stdout, checked.stderr)),
        ("log", daemon.log_text()),
        ("answers", answers),
    ] {
        for secret in ["sesame-password", "sesame-hook", "sesame-query", "sesame-slack", "sesame-life", SIGNING, KEY] {
            assert!(!text.contains(secret), "{where_} has {secret}");
        }
        if matches!(where_, "mails" | "requests" | "kept") {
            assert!(!text.contains(USER) && !text.contains("9075550001"), "{where_}: {text}");
        }
    }
}
