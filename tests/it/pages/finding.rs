//! What people look for and find: searches, pages of one thing, lists in both directions, files.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use crate::world::browser::HTML;
use crate::world::comparing::{reconcile, stocked};
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ADMIN_KEY, World, eventually};

const DASHBOARD: &str = "/admin/phones/dashboard";

fn text(reply: &Reply) -> &str {
    reply.body.as_str().expect("a page is no JSON")
}

/// A page as a browser asks for it.
fn page(daemon: &Daemon, path: &str) -> Reply {
    daemon.send("GET", &format!("{DASHBOARD}{path}"), &[("X-Admin-API-Key", ADMIN_KEY), HTML], None)
}

fn found(daemon: &Daemon, asked: &str) -> Reply {
    page(daemon, &format!("/search?q={}", form_urlencoded::byte_serialize(asked.as_bytes()).collect::<String>()))
}

/// The page's own heading.
fn heading(reply: &Reply) -> String {
    let heading = text(reply).split("<h1").nth(1).expect("a heading").split("</h1>").next().unwrap();
    let mut plain = String::new();
    let mut is_tag = true;
    for character in heading.chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            other if !is_tag => plain.push(other),
            _ => {}
        }
    }
    plain.trim().to_owned()
}

/// As the pages write a number.
fn shown(number: &str) -> String {
    format!("+1 {} {} {}", &number[2..5], &number[5..8], &number[8..])
}

#[test]
fn a_search_takes_any_part_that_people_say_of_a_number_a_user_or_an_order() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = daemon.post("/admin/phones/api/purchase", &json!({"count": 3, "area_code": "415"})).ok();
    let other = daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": "907"})).ok();
    let alone = other["numbers"][0]["phone_number"].as_str().unwrap();
    for user in ["user-1@example.com", "user-2@example.com", "User-3@example.com", "éva"] {
        daemon.assign(user).ok();
    }
    daemon.release("user-1@example.com").ok();
    // Parts that fit one thing lead to its page.
    let sid = other["numbers"][0]["sid"].as_str().unwrap();
    let pretty = format!("{}-{}", &alone[5..8], &alone[8..]);
    for asked in
        [alone, &alone[5..], &pretty, &format!("({}) {pretty}", &alone[2..5]), "907", "+1907", sid, &sid.to_uppercase()]
    {
        let page = found(&daemon, asked);
        assert_eq!((page.status, heading(&page)), (200, shown(alone)), "{asked}");
    }
    for asked in ["USER-2@EXAMPLE.COM", "uSer-2", "user-2@example.com"] {
        assert_eq!(heading(&found(&daemon, asked)), "user-2@example.com", "{asked}");
    }
    assert_eq!(heading(&found(&daemon, "USER-3")), "User-3@example.com");
    assert_eq!(heading(&found(&daemon, "év")), "éva");
    let id = order["purchase_id"].as_str().unwrap();
    assert_eq!(heading(&found(&daemon, id)), format!("Order …{}", &id[28..]));
    assert_eq!(heading(&found(&daemon, &id.to_uppercase())), format!("Order …{}", &id[28..]));
    // What fits several is a list: those who had a number once, too.
    let users = found(&daemon, "user-");
    assert_eq!(heading(&users), "Found for user-");
    for user in ["user-1@example.com", "user-2@example.com", "User-3@example.com"] {
        assert!(text(&users).contains(&format!(">{user}</a>")), "{users:?}");
    }
    let numbers = found(&daemon, "415");
    for line in order["numbers"].as_array().unwrap() {
        assert!(text(&numbers).contains(&shown(line["phone_number"].as_str().unwrap())), "{numbers:?}");
    }
    assert!(!text(&numbers).contains(&shown(alone)), "{numbers:?}");
    // What fits nothing says so.
    for asked in [
        "nobody",
        "+1999",
        "PN00000000000000000000000000000000",
        "00000000-0000-4000-8000-000000000000",
        "%",
        "_",
        "\\",
        "12",
    ] {
        let page = found(&daemon, asked);
        assert_eq!((page.status, heading(&page)), (404, "Nothing found".to_owned()), "{asked}");
    }
    page(&daemon, "/search?q=x&colour=red");
    let odd = page(&daemon, "/search?q=x&colour=red");
    assert_eq!(odd.status, 422);
    assert!(text(&odd).contains("colour is no parameter here"), "{odd:?}");
}

