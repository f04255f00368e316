//! Checklist 4, 6, 7, 8, 14, 16, 18, 20: what buying does.

use serde_json::json;
use twilio_simulator::{AddressOrder, BundleOrder, DEMO_VOICE_URL, ForeignNumber, NumberKind, On, ReownMode};

use crate::client::{Client, start};

#[test]
fn a_purchase_shows_the_whole_resource() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let answer = client.buy(&number);
    assert_eq!(answer.status, 201);
    let bought = answer.json();
    assert_eq!(bought["friendly_name"], "ours");
    assert_eq!(bought["voice_url"], "https://example.com/voice");
    assert_eq!(bought["sms_url"], "");
    assert_eq!(bought["voice_fallback_url"], json!(null));
    assert_eq!(bought["capabilities"], json!({"voice": true, "sms": true, "mms": true, "fax": false}));
    assert_eq!(
        (&bought["status"], &bought["origin"], &bought["type"]),
        (&json!("in-use"), &json!("twilio"), &json!("local"))
    );
    assert!(bought["date_created"].as_str().unwrap().ends_with(" +0000"));
    let truth = simulator.truth();
    let purchase = &truth.purchases[0];
    assert_eq!(
        (purchase.phone_number.as_str(), purchase.sid.as_str()),
        (number.as_str(), bought["sid"].as_str().unwrap())
    );
    assert_eq!(purchase.parameters["FriendlyName"], "ours");
    assert_eq!(purchase.price, "1.15");
    assert_eq!(Some(purchase.request_id.as_str()), answer.header("twilio-request-id"));
    assert!(purchase.delivered);
    assert_eq!(truth.balance, "999998.85");
    assert_eq!(client.get("/Balance.json").json()["balance"], "999998.85");
}

#[test]
fn a_number_bought_without_a_url_gets_the_demo() {
    let (_simulator, client) = start();
    let bought = client.post("/IncomingPhoneNumbers.json", &[("AreaCode", "415")]).json();
    assert_eq!(bought["voice_url"], DEMO_VOICE_URL);
    assert!(bought["friendly_name"].as_str().unwrap().starts_with("(415) "));
}

#[test]
fn names_are_case_sensitive_and_unknown_ones_are_recorded() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415&areacode=212").remove(0);
    let form = [("PhoneNumber", number.as_str()), ("VoiceURL", "https://example.com"), ("friendlyname", "x")];
    let bought = client.post("/IncomingPhoneNumbers.json", &form).json();
    assert_eq!(bought["voice_url"], DEMO_VOICE_URL);
    let ignored = simulator.truth().ignored_parameters;
    let names: Vec<_> = ignored.keys().map(String::as_str).collect();
    assert_eq!(names, ["create.VoiceURL", "create.friendlyname", "search.areacode"]);
}

#[test]
fn asking_again_updates_in_mode_a_and_is_refused_in_mode_b() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let first = client.buy(&number).json();
    let form = [("PhoneNumber", number.as_str()), ("FriendlyName", "again")];
    let again = client.post("/IncomingPhoneNumbers.json", &form);
    assert_eq!((again.status, &again.json()["sid"]), (201, &first["sid"]));
    assert_eq!(again.json()["friendly_name"], "again");
    assert_eq!(again.json()["voice_url"], "https://example.com/voice");
    simulator.set_reown_mode(ReownMode::B);
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &form).refusal(), (400, 21422));
    let truth = simulator.truth();
    assert_eq!((truth.purchases.len(), truth.updates, truth.owned.len()), (1, 1, 1));
    assert_eq!(truth.repeats.iter().map(|repeat| repeat.accepted).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn each_area_code_buy_is_another_number() {
    let (simulator, client) = start();
    simulator.set_stock("US", "415", 2);
    let buy = || client.post("/IncomingPhoneNumbers.json", &[("AreaCode", "415")]);
    let (first, second) = (buy().json(), buy().json());
    assert_ne!(first["phone_number"], second["phone_number"]);
    assert_eq!(buy().refusal(), (400, 21452));
    assert_eq!(simulator.truth().purchases.len(), 2);
    let refused = |path: &str, form| client.post(path, &[form]).refusal();
    assert_eq!(refused("/IncomingPhoneNumbers.json", ("AreaCode", "41")), (400, 21451));
    assert_eq!(refused("/IncomingPhoneNumbers/Local.json", ("AreaCode", "415")), (400, 21457));
    let number = client.search("AreaCode=212").remove(0);
    assert_eq!(refused("/IncomingPhoneNumbers/TollFree.json", ("PhoneNumber", &number)), (400, 21458));
    assert_eq!(client.post("/IncomingPhoneNumbers/Local.json", &[("PhoneNumber", &number)]).status, 201);
}

#[test]
fn what_is_not_for_sale_is_not_sold() {
    let (simulator, client) = start();
    let buy = |number: &str| client.buy(number).refusal();
    for bad in ["4155550100", "+1415", "+10155550100", "hello", ""] {
        assert_eq!(buy(bad), (400, 21421), "{bad}");
    }
    assert_eq!(buy("+14155550100"), (400, 21422));
    simulator.offer("+14155550100");
    assert_eq!(client.search("AreaCode=415")[0], "+14155550100");
    simulator.take("+14155550100");
    assert_eq!(client.buy("+14155550100").refusal(), (400, 21422));
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &[]).refusal(), (400, 21421));
    assert!(simulator.truth().purchases.is_empty());
}

