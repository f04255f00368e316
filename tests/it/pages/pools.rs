//! Pages with several pools, and with one: which pool they are about, and that the address keeps it.

use serde_json::json;
use twilio_simulator::{BundleOrder, Fault, FaultKind, NumberKind, On};

use crate::world::World;
use crate::world::daemon::{Daemon, Reply};

const HOME: &str = "/admin/phones/dashboard";
/// The pages that are about all pools, or about one.
const LISTS: [&str; 4] = ["/numbers", "/assignments", "/orders", "/passes"];
const BUNDLE: &str = "BU0123456789abcdef0123456789abcdef";

fn text(reply: &Reply) -> &str {
    reply.body.as_str().expect("a page is no JSON")
}

fn page(daemon: &Daemon, path: &str) -> String {
    let page = daemon.get(path);
    assert_eq!(page.status, 200, "{path}: {page:?}");
    text(&page).to_owned()
}

/// One of the US beside the default one, and one of British mobile numbers.
fn three_pools() -> World {
    let world = World::new()
        .quiet()
        .set("pools.east.country", "US")
        .set("pools.east.threshold_low", 0)
        .set("pools.gb.country", "GB")
        .set("pools.gb.number_type", "mobile")
        .set("pools.gb.bundle_sid", BUNDLE)
        .set("pools.gb.threshold_low", 0);
    world.twilio.bundle(BundleOrder::new("GB", NumberKind::Mobile).sid(BUNDLE));
    world
}

/// Some numbers that a search finds together.
fn buy(daemon: &Daemon, count: u32) -> String {
    let order = daemon.post("/admin/phones/api/purchase", &json!({"count": count, "area_code": "415"})).ok();
    order["purchase_id"].as_str().expect("an order").to_owned()
}

/// Puts some of the default pool's idle numbers into another one.
fn put_into(world: &World, pool: &str, count: u32) {
    world.sql(&format!(
        "UPDATE numbers SET pool = '{pool}' WHERE id IN (
             SELECT number_id FROM leases WHERE pool = 'default' AND user_id IS NULL ORDER BY number_id LIMIT {count})"
    ));
}

#[test]
fn where_there_is_one_pool_the_pages_say_nothing_of_pools() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = buy(&daemon, 3);
    let number = daemon.assign("ann").ok()["phone_number"].as_str().expect("a number").to_owned();
    let of_one = [
        String::new(),
        format!("/numbers/{number}"),
        "/users/ann".to_owned(),
        format!("/orders/{order}"),
        "/search?q=%2B1415".to_owned(),
        "/acts/purchase?count=1".to_owned(),
        "/acts/replenish".to_owned(),
    ];
    for below in LISTS.map(str::to_owned).into_iter().chain(of_one) {
        let html = page(&daemon, &format!("{HOME}{below}"));
        for word in [
            "aria-label=\"Pools\"",
            "data-mixed",
            "<select name=\"pool\"",
            ">Pool</th>",
            "pool=",
            "Move to pool",
            "for default",
        ] {
            assert!(!html.contains(word), "{word} in {below}: {html}");
        }
    }
    assert!(!page(&daemon, HOME).contains("h-pools"), "one pool that is as it should be needs no line");
}