#[test]
fn an_ignored_number_is_found_listed_and_heeded_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.own(ForeignNumber::new("+14155550142").friendly_name("somebody else's"));
    daemon.post("/admin/phones/api/numbers/+14155550142/ignore", &json!({})).ok();
    for asked in ["+14155550142", "(415) 555-0142", "0142", "+1415"] {
        let page = found(&daemon, asked);
        assert_eq!((page.status, heading(&page)), (200, shown("+14155550142")), "{asked}");
        assert!(text(&page).contains("Ignored since") && text(&page).contains("acts/unignore?"), "{page:?}");
    }
    let listed = page(&daemon, "/numbers?status=ignored");
    assert!(text(&listed).contains(&shown("+14155550142")) && text(&listed).contains("1–1 of 1"), "{listed:?}");
    let ignored = daemon.get("/admin/phones/api/ignored-numbers").ok();
    assert_eq!(ignored["items"][0]["phone_number"], "+14155550142");
    let unknown = daemon.get("/admin/phones/api/numbers/+14155550142").problem(404, "not_found");
    assert!(unknown["detail"].as_str().unwrap().contains("ignored since"), "{unknown}");
    let undo = page(&daemon, "/acts/unignore?phone_number=%2B14155550142");
    assert!(text(&undo).contains("Ignore +1 415 555 0142 no more?"), "{undo:?}");
    let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/x-www-form-urlencoded")];
    let done =
        daemon.send("POST", &format!("{DASHBOARD}/acts/unignore"), &headers, Some(b"phone_number=%2B14155550142"));
    assert_eq!(done.status, 303);
    assert_eq!(daemon.get("/admin/phones/api/ignored-numbers").ok()["items"], json!([]));
    assert_eq!(found(&daemon, "0142").status, 404);
    assert_eq!(reconcile(&daemon)["foreign"], 1, "it is named again");
    daemon.post("/admin/phones/api/numbers/+14155550142/unignore", &json!({})).problem(404, "not_found");
}

#[test]
fn an_order_has_a_page_with_its_numbers_and_twilios_own_words_for_what_fell_short() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let good = daemon.post("/admin/phones/api/purchase", &json!({"count": 2, "area_code": "415"})).ok();
    let user = daemon.assign("ann").ok();
    let of = |order: &serde_json::Value| page(&daemon, &format!("/orders/{}", order["purchase_id"].as_str().unwrap()));
    let whole = of(&good);
    for words in [
        "2 of 2 bought",
        "An operator ordered it.",
        "2 numbers in US, area code 415 only",
        "2 numbers at USD 1.15 each: USD 2.30 a month",
        "ann",
        &shown(user["phone_number"].as_str().unwrap()),
        good["requested_by"].as_str().unwrap(),
    ] {
        assert!(text(&whole).contains(words), "{words}: {whole:?}");
    }
    world.twilio.fault(Fault::new(On::Create, FaultKind::TestCredentials).forever());
    let short = daemon.purchase(1).ok();
    let told = of(&short);
    let request = short["errors"][0]["request_ids"][0].as_str().expect("Twilio's request");
    assert!(text(&told).contains(request) && text(&told).contains("docs/api/errors/20008"), "{told:?}");
    assert!(text(&told).contains("0 of 1 bought"), "{told:?}");
    // It is linked from its numbers, from the list and from the trail.
    let id = good["purchase_id"].as_str().unwrap();
    let link = format!("/dashboard/orders/{}", id.replace('-', "%2D"));
    let number = good["numbers"][0]["phone_number"].as_str().unwrap();
    for path in [format!("/numbers/{number}"), "/orders".to_owned(), "/audit".to_owned(), "/numbers".to_owned()] {
        let page = page(&daemon, &path);
        assert!(text(&page).contains(&link), "{path}: {page:?}");
    }
    for nowhere in ["/orders/00000000-0000-4000-8000-000000000000", "/orders/x"] {
        let page = page(&daemon, nowhere);
        assert!(page.status == 404 && text(&page).contains("There is no order with this id"), "{page:?}");
    }
    let filtered = page(&daemon, "/orders?state=halted&trigger=manual");
    assert!(!text(&filtered).contains(&link), "{filtered:?}");
}

