//! Answers that are odd rather than wrong: rows, parameters, lists, searches and clocks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use twilio_simulator::{AddressOrder, Fault, FaultKind, ForeignNumber, On, Simulator, Webhooks};

use crate::client::{Client, start};

const NUMBER: &str = "+14155550100";

fn own(simulator: &Simulator, count: usize) -> Vec<String> {
    let numbers: Vec<_> = (0..count).map(|index| format!("+1415555{:04}", 100 + index)).collect();
    for number in &numbers {
        simulator.own(ForeignNumber::new(number).friendly_name("mine"));
    }
    numbers.into_iter().rev().collect()
}

/// The numbers of every page, until the list ends or that many pages were read.
fn walk(client: &Client, query: &str, pages_max: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut page = client.get(&format!("/IncomingPhoneNumbers.json?{query}")).json();
    loop {
        let rows = page["incoming_phone_numbers"].as_array().unwrap();
        pages.push(rows.iter().map(|row| row["phone_number"].as_str().unwrap().to_owned()).collect());
        match page["next_page_uri"].as_str() {
            Some(next) if pages.len() < pages_max => page = client.send("GET", next, None).unwrap().json(),
            _ => return pages,
        }
    }
}

#[test]
fn one_row_is_odd_and_the_others_are_not() {
    let (simulator, client) = start();
    simulator.fault(Fault::new(On::Search, FaultKind::OddRow).field("phone_number"));
    simulator.fault(Fault::new(On::Search, FaultKind::OddRow).field("capabilities.mms"));
    let path = "/AvailablePhoneNumbers/US/Local.json?AreaCode=415";
    let rows = client.get(path).json()["available_phone_numbers"].clone();
    assert_eq!((&rows[0]["phone_number"], &rows[0]["capabilities"]["MMS"]), (&Value::Null, &Value::Null));
    assert!(rows[1]["phone_number"].is_string() && rows[1]["capabilities"]["MMS"] == true);
    let second = rows[1]["phone_number"].as_str().unwrap();
    simulator.fault(Fault::new(On::Search, FaultKind::OddRow).phone_number(second).field("capabilities").absent());
    let rows = client.get(path).json()["available_phone_numbers"].clone();
    assert!(rows[0]["capabilities"].is_object() && rows[1].get("capabilities").is_none());
    assert_eq!(client.search("AreaCode=415").len(), 30, "once is once");
}

#[test]
fn an_owned_row_is_odd_wherever_it_is_shown() {
    let (simulator, client) = start();
    let numbers = own(&simulator, 3);
    simulator
        .fault(Fault::new(On::Any, FaultKind::OddRow).phone_number(NUMBER).field("date_created").value(12).forever());
    let list = client.get("/IncomingPhoneNumbers.json").json();
    let dates: Vec<_> = (0..3).map(|row| list["incoming_phone_numbers"][row]["date_created"].is_string()).collect();
    assert_eq!(dates, [true, true, false], "{numbers:?}");
    let path = format!("/IncomingPhoneNumbers/{}.json", client.owned_sid(NUMBER).unwrap());
    assert_eq!(client.get(&path).json()["date_created"], 12);
    assert_eq!(client.post(&path, &[("SmsUrl", "https://a.example")]).json()["date_created"], 12);
    assert_eq!(simulator.truth().owned_number(NUMBER).unwrap().sms_url, "https://a.example");
    let bought = client.buy(&client.search("AreaCode=415")[0]);
    assert!(bought.json()["date_created"].is_string());

    simulator.clear_faults();
    simulator.fault(Fault::new(On::Create, FaultKind::OddRow).field("capabilities.mms"));
    let bought = client.buy(&client.search("AreaCode=415")[0]);
    assert_eq!((bought.status, &bought.json()["capabilities"]["mms"]), (201, &Value::Null));
    simulator.fault(Fault::new(On::Create, FaultKind::OddRow));
    let bought = client.buy(&client.search("AreaCode=415")[0]);
    assert_eq!((bought.status, bought.json()), (201, Value::Null));
    let truth = simulator.truth();
    assert_eq!(truth.purchases.len(), 3);
    assert!(truth.owned.iter().all(|number| number.capabilities.sms), "only answers were bent");
}