#[test]
fn the_choice_stays_in_the_address_and_in_every_link() {
    let world = three_pools();
    let daemon = world.daemon();
    buy(&daemon, 3);
    put_into(&world, "east", 1);
    let all = page(&daemon, HOME);
    for way in ["\"/admin/phones/dashboard?pool=gb\">gb<", "\"/admin/phones/dashboard?pool=east\">east<"] {
        assert!(all.contains(way), "{way}: {all}");
    }
    assert!(all.contains("\"/admin/phones/dashboard\" aria-current=\"true\">All pools<"), "{all}");
    let east = page(&daemon, &format!("{HOME}?pool=east&hours=168"));
    // Another pool keeps what else was chosen; what is about this one alone keeps the pool.
    for link in [
        "href=\"/admin/phones/dashboard?hours=168&#38;pool=gb\"",
        "href=\"/admin/phones/dashboard/numbers?pool=east\"",
        "href=\"/admin/phones/dashboard/assignments?pool=east\"",
        "href=\"/admin/phones/dashboard/orders?pool=east\"",
        "href=\"/admin/phones/dashboard/passes?pool=east\"",
        "href=\"/admin/phones/dashboard/acts/replenish?pool=east\"",
        "href=\"/admin/phones/dashboard/numbers?status=missing&#38;pool=east\"",
        "href=\"?hours=24&#38;pool=east#h-chart\"",
    ] {
        assert!(east.contains(link), "{link}: {east}");
    }
    for list in LISTS {
        let html = page(&daemon, &format!("{HOME}{list}?pool=east"));
        assert!(html.contains("aria-current=\"true\">east<") && !html.contains(">Pool</th>"), "{html}");
    }
    // A filter of the list goes on with it, and so does its file.
    let numbers = page(&daemon, &format!("{HOME}/numbers?pool=east"));
    assert!(numbers.contains("<input type=\"hidden\" name=\"pool\" value=\"east\">"), "{numbers}");
    assert!(numbers.contains("/numbers.csv?pool=east"), "{numbers}");
    // What no pool is called is told as what it is.
    daemon.get(&format!("{HOME}?pool=west")).problem(404, "not_found");
    daemon.get(&format!("{HOME}?pool=W+est")).problem(422, "invalid_field");
    daemon.get(&format!("{HOME}/chart?pool=west")).problem(404, "not_found");
}

#[test]
fn lines_say_of_which_pool_they_are_and_one_pool_has_its_own_only() {
    let world = three_pools();
    let daemon = world.daemon();
    buy(&daemon, 3);
    put_into(&world, "east", 1);
    let east = world.sql("SELECT phone_number FROM numbers WHERE pool = 'east'");
    let others = world.sql("SELECT phone_number FROM numbers WHERE pool = 'default'");
    let rows = |path: &str| page(&daemon, path).matches("<tr role=\"row\">").count();
    assert_eq!((rows(&format!("{HOME}/numbers")), rows(&format!("{HOME}/numbers?pool=east"))), (3, 1));
    let all = page(&daemon, &format!("{HOME}/numbers"));
    assert!(all.contains(">Pool</th>") && all.contains("data-label=\"Pool\">east<"), "{all}");
    let stock = page(&daemon, &format!("{HOME}?pool=east"));
    let listed = |number: &str| stock.contains(&format!("data-number=\"{number}\""));
    assert!(listed(&east) && !others.lines().any(listed), "{stock}");
    let csv = page(&daemon, &format!("{HOME}/numbers.csv"));
    assert!(csv.lines().any(|line| line.starts_with(&east) && line.contains(",east,")), "{csv}");
    // Whoever looks for numbers is told of which pool each is.
    let found = page(&daemon, &format!("{HOME}/search?q=%2B1415"));
    assert!(found.contains("<td>east</td>") && found.contains("<td>default</td>"), "{found}");
    let number = page(&daemon, &format!("{HOME}/numbers/{east}"));
    assert!(
        number.contains("<dt>Pool</dt><dd><a href=\"/admin/phones/dashboard/numbers?pool=east\">east</a>"),
        "{number}"
    );
    assert!(number.contains(", local</dd>"), "{number}");
    // Of a pool that nobody configures the list still tells.
    put_into(&world, "gone", 1);
    let gone = page(&daemon, &format!("{HOME}/numbers?pool=gone"));
    assert!(gone.contains("aria-current=\"true\">gone<") && gone.contains("<tr role=\"row\">"), "{gone}");
}