#[test]
fn a_number_has_a_page_that_says_how_it_stands_at_twilio_and_comes_without_it() {
    let (world, daemon, numbers) = stocked(2);
    let path = format!("/numbers/{}", numbers[0]);
    let told = page(&daemon, &path);
    let sid = world.twilio.truth().owned_number(&numbers[0]).unwrap().sid.clone();
    for words in [
        "https://app.example.com/twilio/voice",
        "https://app.example.com/twilio/sms",
        "callbunker:default:",
        "voice, sms",
        "USD 1.15 a month",
        &format!("https://console.twilio.com/us1/develop/phone-numbers/manage/incoming/{sid}/configure"),
    ] {
        assert!(text(&told).contains(words), "{words}: {told:?}");
    }
    assert!(!text(&told).contains("Set its webhooks"), "they are right: {told:?}");
    crate::world::comparing::rewire(&world, &numbers[0]);
    let differs = page(&daemon, &path);
    assert!(text(&differs).contains("sms_url") && text(&differs).contains("Set its webhooks"), "{differs:?}");
    let question = page(&daemon, &format!("/acts/configure-webhooks?phone_number=%2B{}", &numbers[0][1..]));
    assert!(text(&question).contains(&format!("Set the webhooks of {}?", shown(&numbers[0]))), "{question:?}");
    let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/x-www-form-urlencoded")];
    crate::world::comparing::rewire(&world, &numbers[1]);
    let body = format!("phone_number=%2B{}", &numbers[0][1..]);
    daemon.send("POST", &format!("{DASHBOARD}/acts/configure-webhooks"), &headers, Some(body.as_bytes()));
    let is_ours = |number: &String| crate::world::comparing::is_ours(&world, number);
    assert_eq!((is_ours(&numbers[0]), is_ours(&numbers[1])), (true, false), "only the one");
    world.twilio.fault(Fault::new(On::Fetch, FaultKind::Hang).forever());
    let alone = page(&daemon, &path);
    assert!(text(&alone).contains("not known") && text(&alone).contains("What happened to it"), "{alone:?}");
    let asked = daemon.get(&format!("/admin/phones/api/numbers/{}?twilio=true", numbers[0])).ok();
    assert!(asked["at_twilio"]["error"].is_string(), "{asked}");
    assert!(daemon.get(&format!("/admin/phones/api/numbers/{}", numbers[0])).ok()["at_twilio"].is_null());
}

#[test]
fn a_users_page_says_that_their_number_is_gone_and_frees_them() {
    let (world, daemon, _) = stocked(3);
    let number = daemon.assign("ann").ok()["phone_number"].as_str().unwrap().to_owned();
    assert!(!text(&page(&daemon, "/users/ann")).contains("Gone at Twilio"));
    assert!(world.twilio.disown(&number));
    reconcile(&daemon);
    let gone = page(&daemon, "/users/ann");
    assert!(text(&gone).contains("Gone at Twilio since") && text(&gone).contains("acts/release-user?"), "{gone:?}");
    let lost = page(&daemon, &format!("/numbers/{number}"));
    let (worst, rest) = (text(&lost).find("Gone at Twilio since"), text(&lost).find("besides, it is assigned to ann"));
    assert!(worst.is_some() && worst < rest, "the worst first: {lost:?}");
    daemon.release("ann").ok();
    let free = page(&daemon, "/users/ann");
    assert!(text(&free).contains("Has no number now") && text(&free).contains(&shown(&number)), "{free:?}");
    assert_eq!(page(&daemon, "/users/nobody").status, 404);
}

