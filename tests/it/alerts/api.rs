//! What is seen of alerts: the list, the acknowledgement, a test, the warning at `/readyz`, the metrics, the pages.

use serde_json::{Value, json};

use crate::world::alerting::{cleared, raised, told};
use crate::world::browser::{Browser, HTML};
use crate::world::daemon::Daemon;
use crate::world::described::Description;
use crate::world::scrape::Scrape;
use crate::world::{ADMIN_KEY, World, eventually};

const ALERTS: &str = "/admin/phones/api/alerts";

fn kinds(daemon: &Daemon, query: &str) -> Vec<Value> {
    let page = daemon.get(&format!("{ALERTS}{query}")).ok();
    page["items"].as_array().expect("a list").iter().map(|alert| alert["kind"].clone()).collect()
}

fn warnings(daemon: &Daemon) -> Vec<String> {
    let ready = daemon.send("GET", "/readyz", &[], None).ok();
    let all = ready["warnings"].as_array().expect("a list").iter();
    all.filter_map(Value::as_str).filter(|warning| warning.starts_with("alerts_untold")).map(str::to_owned).collect()
}

#[test]
fn alerts_are_listed_acknowledged_and_told_of_when_they_reach_nobody() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let description = Description::new(daemon.send("GET", "/openapi.json", &[], None).ok());
    let checked = |operation: &str, reply: crate::world::daemon::Reply| {
        description.check(operation, &reply);
        reply
    };
    assert_eq!(kinds(&daemon, ""), Vec::<Value>::new());
    let bundle = raised(&world, "bundle.expiring", "gb", "warning", 9);
    told(&world, &bundle, "email", ("sent", 1, None), 9);
    told(&world, &bundle, "webhook", ("waiting", 3, Some("https://ops.example.com answered 500")), 9);
    let balance = raised(&world, "balance.low", "", "critical", 5);
    let over = raised(&world, "reconcile.failing", "", "warning", 20);
    cleared(&world, &over);
    assert_eq!(warnings(&daemon), Vec::<String>::new());
    told(&world, &balance, "slack", ("waiting", 2, Some("hooks.slack.com cannot be found")), 5);

    // The list, and how far each notification has come.
    assert_eq!(kinds(&daemon, ""), [json!("balance.low"), json!("bundle.expiring")]);
    assert_eq!(kinds(&daemon, "?state=all&limit=1"), [json!("reconcile.failing")]);
    let first = checked(&format!("GET {ALERTS}"), daemon.get(&format!("{ALERTS}?state=all&limit=2"))).ok();
    let cursor = first["next_cursor"].as_str().expect("there is one more");
    assert_eq!(kinds(&daemon, &format!("?state=all&limit=2&cursor={cursor}")), [json!("bundle.expiring")]);
    assert_eq!(
        (&first["items"][0]["summary"], &first["items"][0]["closed_at"].is_string()),
        (&json!("It is over."), &true)
    );
    daemon.get(&format!("{ALERTS}?state=some")).problem(422, "invalid_field");
    daemon.get(&format!("{ALERTS}?pool=gb")).problem(422, "unknown_field");
    let open = daemon.get(ALERTS).ok();
    let (low, ending) = (&open["items"][0], &open["items"][1]);
    let fields =
        ["kind", "pool", "subject", "severity", "summary", "detail", "todo", "runbook"].map(|name| &ending[name]);
    let expected = [
        "bundle.expiring",
        "gb",
        "gb",
        "warning",
        "It is bundle.expiring.",
        "Because of that.",
        "Mend it.",
        "/runbook/bundle.expiring",
    ];
    assert_eq!(fields, expected.map(|text| json!(text)).each_ref());
    let notifications = ending["notifications"].as_array().expect("a list");
    let of = |name: &str| notifications.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("channel"), ["email", "webhook"].map(|text| json!(text)));
    assert_eq!((of("state"), of("tries")), (vec![json!("sent"), json!("waiting")], vec![json!(1), json!(3)]));
    assert_eq!(
        (of("last_error")[1].as_str(), &of("last_error")[0]),
        (Some("https://ops.example.com answered 500"), &Value::Null)
    );
    assert!(of("sent_at")[0].is_string() && of("sent_at")[1].is_null() && of("event")[0] == "raised", "{ending}");
    // One of them reached somebody, and the other nobody.
    assert!(ending["untold_since"].is_null() && low["untold_since"].is_string(), "{open}");
    eventually("it is a warning", || warnings(&daemon).len() == 1);
    assert!(
        warnings(&daemon)[0].contains("1 alert reached nobody since")
            && warnings(&daemon)[0].contains("callbunker alerts test")
    );
    eventually("machines hear of it", || {
        let seen = Scrape::of(&daemon);
        let count = |kind, severity| seen.get("callbunker_alerts_open", &[("kind", kind), ("severity", severity)]);
        count("balance.low", "critical") == 1.0
            && count("bundle.expiring", "warning") == 1.0
            && count("reconcile.failing", "warning") == 0.0
            && seen.get("callbunker_alerts_untold", &[]) == 1.0
            && seen.get("callbunker_alert_message_oldest_seconds", &[("channel", "slack")]) > 200.0
    });
    world.sql("UPDATE alert_messages SET state = 'sent', ended_at = now() WHERE channel = 'slack'");
    eventually("it is told", || warnings(&daemon).is_empty());

    // Somebody knows.
    let acknowledge = |id: &str| daemon.post_empty(&format!("{ALERTS}/{id}/acknowledge"));
    let operation = "POST /admin/phones/api/alerts/{id}/acknowledge";
    let known = checked(operation, acknowledge(&bundle)).ok();
    assert!(known["acknowledged_by"].is_string() && known["acknowledged_at"].is_string(), "{known}");
    assert_eq!(acknowledge(&bundle).ok(), known, "again changes nothing");
    let closed = acknowledge(&over).ok();
    assert!(closed["acknowledged_by"].is_null() && closed["closed_at"].is_string(), "{closed}");
    checked(operation, acknowledge("00000000-0000-7000-8000-000000000000")).problem(404, "not_found");
    acknowledge("bundle").problem(404, "not_found");
    eventually("the trail has it", || {
        let trail = daemon.get("/admin/phones/api/audit?action=acknowledge").ok();
        trail["items"].as_array().expect("a list").iter().any(|line| line["detail"]["alert_id"] == json!(bundle))
    });

    // Nobody is configured, so nobody is asked.
    let tested = checked(&format!("POST {ALERTS}/test"), daemon.post_empty(&format!("{ALERTS}/test"))).ok();
    assert_eq!(tested, json!({"channels": []}));
    pages(&daemon, &bundle, &balance);
}