#[test]
fn a_number_is_offered_the_other_pools_of_its_kind_and_no_others() {
    let world = three_pools();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let number = world.sql("SELECT phone_number FROM numbers LIMIT 1");
    let about = format!("{HOME}/acts/move?phone_number=%2B{}", &number[1..]);
    assert!(page(&daemon, &format!("{HOME}/numbers/{number}")).contains("Move to pool…"));
    let question = page(&daemon, &about);
    assert!(question.contains("<select name=\"pool\"><option value=\"east\">east</option></select>"), "{question}");
    // Where there is none, and of what cannot move, the question says so and has no button.
    let cannot = |why: &str| {
        let html = page(&daemon, &about);
        assert!(html.contains(why) && !html.contains("class=\"go\""), "{why}: {html}");
        assert!(!page(&daemon, &format!("{HOME}/numbers/{number}")).contains("Move to pool…"), "{why}");
    };
    world.sql(&format!("UPDATE numbers SET missing_since = now() WHERE phone_number = '{number}'"));
    cannot("It is missing, on hold or being given back");
    world.sql(&format!(
        "UPDATE numbers SET missing_since = NULL, number_type = 'toll_free', apart = true WHERE phone_number = '{number}'"
    ));
    cannot("No other pool holds US numbers that are toll-free.");
    let strange = page(&daemon, &format!("{HOME}/acts/move?phone_number=%2B14155550199"));
    assert!(strange.contains("It is not callbunker"), "{strange}");
}

#[test]
fn buying_and_replenishing_name_the_pool_and_what_its_numbers_cost() {
    let world = three_pools();
    let daemon = world.daemon();
    let form = page(&daemon, &format!("{HOME}?pool=gb"));
    assert!(form.contains("<option value=\"gb\" selected>gb: GB, mobile"), "{form}");
    assert!(form.contains("<option value=\"east\" data-area-codes>east: US, local"), "{form}");
    let question = page(&daemon, &format!("{HOME}/acts/purchase?count=2&pool=gb"));
    assert!(question.contains("Buy 2 numbers for gb?"), "{question}");
    assert!(question.contains("name=\"pool\" value=\"gb\""), "{question}");
    let plan = daemon.get("/admin/phones/api/plan?count=2&pool=gb").ok();
    let unit = plan["unit_price"].as_str().expect("a price");
    assert!(question.contains(&format!("2 numbers at USD {unit} each")), "{unit}: {question}");
    daemon.get(&format!("{HOME}/acts/purchase?count=2&pool=gb&area_code=415")).problem(422, "invalid_field");
    let replenish = page(&daemon, &format!("{HOME}/acts/replenish?pool=east"));
    assert!(
        replenish.contains("Replenish east now?") && replenish.contains("name=\"pool\" value=\"east\""),
        "{replenish}"
    );
    daemon.get(&format!("{HOME}/acts/replenish?pool=west")).problem(422, "invalid_field");
}

#[test]
fn what_halts_one_pool_is_told_where_it_is_resumed() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let resume = format!("{HOME}/acts/resume?pool=default");
    let calm = page(&daemon, &resume);
    assert!(calm.contains("It is not halted.") && !calm.contains("class=\"go\""), "{calm}");
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(21_649));
    daemon.purchase(1).ok();
    let question = page(&daemon, &resume);
    assert!(question.contains("Resume default?") && question.contains("It needs pool.bundle_sid."), "{question}");
    let headers = [("X-Admin-API-Key", crate::world::ADMIN_KEY), ("Content-Type", "application/x-www-form-urlencoded")];
    let acts = format!("{HOME}/acts/resume");
    assert_eq!(daemon.send("POST", &acts, &headers, Some(b"pool=default")).status, 303);
    assert_eq!(world.count("SELECT count(*) FROM pool_halts"), 0);
    let told = world.sql("SELECT action, detail->>'pool' FROM audit WHERE method = 'POST' ORDER BY id DESC LIMIT 1");
    assert_eq!(told, "resume|default", "the trail says which");
}