#[test]
fn whoever_mistypes_an_address_is_shown_the_way_and_a_program_gets_the_problem() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for path in ["/", "/admin", "/admin/", "/admin/phones/dashboard/"] {
        for method in ["GET", "HEAD"] {
            let led = daemon.send(method, path, &[HTML], None);
            assert_eq!((led.status, led.headers["location"].as_str()), (303, DASHBOARD), "{method} {path}");
        }
        daemon.send("GET", path, &[("Accept", "application/json")], None).problem(404, "not_found");
        daemon.send("GET", path, &[("Accept", "*/*")], None).problem(404, "not_found");
        assert_eq!(daemon.send("HEAD", path, &[("Accept", "*/*")], None).status, 404);
        daemon.send("POST", path, &[HTML], Some(b"")).problem(404, "not_found");
    }
    let lost = page(&daemon, "/nowhere");
    assert_eq!((lost.status, lost.headers["content-type"].as_str()), (404, "text/html; charset=utf-8"));
    assert!(
        text(&lost).contains("There is no page at this address")
            && text(&lost).contains("To the dashboard")
            && text(&lost).contains("<a href=\"/problems/not_found\">What this means</a>"),
        "{lost:?}"
    );
    daemon.get(&format!("{DASHBOARD}/nowhere")).problem(404, "not_found");
    daemon.send("GET", "/nowhere", &[HTML], None).problem(404, "not_found");
}

/// So many numbers, the first `users` of them somebody's, one after the other a minute apart.
fn fill(world: &World, numbers: u32, users: u32) {
    world.sql(&format!(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907' || (2000000 + n), 'US', '907', 'active', 'configured', true, now() - interval '1 hour'
           FROM generate_series(1, {numbers}) AS n;
         UPDATE leases SET user_id = 'user-' || number_id || '@example.com', source = 'import', assignment_id = nextval('assignment_ids'),
                assigned_at = now() - number_id * interval '1 minute'
          WHERE number_id <= (SELECT min(number_id) + {users} - 1 FROM leases);
         ANALYZE numbers; ANALYZE leases"
    ));
}

/// The link with this relation.
fn way(page: &Reply, rel: &str) -> Option<String> {
    let link = text(page).split(&format!("rel=\"{rel}\" href=\"")).nth(1)?.split('"').next()?;
    Some(link.replace("&#38;", "&").replace("&amp;", "&"))
}