#[test]
fn parameters_are_checked_before_anything_is_bought() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let refused = |name: &str, value: &str| {
        client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", number.as_str()), (name, value)]).refusal()
    };
    assert_eq!(refused("VoiceUrl", "example.com"), (400, 21402));
    assert_eq!(refused("SmsUrl", "ftp://example.com"), (400, 21402));
    assert_eq!(refused("SmsMethod", "PUT"), (400, 21403));
    assert_eq!(refused("StatusCallback", "x"), (400, 21502));
    assert_eq!(refused("VoiceFallbackUrl", "https://example.com"), (400, 21405));
    assert_eq!(refused("FriendlyName", &"x".repeat(65)), (400, 20001));
    assert!(simulator.truth().owned.is_empty());
    assert_eq!(simulator.truth().creates.len(), 6);
}

#[test]
fn a_released_number_cannot_be_bought_back() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let sid = client.buy(&number).json()["sid"].as_str().unwrap().to_owned();
    assert_eq!(client.delete(&sid).status, 204);
    assert_eq!(client.delete(&sid).refusal(), (404, 20404));
    assert_eq!(client.buy(&number).refusal(), (400, 21422));
    assert!(!client.search("AreaCode=415").contains(&number));
    let truth = simulator.truth();
    assert_eq!((truth.releases.len(), truth.releases[0].phone_number.as_str()), (1, number.as_str()));
}

#[test]
fn a_rival_is_faster() {
    let (simulator, client) = start();
    let rows = client.search("AreaCode=415");
    simulator.take(&rows[0]);
    assert_eq!(client.buy(&rows[0]).refusal(), (400, 21422));
    assert_eq!(client.buy(&rows[1]).status, 201);
}

#[test]
fn foreign_numbers_are_off_the_market() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    simulator.own(ForeignNumber::new(number.as_str()).friendly_name("desk"));
    assert!(!client.search("AreaCode=415").contains(&number));
    assert!(simulator.truth().owned_number(&number).unwrap().foreign);
    assert!(simulator.truth().purchases.is_empty());
}

#[test]
fn britain_wants_papers() {
    let (simulator, client) = start();
    let json = client.get("/AvailablePhoneNumbers/GB/Local.json").json();
    let number = json["available_phone_numbers"][0]["phone_number"].as_str().unwrap();
    let address = simulator.address(AddressOrder::new("GB"));
    let bundle = simulator.bundle(BundleOrder::new("GB", NumberKind::Local));
    let mut form = vec![("PhoneNumber", number)];
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &form).refusal(), (400, 21631));
    form.push(("AddressSid", &address));
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &form).refusal(), (400, 21649));
    form.push(("BundleSid", &bundle));
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &form).json()["bundle_sid"], bundle);
    simulator.set_regulated("GB", false);
    let number = json["available_phone_numbers"][1]["phone_number"].as_str().unwrap();
    assert_eq!(client.buy(number).status, 201);
}

#[test]
fn test_credentials_have_magic_numbers_and_nothing_else() {
    let (simulator, _client) = start();
    let test = Client::new(&simulator, simulator.test_account_sid(), simulator.test_auth_token());
    let post = |form| test.post("/IncomingPhoneNumbers.json", &[form]);
    assert_eq!(post(("PhoneNumber", "+15005550000")).refusal(), (400, 21422));
    assert_eq!(post(("PhoneNumber", "+15005550001")).refusal(), (400, 21421));
    assert_eq!(post(("PhoneNumber", "+14155550100")).refusal(), (400, 21421));
    assert_eq!(post(("AreaCode", "533")).refusal(), (400, 21452));
    for form in [("PhoneNumber", "+15005550006"), ("AreaCode", "500")] {
        let bought = post(form);
        assert_eq!((bought.status, &bought.json()["friendly_name"]), (201, &json!("(500) 555-0006")));
    }
    for path in ["/IncomingPhoneNumbers.json", "/Balance.json", "/AvailablePhoneNumbers/US/Local.json"] {
        assert_eq!(test.get(path).refusal(), (403, 20008));
    }
    let truth = simulator.truth();
    assert!(truth.owned.is_empty() && truth.purchases.is_empty());
    assert_eq!(truth.requests_of(On::Create), 6);
}
