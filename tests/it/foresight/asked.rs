//! Who found nothing ready is noted, once; from that and from the assignments the advice comes, and what-if agrees with it.

use serde_json::{Value, json};

use crate::world::command::callbunker;
use crate::world::{World, eventually};

#[test]
fn whoever_finds_nothing_is_noted_once_and_counts_with_those_who_were_served() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 100);
    let daemon = world.daemon();
    daemon.post("/admin/phones/api/pause", &json!({"reason": "nothing is bought"})).ok();
    let refused = |body: Value| daemon.post("/signup/api/assign", &body).problem(503, "pool_empty");
    for user in ["u-1", "u-2", "u-1", "u-1"] {
        refused(json!({ "user_id": user }));
    }
    // More stock would not have served whoever insists on an area code.
    daemon
        .post("/signup/api/assign", &json!({"user_id": "u-9", "area_code": "415", "strict": true}))
        .problem(409, "area_code_unavailable");
    // Unless five minutes ended between two of them.
    let noted = || world.count("SELECT count(DISTINCT user_key) FROM demand WHERE pool = 'default'");
    eventually("both are noted", || noted() == 2);
    // However often they ask at once, it is one note for each of them in five minutes, and not more than one is sent at a time: the key
    // of what is kept would hide that.
    world.sql(
        "CREATE TABLE sent (sending bigint, user_key bytea);
         CREATE FUNCTION is_sent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN INSERT INTO callbunker.sent VALUES (txid_current(), NEW.user_key); RETURN NEW; END $$;
         CREATE TRIGGER is_sent BEFORE INSERT ON demand FOR EACH ROW EXECUTE FUNCTION is_sent()",
    );
    std::thread::scope(|scope| {
        for user in ["u-1", "u-2", "u-1", "u-2"] {
            scope.spawn(move || (0..8).for_each(|_| drop(refused(json!({ "user_id": user })))));
        }
    });
    assert!(
        noted() == 2 && world.count("SELECT count(*) FROM demand") <= 4,
        "they were hammered for less than five minutes"
    );
    // Each of the hammering threads had its last answer after it was noted.
    eventually("what was noted was sent", || world.count("SELECT count(DISTINCT user_key) FROM sent") == 2);
    assert_eq!(
        world.count("SELECT max(n) FROM (SELECT count(*) AS n FROM sent GROUP BY sending, user_key) AS each"),
        1
    );
    let digest = "substring(sha256('u-1'::bytea) FOR 8)";
    eventually("by the short digest", || {
        world.count(&format!("SELECT count(*) FROM demand WHERE user_key = {digest}")) > 0
    });

    // One of them is served after all, and another one at once: three asked, not four.
    world.stock("default", 1, 9);
    daemon.assign("u-1").ok();
    daemon.assign("u-3").ok();
    assert_eq!(noted(), 2);
    let supposed = || daemon.get("/admin/phones/api/what-if").ok();
    eventually("they are three", || supposed()["signups"] == 3);
    assert_eq!(supposed()["history_days"], 0);
}

#[test]
fn the_advice_is_what_the_pools_own_policy_meets_and_the_command_says_the_same() {
    let world = World::new().quiet().set("pool.replenishment_batch_size", 5).set("foresight.waiting_share_max", 0.01);
    world.crowds("default", 10);
    let daemon = world.daemon();
    // Every second crowd finds what was bought for those who did not wait for it.
    let advice = daemon.get("/admin/phones/api/advice").ok();
    let threshold = advice["threshold"].as_u64().expect("a threshold");
    assert!((5..=11).contains(&threshold), "{advice}");
    assert_eq!(
        (&advice["pool"], &advice["binding"], &advice["accuracy"]),
        (&json!("default"), &json!("replay"), &json!(null))
    );
    // Nothing was bought yet, so nobody knows how soon numbers are ready.
    assert_eq!((&advice["confidence"], advice["history_days"].as_u64()), (&json!("low"), Some(10)));
    let share = |field: &str| advice[field].as_f64().expect("a share");
    assert!(share("share_waiting_now") > 0.4 && share("share_waiting_then") <= 0.01, "{advice}");
    assert!(
        advice["because"].as_str().is_some_and(|because| because.starts_with("1200 signups of 10 days")),
        "{advice}"
    );
    let cost = |document: &Value, field: &str| document[field].as_str().expect("an amount").parse::<f64>().unwrap();
    assert!(cost(&advice, "monthly_cost_then") > cost(&advice, "monthly_cost_now"), "{advice}");

    // To the last digit.
    let what_if = |question: &str| daemon.get(&format!("/admin/phones/api/what-if?{question}"));
    let then = what_if(&format!("threshold={threshold}")).ok();
    assert_eq!(then["share_waiting"], advice["share_waiting_then"]);
    assert_eq!(then["monthly_cost"], advice["monthly_cost_then"]);
    let now = what_if("").ok();
    assert_eq!((&now["share_waiting"], now["signups"].as_u64()), (&advice["share_waiting_now"], Some(1200)));
    assert!(
        now["wait_p95_secs"].as_f64() >= now["wait_p50_secs"].as_f64() && now["emergencies"].as_u64() > Some(0),
        "{now}"
    );
    let more = what_if("growth=1.5&lead_secs=0&rate=100&batch=7&threshold=40").ok();
    assert!((1700..1900).contains(&more["signups"].as_u64().expect("a count")) && more["waiting"] == 0, "{more}");
    // Twice as many are more in a day than may be bought.
    let twice = what_if("growth=2&lead_secs=0&rate=100&batch=7&threshold=40").ok();
    assert!(twice["signups"] == 2400 && twice["waiting"].as_u64() > Some(0), "{twice}");
    for (question, field) in [
        ("batch=0", "batch"),
        ("batch=101", "batch"),
        ("threshold=-1", "threshold"),
        ("lead_secs=604801", "lead_secs"),
        ("rate=0", "rate"),
        ("rate=inf", "rate"),
        ("growth=0.05", "growth"),
        ("growth=nan", "growth"),
        ("growth=11", "growth"),
    ] {
        let problem = what_if(question).problem(422, "invalid_field");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(field)), "{question}: {problem}");
    }
    what_if("treshold=3").problem(422, "unknown_field");
    what_if("pool=gb").problem(404, "not_found");
    daemon.get("/admin/phones/api/advice?pool=gb").problem(404, "not_found");

    let page = daemon.get("/admin/phones/dashboard/foresight");
    let text = page.body.as_str().unwrap_or_default();
    assert!(page.status == 200 && text.contains(&format!("A threshold of {threshold} would do; it is 0.")), "{page:?}");
    assert!(
        text.contains("advised threshold") && text.contains("configured threshold, threshold in force"),
        "{page:?}"
    );

    let told = callbunker(&daemon, &["advice"]).table();
    assert!(told.contains("1200 signups of 10 days") && told.contains(&threshold.to_string()), "{told}");
    let told = callbunker(&daemon, &["what-if", "--threshold", &threshold.to_string(), "--json"]).json();
    assert_eq!(told["share_waiting"], advice["share_waiting_then"]);
    assert!(callbunker(&daemon, &["what-if", "--growth", "2"]).table().contains("2400"));
}