#[test]
fn two_thousand_numbers_and_fifteen_hundred_users_read_as_well_as_twenty() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    fill(&world, 2000, 1500);
    // Forwards to the end, and back to the beginning, nothing twice and nothing left out.
    let rows = |page: &Reply| -> Vec<String> {
        let cells = text(page).split("data-label=\"Number\"").skip(1);
        cells.filter_map(|cell| Some(cell.split("data-copy=\"").nth(1)?.split('"').next()?.to_owned())).collect()
    };
    let first = page(&daemon, "/numbers?size=200");
    assert!(text(&first).contains("1–200 of 2,000"), "{first:?}");
    assert!(rows(&first)[0].contains("2002000"), "the newest first: {:?}", rows(&first)[0]);
    let (mut forwards, mut at) = (rows(&first), first);
    while let Some(next) = way(&at, "next") {
        at = page(&daemon, &format!("/numbers{next}"));
        forwards.extend(rows(&at));
    }
    assert!(text(&at).contains("1,801–2,000 of 2,000"), "{at:?}");
    assert_eq!(forwards.len(), 2000);
    assert!(forwards.is_sorted_by(|one, other| one > other));
    let mut backwards = rows(&at);
    while let Some(previous) = way(&at, "prev") {
        at = page(&daemon, &format!("/numbers{previous}"));
        backwards = rows(&at).into_iter().chain(backwards).collect();
    }
    assert_eq!(backwards, forwards);
    assert!(page(&daemon, "/numbers").body.as_str().unwrap().len() < 60_000, "a page is a page");
    // Narrowed, and the filter stays on the way.
    let of = |query: &str| page(&daemon, &format!("/numbers?{query}"));
    assert!(text(&of("status=assigned")).contains("1–50 of 1,500"));
    assert!(text(&of("status=available&area_code=907")).contains("1–50 of 500"));
    assert!(text(&of("area_code=415")).contains("Nothing here"));
    let narrowed = of("user=USER-12&size=20");
    assert!(
        way(&narrowed, "next").is_some_and(|next| next.contains("user=USER-12") && next.contains("size=20")),
        "{narrowed:?}"
    );
    let assignments = page(&daemon, "/assignments");
    assert!(text(&assignments).contains("1–50 of 1,500"), "{assignments:?}");
    for (path, field) in
        [("/numbers?colour=red", "colour"), ("/assignments?status=live", "status"), ("/passes?x=1", "x")]
    {
        let odd = page(&daemon, path);
        assert!(odd.status == 422 && text(&odd).contains(&format!("{field} is no parameter here")), "{odd:?}");
    }
    for (path, field) in [("numbers?colour=red", "colour"), ("assignments?status=live", "status"), ("purchases?x", "x")]
    {
        let problem = daemon.get(&format!("/admin/phones/api/{path}")).problem(422, "unknown_field");
        assert_eq!(problem["field"], field);
    }
    // The audit trail goes on in both directions, too: refusals stand in it.
    let trail = "/audit?size=1&acts=false";
    eventually("there is more than one row", || way(&page(&daemon, trail), "next").is_some());
    let next = way(&page(&daemon, trail), "next").expect("there are more");
    assert!(next.contains("acts=false") && next.contains("size=1"), "{next}");
    let previous = way(&page(&daemon, &format!("/audit{next}")), "prev").expect("there is one before");
    assert_eq!(way(&page(&daemon, &format!("/audit{previous}")), "next"), Some(next));
    // The same as a file.
    let file = page(&daemon, "/numbers.csv?status=assigned");
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert!(file.headers["content-disposition"].contains("numbers.csv"));
    let lines: Vec<&str> = text(&file).lines().collect();
    assert_eq!((lines.len(), lines[0]), (1501, "phone_number,user_id,assigned_at,pool,status"));
    assert!(
        lines[1].starts_with("+19072000001,user-1@example.com,20") && lines[1].ends_with("Z,default,assigned"),
        "{}",
        lines[1]
    );
    assert_eq!(text(&page(&daemon, "/numbers.csv")).lines().count(), 2001);
    assert_eq!(text(&page(&daemon, "/assignments.csv?user=user-15")).lines().count(), 1 + 12);
    assert_eq!(page(&daemon, "/numbers.csv?colour=red").status, 422);
    // Four digits that many end in are a list with a bound.
    let many = found(&daemon, "+1907");
    assert!(
        text(&many).contains("There are more") && text(&many).matches("/dashboard/numbers/").count() < 60,
        "{many:?}"
    );
}

