//! `/__sim/`: everything that a script can order, and what it is told when it errs.

use serde_json::{Value, json};
use twilio_simulator::{FaultKind, Truth};

use crate::client::start;

#[test]
fn the_state_is_the_truth() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    client.buy(&number);
    let state = client.send("GET", "/__sim/state", None).unwrap();
    let json = state.json();
    assert_eq!(json, serde_json::to_value(simulator.truth()).unwrap());
    assert_eq!((&json["updates"], &json["requests"]), (&json!(0), &json!({"search": 1, "create": 1})));
    assert_eq!(json["purchases"][0]["delivered"], true);
    assert_eq!(json["purchases"][0]["parameters"]["PhoneNumber"], number);
    let credentials = client.send("GET", "/__sim/credentials", None).unwrap().json();
    assert_eq!(credentials["test_auth_token"], simulator.test_auth_token());
    assert_eq!(credentials["api_key_secret"], simulator.api_key_secret());
    let truth: Truth = serde_json::from_str(&state.text).unwrap();
    assert_eq!(truth.purchases, simulator.truth().purchases);
}

#[test]
fn every_fault_can_be_ordered_by_name() {
    let (simulator, client) = start();
    for kind in FaultKind::ALL {
        let answer = client.control("faults", &json!({"on": "any", "fault": kind.name(), "times": 1}).to_string());
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(simulator.truth().faults_waiting.len(), FaultKind::ALL.len());
    let listed = client.send("GET", "/__sim/faults", None).unwrap().json();
    assert_eq!(listed["waiting"].as_array().unwrap().len(), FaultKind::ALL.len());
    assert_eq!(client.control("reset", "").status, 200);
    assert!(simulator.truth().faults_waiting.is_empty());
    let two =
        r#"[{"on":"search","fault":"429","retry_after":3},{"on":"create","fault":"lag","ms":5,"times":"forever"}]"#;
    assert_eq!(client.control("faults", two).json()["waiting"], 2);
}

#[test]
fn mistakes_are_named() {
    let (simulator, client) = start();
    let error = |control: &str, order: &str| {
        let answer = client.control(control, order);
        assert_eq!(answer.status, 400, "{control} {order}");
        let json: Value = answer.json();
        (json["error"].as_str().unwrap().to_owned(), json)
    };
    let (text, json) = error("faults", r#"{"on":"create","fault":"comit_then_hang"}"#);
    assert!(text.contains("comit_then_hang") && text.contains("`commit_then_hang`"), "{text}");
    assert_eq!(json["faults"].as_array().unwrap().len(), FaultKind::ALL.len());
    let (text, _) = error("faults", r#"{"on":"create","fault":"hang","time":3}"#);
    assert!(text.contains("unknown field `time`") && text.contains("`times`"), "{text}");
    for (control, order, hint) in [
        ("faults", r#"{"on":"creates","fault":"hang"}"#, "`create`"),
        ("faults", r#"{"on":"create","fault":"hang","times":0}"#, "forever"),
        ("faults", r#"{"on":"balance","fault":"lag"}"#, "lag cannot happen on balance"),
        ("faults", "{", "EOF"),
        ("own", r#"{"phone_number":"415"}"#, "E.164"),
        ("own", r#"{"phone_number":"+14155550100","name":"x"}"#, "`friendly_name`"),
        ("disown", r#"{"phone_number":"+14155550100"}"#, "not in the account"),
        ("webhooks", r#"{"phone_number":"+14155550100","voice":"x"}"#, "`voice_url`"),
        ("rename", r#"{"phone_number":"+14155550100","friendly_name":"x"}"#, "not in the account"),
        ("rename", r#"{"phone_number":"+14155550100"}"#, "`friendly_name`"),
        ("faults", r#"{"on":"list","fault":"odd_row","field":"freindly_name"}"#, "friendly_name"),
        ("faults", r#"{"on":"create","fault":"drop_parameters","parameters":["SmsURL"]}"#, "SmsURL"),
        ("faults", r#"{"on":"list","fault":"omit","field":"sid"}"#, "field is for odd_row"),
        ("stock", r#"{"country":"XX","area_code":"415","count":1}"#, "US, CA, GB"),
        ("stock", r#"{"area_code":"99","count":1}"#, "not an area code"),
        ("country", r#"{"country":"US","number_type":"mobile"}"#, "US (local, toll_free)"),
        ("country", r#"{"country":"US","address":"some"}"#, "`foreign`"),
        ("country", r#"{"country":"US","address_mix":0}"#, "at least 1"),
        ("address", r#"{"country":"Germany"}"#, "two capital letters"),
        ("address", r#"{"sid":"AD1","country":"DE"}"#, "32 hexadecimal digits"),
        ("bundle", r#"{"country":"DE"}"#, "number_type"),
        ("bundle", r#"{"country":"DE","number_type":"local","valid_until":"soon"}"#, "2026-12-31"),
        ("bundle", r#"{"country":"DE","number_type":"local","status":"good"}"#, "`twilio-approved`"),
        ("identity", r#"{"remove":true}"#, "sid"),
        ("service", r#"{"room":1}"#, "`capacity`"),
        ("service", r#"{"sid":"MG1"}"#, "32 hexadecimal digits"),
        ("service", r#"{"full_status":200}"#, "412 or 400"),
        ("service", r#"{"add":["+14155550100"]}"#, "not in the account"),
        ("campaign", r#"{"service":"MG1"}"#, "no service"),
        ("campaign", r#"{"service":"MG1","status":"GOOD"}"#, "`VERIFIED`"),
        ("registration", r#"{"outcome":"perhaps"}"#, "`registered`"),
        ("registration", r#"{"outcome":"failed","service":"MG1"}"#, "no service"),
        ("tollfree", r#"{"phone_number":"+18005550100"}"#, "not in the account"),
        ("events", r#"{"reason_spelling":"reason"}"#, "failurereason"),
        ("events", r#"{"origin":"https://a.example","leads_to":"https://b.example"}"#, "loopback"),
        ("events", r#"{"retry":1}"#, "`retry_first_ms`"),
        ("trust", r#"{"kind":"profile"}"#, "`trust_product`"),
        ("trust", r#"{"remove":true}"#, "sid"),
        ("application", r#"{"sid":"TK1"}"#, "32 hexadecimal digits"),
        ("traffic", r#"{"phone_number":"+14155550100","what":"fax"}"#, "`message`"),
        ("as", r#"{"phone_number":"+14155550100","who":"nobody"}"#, "`console`"),
        ("as", r#"{"phone_number":"+14155550100","voice":"x"}"#, "`voice_url`"),
        ("as", r#"{"phone_number":"+14155550100","delete":true}"#, "not in the account"),
        ("date", r#"{"phone_number":"+14155550100","date_created":"2026-01-01T00:00:00Z"}"#, "not in the account"),
        ("rights", r#"{"denied":["sms"]}"#, "`monitor`"),
        ("rights", r#"{"status":500}"#, "400 and 499"),
        ("faults", r#"{"on":"event_delivery","fault":"hang"}"#, "hang cannot happen on event_delivery"),
        ("faults", r#"{"on":"event_delivery","fault":"lag","requests":2}"#, "by no requests"),
        ("account", r#"{"status":"sad"}"#, "`suspended`"),
        ("account", r#"{"balance":"much"}"#, "amount"),
        ("latency", r#"{"on":"create"}"#, "`ms`"),
        ("reset", r#"{"all":true}"#, "`state`"),
    ] {
        let (text, _) = error(control, order);
        assert!(text.contains(hint), "{control} {order}: {text}");
    }
    assert!(simulator.truth().faults_waiting.is_empty());
    let unknown = client.control("nonsense", "");
    assert_eq!(unknown.status, 404);
    assert!(unknown.json()["controls"].as_array().unwrap().contains(&json!("POST faults")));
    assert_eq!(client.control("state", "").status, 405);
}

#[test]
fn the_world_can_be_changed_without_the_library() {
    let (simulator, client) = start();
    let order = |control: &str, order: Value| {
        let answer = client.control(control, &order.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    };
    let number = "+14155550100";
    let foreign = json!({"phone_number": number, "friendly_name": "desk", "voice_url": "https://example.com/desk"});
    let sid = order("own", foreign)["sid"].as_str().unwrap().to_owned();
    let fetched = client.get(&format!("/IncomingPhoneNumbers/{sid}.json")).json();
    assert_eq!(
        (&fetched["friendly_name"], &fetched["voice_url"]),
        (&json!("desk"), &json!("https://example.com/desk"))
    );
    order("webhooks", json!({"phone_number": number, "sms_url": "https://example.com/sms"}));
    assert_eq!(simulator.truth().owned[0].sms_url, "https://example.com/sms");
    order("rename", json!({"phone_number": number, "friendly_name": "front desk"}));
    assert_eq!(simulator.truth().owned[0].friendly_name, "front desk");
    order("disown", json!({"phone_number": number}));
    assert!(simulator.truth().owned.is_empty());
    order("offer", json!({"phone_number": number}));
    assert_eq!(client.search("AreaCode=415")[0], number);
    order("take", json!({"phone_number": number}));
    assert_eq!(client.buy(number).refusal(), (400, 21422));
    order("stock", json!({"country": "US", "area_code": "415", "count": 4, "capabilities": {"voice": true}}));
    assert!(client.search("AreaCode=415&SmsEnabled=true").is_empty());
    assert_eq!(client.search("AreaCode=415").len(), 4);
    let address = order("address", json!({"country": "GB", "city": "London"}))["sid"].clone();
    let bundle =
        order("bundle", json!({"country": "GB", "number_type": "mobile", "address_sid": address}))["sid"].clone();
    let identity = order("identity", json!({}))["sid"].clone();
    let state = client.send("GET", "/__sim/state", None).unwrap().json();
    for (papers, sid) in [("addresses", &address), ("bundles", &bundle), ("identities", &identity)] {
        assert_eq!(state[papers][0]["sid"], *sid);
    }
    order("bundle", json!({"sid": bundle, "remove": true}));
    assert!(simulator.truth().bundles.is_empty());
    order("country", json!({"country": "AU", "number_type": "mobile", "bundle": false, "count": 2}));
    let path = "/AvailablePhoneNumbers/AU/Mobile.json";
    let australian = client.get(path).json()["available_phone_numbers"].as_array().unwrap().clone();
    assert_eq!(australian.len(), 8, "two of each of four area codes");
    assert_eq!(client.buy(australian[0]["phone_number"].as_str().unwrap()).status, 201);
    order("country", json!({"country": "US", "price": "3.00"}));
    order("account", json!({"balance": "2.99", "reown_mode": "B", "search_cap": 2, "capability_spelling": "lower"}));
    let rows = client.search("AreaCode=212");
    assert_eq!((rows.len(), client.buy(&rows[0]).refusal()), (2, (403, 20005)));
    order("account", json!({"status": "suspended"}));
    assert_eq!(client.get(".json").refusal(), (401, 20003));
    order("latency", json!({"ms": 1, "on": "search"}));
    order("reset", json!({"state": true}));
    assert_eq!(client.get(".json").status, 200);
    assert_eq!(client.search("AreaCode=415").len(), 30);
}

#[test]
fn the_readme_tells_every_control_every_fault_and_every_kind_of_request() {
    let (_simulator, client) = start();
    let readme = include_str!("../../README.md");
    let has = |name: &str| readme.contains(&format!("`{name}`"));
    let controls = client.control("nonsense", "").json()["controls"].clone();
    for control in controls.as_array().unwrap() {
        let name = control.as_str().unwrap().split(' ').nth(1).unwrap();
        assert!(has(name), "{control}");
    }
    for kind in FaultKind::ALL {
        assert!(has(kind.name()), "{}", kind.name());
    }
    let error = client.control("faults", r#"{"on":"nothing","fault":"hang"}"#).json()["error"].clone();
    let named: Vec<&str> =
        error.as_str().unwrap().split('`').skip(1).step_by(2).filter(|name| *name != "nothing").collect();
    assert!(named.len() > 25, "{error}");
    for name in named {
        assert!(has(name), "{name}");
    }
}