#[test]
fn parameters_get_lost() {
    let (simulator, client) = start();
    let rows = client.search("AreaCode=415");
    simulator.fault(Fault::new(On::Create, FaultKind::DropParameters).parameters(["FriendlyName"]));
    let form = [("PhoneNumber", rows[0].as_str()), ("FriendlyName", "ours"), ("SmsUrl", "https://a.example/sms")];
    let answer = client.post("/IncomingPhoneNumbers.json", &form);
    let shown = answer.json();
    assert_eq!((answer.status, &shown["sms_url"]), (201, &json!("https://a.example/sms")));
    assert!(shown["friendly_name"].as_str().unwrap().starts_with("(415) "), "{shown}");
    let truth = simulator.truth();
    assert_eq!(truth.purchases[0].parameters["FriendlyName"], "ours", "the truth tells what was sent");
    assert_eq!(truth.creates[0].parameters["FriendlyName"], "ours");
    assert!(truth.ignored_parameters.is_empty());

    let path = format!("/IncomingPhoneNumbers/{}.json", shown["sid"].as_str().unwrap());
    simulator
        .fault(Fault::new(On::Update, FaultKind::DropParameters).parameters(["FriendlyName"]).phone_number(&rows[0]));
    let shown = client.post(&path, &[("FriendlyName", "ours"), ("SmsUrl", "")]).json();
    assert_eq!(shown["sms_url"], "");
    assert_ne!(shown["friendly_name"], "ours");
    assert_eq!(client.post(&path, &[("FriendlyName", "ours")]).json()["friendly_name"], "ours");

    simulator.fault(Fault::new(On::Create, FaultKind::DropParameters));
    let shown = client.buy(&rows[1]).json();
    assert_eq!(shown["voice_url"], twilio_simulator::DEMO_VOICE_URL, "all but the number");
}

#[test]
fn a_create_drops_what_no_update_can_mend() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    simulator.fault(Fault::new(On::Create, FaultKind::DropParameters).parameters(["SmsUrl"]));
    simulator.fault(Fault::new(On::Update, FaultKind::Refuse).phone_number(&number).status(403).code(20403).forever());
    let form = [("PhoneNumber", number.as_str()), ("SmsUrl", "https://a.example/sms")];
    let answer = client.post("/IncomingPhoneNumbers.json", &form);
    assert_eq!((answer.status, &answer.json()["sms_url"]), (201, &json!("")));
    let path = format!("/IncomingPhoneNumbers/{}.json", answer.json()["sid"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(client.post(&path, &[("SmsUrl", "https://a.example/sms")]).refusal(), (403, 20403));
    }
    assert_eq!(client.get(&path).json()["sms_url"], "");
}

#[test]
fn a_refusal_concerns_one_number_and_says_anything() {
    let (simulator, client) = start();
    own(&simulator, 2);
    let other = client.owned_sid("+14155550101").unwrap();
    let sid = client.owned_sid(NUMBER).unwrap();
    let text = format!("\u{0}\u{1b}[2J\u{202e}{}", "x".repeat(3 << 20));
    let fault = json!({"on": "any", "fault": "refuse", "phone_number": NUMBER, "status": 403, "code": 20403,
                       "message": text, "times": "forever"});
    assert_eq!(client.control("faults", &fault.to_string()).status, 200);
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    let refused =
        [client.get(&path), client.post(&path, &[("FriendlyName", "x")]), client.delete(&sid), client.buy(NUMBER)];
    for answer in refused {
        assert_eq!((answer.refusal(), &answer.json()["message"]), ((403, 20403), &json!(text)));
    }
    assert_eq!(client.get(&format!("/IncomingPhoneNumbers/{other}.json")).status, 200);
    assert_eq!(client.listed("").len(), 2);
    assert_eq!(client.delete(&other).status, 204);
    assert_eq!(simulator.truth().owned.len(), 1);
}

#[test]
fn somebody_renames_a_number_in_the_console() {
    let (simulator, client) = start();
    own(&simulator, 1);
    assert!(simulator.rename(NUMBER, "front desk") && !simulator.rename("+14155550999", "front desk"));
    let path = format!("/IncomingPhoneNumbers/{}.json", client.owned_sid(NUMBER).unwrap());
    assert_eq!(client.get(&path).json()["friendly_name"], "front desk");
    assert_eq!(client.listed("FriendlyName=front+desk"), [NUMBER]);
    assert_eq!(simulator.truth().updates, 0, "nothing came over the API");
}

#[test]
fn ghosts_are_shown_again_and_never_sold() {
    let (simulator, client) = start();
    simulator.set_stock("US", "415", 5);
    simulator.fault(Fault::new(On::Search, FaultKind::Ghost).times(2));
    let shown = client.search("AreaCode=415&PageSize=3");
    for number in &shown {
        assert_eq!(client.buy(number).refusal(), (400, 21422));
    }
    assert_eq!(client.search("AreaCode=415&PageSize=3"), shown);
    let left = client.search("AreaCode=415");
    assert!(left.len() == 2 && left.iter().all(|number| !shown.contains(number)), "the fault is over");
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &[("AreaCode", "415")]).status, 201);
    assert_eq!(simulator.truth().purchases[0].phone_number, left[0]);
    simulator.set_stock("US", "415", 4);
    assert_eq!(client.search("AreaCode=415").len(), 4);
    simulator.offer(&shown[0]);
    assert_eq!(client.buy(&shown[0]).status, 201);
    simulator.reset(true);
    assert_eq!(client.search("AreaCode=415").len(), 30);
}