#[test]
fn the_last_assignments_are_those_that_began_last() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    daemon.assign("today").ok();
    for n in 0..3 {
        world.twilio.own(ForeignNumber::new(format!("+1415555000{n}")).friendly_name("earlier"));
    }
    let moved: Vec<_> = (0..3)
        .map(|n| json!({"phone_number": format!("+1415555000{n}"), "user_id": format!("old-{n}"), "assigned_at": format!("2025-0{}-01T00:00:00Z", n + 1)}))
        .collect();
    daemon.post("/admin/phones/api/import", &json!({"numbers": moved})).ok();
    daemon.assign("later").ok();
    daemon.release("old-1").ok();
    let users = |path: &str| -> Vec<String> {
        let page = daemon.get(path).ok();
        page["items"].as_array().unwrap().iter().map(|line| line["user_id"].as_str().unwrap().to_owned()).collect()
    };
    let path = "/admin/phones/api/assignments";
    assert_eq!(users(path), ["later", "today", "old-2", "old-1", "old-0"]);
    // One by one, too: an import's ids lie below zero.
    let (mut one_by_one, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let page = daemon.get(&format!("{path}?limit=1{cursor}")).ok();
        one_by_one.push(page["items"][0]["user_id"].as_str().unwrap().to_owned());
        next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    assert_eq!(one_by_one, ["later", "today", "old-2", "old-1", "old-0"]);
    assert_eq!(users(&format!("{path}?state=ended")), ["old-1"]);
    assert_eq!(users(&format!("{path}?state=live&user=OLD-")), ["old-2", "old-0"]);
    let home = daemon.get(DASHBOARD);
    let card = text(&home).split("id=\"assignments\"").nth(1).unwrap();
    let places: Vec<Option<usize>> =
        ["later", "today", "old-2", "old-0"].iter().map(|user| card.find(&format!(">{user}</a>"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
}

#[test]
fn a_search_and_a_list_of_three_hundred_thousand_assignments_read_few_rows() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    fill(&world, 40_000, 30_000);
    world.sql(
        "INSERT INTO past_assignments (id, number_id, user_id, source, assigned_at, released_at)
         SELECT nextval('assignment_ids'), (SELECT min(id) FROM numbers) + n % 40000, 'past-' || n, 'pool', now() - n * interval '1 minute', now()
           FROM generate_series(1, 270000) AS n;
         ANALYZE past_assignments",
    );
    // Nobody but whoever looks for something reads what is over; live ones are counted by the monitor now and then.
    let read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables
                 WHERE schemaname = 'callbunker' AND relname = 'past_assignments'";
    let settled = || {
        // What was read is told within ten seconds after a connection became idle.
        let mut last = world.count(read);
        loop {
            std::thread::sleep(std::time::Duration::from_secs(11));
            let now = world.count(read);
            if now - last < 5_000 {
                return now;
            }
            last = now;
        }
    };
    let before = settled();
    for path in
        ["/search?q=2039999", "/search?q=USER-29999", "/search?q=PAST-269999", "/search?q=9999", "/users/past-5"]
    {
        assert_eq!(page(&daemon, path).status, 200, "{path}");
    }
    let first = daemon.get("/admin/phones/api/assignments?limit=200").ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(
        daemon.get(&format!("/admin/phones/api/assignments?limit=200&cursor={cursor}")).ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        200
    );
    let rows = settled() - before;
    assert!(rows < 20_000, "{rows} rows were read");
    let counted = page(&daemon, "/assignments");
    assert!(text(&counted).contains("50 of more than 100,000"), "{counted:?}");
}

#[test]
fn what_became_of_a_number_between_its_ends_stands_in_its_history() {
    let (world, daemon, numbers) = stocked(3);
    let events = |number: &str| -> Vec<String> {
        let document = daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
        let history = document["history"].as_array().unwrap().iter();
        history.map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    };
    let staging = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";
    let user = daemon.assign("ann").ok()["phone_number"].as_str().unwrap().to_owned();
    let idle = numbers.iter().find(|number| **number != user).unwrap();
    for number in [&user, idle] {
        crate::world::comparing::rename(&world, number, staging);
    }
    // Twice is one note.
    reconcile(&daemon);
    reconcile(&daemon);
    assert_eq!(events(idle), ["intended", "bought", "held"]);
    assert_eq!(events(&user), ["intended", "bought", "assigned", "tag_conflict"]);
    for number in [&user, idle] {
        daemon.post(&format!("/admin/phones/api/numbers/{number}/adopt"), &json!({})).ok();
    }
    assert_eq!(events(&user), ["intended", "bought", "assigned", "tag_conflict", "retagged"]);
    let told = events(idle);
    assert_eq!(told[..3], ["intended", "bought", "held"]);
    assert!(told.contains(&"hold_ended".to_owned()) && told.contains(&"retagged".to_owned()), "{told:?}");
    let document = daemon.get(&format!("/admin/phones/api/numbers/{user}")).ok();
    let last = document["history"].as_array().unwrap().last().unwrap();
    assert!(last["detail"].as_str().unwrap().contains("staging") && last["by"].is_string(), "{last}");
    // Gone, and back.
    world.sql(&format!("UPDATE numbers SET missing_since = clock_timestamp() WHERE phone_number = '{}'", numbers[2]));
    reconcile(&daemon);
    eventually("it is back", || events(&numbers[2]).ends_with(&["missing".to_owned(), "turned_up".to_owned()]));
    let shown = page(&daemon, &format!("/numbers/{}", numbers[2]));
    let (back, gone) = (text(&shown).find("Back at Twilio"), text(&shown).find("Gone at Twilio"));
    assert!(back.is_some() && back < gone, "the newest first: {shown:?}");
}