/// The same without a script.
fn pages(daemon: &Daemon, known: &str, news: &str) {
    let browser = Browser::logged_in(daemon, ADMIN_KEY);
    let page = |path: &str| browser.get(daemon, path).ok().as_str().expect("a page").to_owned();
    let home = page("/admin/phones/dashboard");
    let (worst, other) = (home.find(&format!("id=\"alert-{news}\"")), home.find(&format!("id=\"alert-{known}\"")));
    assert!(worst.is_some() && worst < other, "the worst is first:\n{home}");
    assert!(home.contains("webhook: ") && home.contains("https://ops.example.com answered 500"), "{home}");
    assert!(
        home.contains(&format!("acts/acknowledge?alert_id={news}"))
            && !home.contains(&format!("acts/acknowledge?alert_id={known}"))
    );
    let list = page("/admin/phones/dashboard/alerts");
    assert!(list.contains("no channel is configured"), "{list}");
    assert!(list.contains("It is over.") && list.contains("reconcile.failing"), "{list}");
    assert!(!page("/admin/phones/dashboard/alerts?state=open").contains("It is over."));
    let asked = page(&format!("/admin/phones/dashboard/acts/acknowledge?alert_id={news}"));
    assert!(asked.contains("It is balance.low.") && asked.contains("Acknowledge"), "{asked}");
    let runbook = daemon.send("GET", "/runbook/balance.low", &[HTML], None);
    assert_eq!(runbook.status, 200);
    daemon.send("GET", "/runbook/nothing.at-all", &[], None).problem(404, "not_found");
}