#[test]
fn a_search_shows_what_needs_an_address() {
    let (simulator, client) = start();
    let rows = |query: &str| {
        let answer = client.get(&format!("/AvailablePhoneNumbers/US/Local.json?AreaCode=415&{query}"));
        answer.json()["available_phone_numbers"].as_array().unwrap().clone()
    };
    simulator.set_stock("US", "415", 3);
    simulator.fault(Fault::new(On::Search, FaultKind::AddressRequired));
    let shown = rows("ExcludeAllAddressRequired=true&PageSize=2");
    assert!(shown.len() == 2 && shown.iter().all(|row| row["address_requirements"] == "any"));
    let number = shown[0]["phone_number"].as_str().unwrap();
    assert_eq!(client.buy(number).refusal(), (400, 21631));
    let later: Vec<_> = rows("").iter().map(|row| row["address_requirements"].clone()).collect();
    assert_eq!(later, ["any", "any", "none"], "the numbers stay what they are");
    assert_eq!(rows("ExcludeAllAddressRequired=true").len(), 1);
    let address = simulator.address(AddressOrder::new("US"));
    let answer = client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", number), ("AddressSid", &address)]);
    assert_eq!((answer.status, &answer.json()["address_requirements"]), (201, &json!("any")));
}

#[test]
fn a_list_leaves_numbers_out() {
    let (simulator, client) = start();
    let numbers = own(&simulator, 3);
    let sid = client.owned_sid(&numbers[1]).unwrap();
    simulator.fault(Fault::new(On::List, FaultKind::Omit).phone_number(&numbers[1]).forever());
    assert_eq!(walk(&client, "PageSize=1", 9), [[numbers[0].clone()], [numbers[2].clone()]]);
    assert_eq!(client.owned_sid(&numbers[1]), None);
    assert_eq!(client.get(&format!("/IncomingPhoneNumbers/{sid}.json")).status, 200);
    simulator.clear_faults();
    simulator.fault(Fault::new(On::List, FaultKind::Omit));
    assert!(client.listed("").is_empty());
    assert_eq!(client.listed("").len(), 3);
}

#[test]
fn a_list_has_no_end() {
    let (simulator, client) = start();
    let numbers = own(&simulator, 3);
    simulator.fault(Fault::new(On::List, FaultKind::EndlessList).forever());
    let mut seen = std::collections::HashSet::new();
    let mut page = client.get("/IncomingPhoneNumbers.json?PageSize=2").json();
    for _ in 0..20 {
        assert_eq!(page["incoming_phone_numbers"][0]["phone_number"], numbers[0]);
        let next = page["next_page_uri"].as_str().unwrap().to_owned();
        let token = next.split("PageToken=").nth(1).unwrap().to_owned();
        assert!(seen.insert(token), "a new token each time");
        page = client.send("GET", &next, None).unwrap().json();
    }
    simulator.clear_faults();
    let next = page["next_page_uri"].as_str().unwrap().to_owned();
    let page = client.send("GET", &next, None).unwrap().json();
    assert!(page["next_page_uri"].is_string());
    assert_eq!(walk(&client, "PageSize=2", 9).len(), 2);
    let invented = format!("PageToken=PAPN{:032x}", u128::MAX - 99);
    assert_eq!(client.get(&format!("/IncomingPhoneNumbers.json?{invented}")).refusal(), (400, 21481));
}

#[test]
fn a_page_is_empty_and_another_begins_with_a_row_that_was_there() {
    let (simulator, client) = start();
    let numbers = own(&simulator, 3);
    let row = |index: usize| numbers[index].clone();
    for after in [0, 1] {
        simulator.fault(Fault::new(On::List, FaultKind::EmptyPage).after(after));
        let pages = walk(&client, "PageSize=2", 9);
        assert_eq!(pages.len(), 3);
        assert!(pages[after as usize].is_empty(), "{pages:?}");
        assert_eq!(pages.concat(), numbers);
    }
    simulator.fault(Fault::new(On::List, FaultKind::RepeatRow));
    assert_eq!(walk(&client, "PageSize=2", 9), [vec![row(0), row(1)], vec![row(1), row(2)]]);
    simulator.fault(Fault::new(On::List, FaultKind::RepeatRow).forever());
    assert_eq!(walk(&client, "PageSize=1", 9), [vec![row(0)], vec![row(0), row(1)], vec![row(1), row(2)]]);
    simulator.clear_faults();
    simulator.fault(Fault::new(On::List, FaultKind::EmptyPage).forever());
    assert!(walk(&client, "", 9).iter().all(Vec::is_empty));
}

#[test]
fn every_number_loses_what_it_can_do() {
    let (simulator, client) = start();
    let numbers = own(&simulator, 3);
    let texts = || {
        let list = client.get("/IncomingPhoneNumbers.json").json();
        (0..3).map(|row| list["incoming_phone_numbers"][row]["capabilities"]["sms"] == true).collect::<Vec<_>>()
    };
    simulator.fault(Fault::new(On::List, FaultKind::LoseCapability));
    assert_eq!(texts(), [false, false, false]);
    assert_eq!(texts(), [true, true, true]);
    simulator.fault(Fault::new(On::Any, FaultKind::LoseCapability).phone_number(&numbers[2]).forever());
    assert_eq!(texts(), [true, true, false]);
    let path = format!("/IncomingPhoneNumbers/{}.json", client.owned_sid(&numbers[2]).unwrap());
    assert_eq!(client.get(&path).json()["capabilities"]["mms"], false);
}

#[test]
fn the_date_is_off_or_missing() {
    let (simulator, client) = start();
    let ahead = || {
        let date = client.get("/Balance.json").header("date").map(str::to_owned)?;
        Some((chrono::DateTime::parse_from_rfc2822(&date).unwrap().to_utc() - chrono::Utc::now()).num_seconds())
    };
    assert!(ahead().unwrap().abs() < 60);
    simulator.fault(Fault::new(On::Balance, FaultKind::DateSkew).skew_ms(600_000));
    assert!((540..=600).contains(&ahead().unwrap()));
    simulator.fault(Fault::new(On::Any, FaultKind::DateSkew).skew_ms(-600_000));
    assert!((-660..=-600).contains(&ahead().unwrap()));
    for kind in [FaultKind::DateSkew, FaultKind::NoDate] {
        simulator.fault(Fault::new(On::Any, kind));
        assert_eq!(ahead(), None);
        assert!(ahead().is_some());
    }
    let state = client.send("GET", "/__sim/state", None).unwrap();
    assert!(state.header("date").is_some());
}

#[test]
fn a_purchase_that_nobody_heard_of_is_in_no_list_for_as_long_as_a_test_likes() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    simulator.fault(Fault::new(On::Create, FaultKind::CommitThen500));
    simulator.fault(Fault::new(On::List, FaultKind::Omit).phone_number(&number).forever());
    assert_eq!(client.buy(&number).refusal(), (500, 20500));
    assert!((0..9).all(|_| client.owned_sid(&number).is_none() && client.listed("").is_empty()));
    assert_eq!(simulator.truth().purchases.len(), 1);
    simulator.clear_faults();
    assert!(client.owned_sid(&number).is_some(), "until it lets go");
}

#[test]
fn a_row_comes_in_drips() {
    let (simulator, client) = start();
    own(&simulator, 1);
    simulator.fault(Fault::new(On::List, FaultKind::SlowBody).phone_number(NUMBER).ms(300));
    let started = Instant::now();
    assert_eq!(client.listed(""), [NUMBER]);
    assert!(client.owned_sid(NUMBER).is_some());
    assert!(started.elapsed() > Duration::from_millis(200), "the look for this number was the slow one");
}

#[test]
fn a_search_for_local_numbers_shows_one_that_is_toll_free() {
    let (simulator, client) = start();
    let free = client.get("/AvailablePhoneNumbers/US/TollFree.json").json();
    let free = free["available_phone_numbers"][0]["phone_number"].as_str().unwrap().to_owned();
    simulator.fault(Fault::new(On::Search, FaultKind::OddRow).field("phone_number").value(free.as_str()));
    assert_eq!(client.search("")[0], free);
    assert_eq!(client.buy(&free).status, 201, "and it is for sale");
}

#[test]
fn a_former_app_left_its_fallbacks() {
    let (simulator, client) = start();
    own(&simulator, 1);
    let former = Webhooks {
        voice_fallback_url: Some("https://former.example/voice".into()),
        sms_fallback_url: Some("https://former.example/sms".into()),
        voice_receive_mode: Some("fax".into()),
        status_callback_method: Some("GET".into()),
        ..Webhooks::default()
    };
    assert!(simulator.set_webhooks(NUMBER, former));
    let shown = client.get(&format!("/IncomingPhoneNumbers/{}.json", client.owned_sid(NUMBER).unwrap())).json();
    assert_eq!(shown["voice_fallback_url"], "https://former.example/voice");
    assert_eq!(shown["sms_fallback_url"], "https://former.example/sms");
    assert_eq!((&shown["voice_receive_mode"], &shown["status_callback_method"]), (&json!("fax"), &json!("GET")));
}
