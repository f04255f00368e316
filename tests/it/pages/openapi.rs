//! The OpenAPI description: it is complete, it is consistent with itself, and a daemon does what it says.

use std::collections::BTreeSet;

use callbunker::http::ProblemCode;
use callbunker::web::routes;
use serde_json::{Value, json};
use twilio_simulator::ForeignNumber;

use crate::world::alerting::{raised, told};
use crate::world::command::run;
use crate::world::daemon::Daemon;
use crate::world::described::Description;
use crate::world::events::{EVENTS, send};
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

fn printed() -> Description {
    Description::new(serde_json::to_value(callbunker::api::description(&routes(), "/")).expect("JSON"))
}

#[test]
fn every_route_and_method_is_described_and_nothing_else() {
    let description = printed();
    assert_eq!(description.document["openapi"], "3.1.0");
    let described: BTreeSet<String> = description.operations().into_iter().map(|(name, _)| name).collect();
    let mut expected = BTreeSet::new();
    for route in routes() {
        let mut allowed = Vec::new();
        for endpoint in route.endpoints() {
            let name = format!("{} {}", endpoint.method(), route.pattern());
            allowed.push(endpoint.method().to_string());
            if endpoint.method() == "GET" {
                allowed.push("HEAD".to_owned());
            }
            if endpoint.is_undocumented() {
                // The dashboard itself stands in the contract; what it leads to does not.
                let dashboards = ["/admin/phones/dashboard/", "/admin/phones/assets/"];
                let is_page = dashboards.iter().any(|prefix| route.pattern().starts_with(prefix));
                assert!(is_page, "{name} is no page: describe it with .about(…) instead of .undocumented()");
                let alone = route.endpoints().iter().all(|endpoint| endpoint.is_undocumented());
                assert!(alone, "{name}: a path that is described is described with all its methods");
                continue;
            }
            assert!(
                described.contains(&name),
                "{name} has no description: add `.about(…)` to its line in src/web/routes.rs, with a function beside its \
                 handler (see src/api/signup.rs); only HTML pages and what they load may be `.undocumented()`"
            );
            expected.insert(name);
        }
        assert_eq!(route.allow(), allowed.join(", "));
    }
    assert_eq!(described, expected);
}

/// Every object that a schema tells of, by its name or its place, with the names of its fields, those of what it is made of too.
fn objects(description: &Description, place: &str, schema: &Value) -> Vec<(String, BTreeSet<String>)> {
    let named = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next());
    let place = named.unwrap_or(place);
    let schema = description.resolve(schema);
    let fields = |schema: &Value| -> Vec<(String, Value)> {
        schema["properties"].as_object().into_iter().flatten().map(|(name, of)| (name.clone(), of.clone())).collect()
    };
    let mut own = fields(schema);
    // What is flattened into it.
    for part in schema["allOf"].as_array().into_iter().flatten() {
        own.extend(fields(description.resolve(part)));
    }
    let mut found = vec![(place.to_owned(), own.iter().map(|(name, _)| name.clone()).collect())];
    let inner = own.iter().map(|(name, of)| (format!("{place}.{name}"), of.clone()));
    let items = schema.get("items").map(|of| (format!("{place}[]"), of.clone()));
    let several = ["oneOf", "anyOf"].into_iter().flat_map(|word| schema[word].as_array().into_iter().flatten());
    let several = several.map(|of| (place.to_owned(), of.clone()));
    for (place, of) in inner.chain(items).chain(several) {
        // What has a name of its own is looked at by that name.
        if of.get("$ref").is_none() {
            found.extend(objects(description, &place, &of));
        }
    }
    found
}

#[test]
fn every_document_of_a_number_names_its_pool() {
    // What is no number of ours is of no pool.
    let without = ["CostBecause", "ForeignNumber", "IgnoredLine", "IgnoredNumber", "RecycleRefused"];
    let description = printed();
    let (mut lacking, mut named) = (BTreeSet::new(), 0);
    let mut hold = |place: &str, schema: &Value| {
        for (name, properties) in objects(&description, place, schema) {
            if properties.contains("phone_number") && !properties.contains("pool") {
                lacking.insert(name);
            } else {
                named += usize::from(properties.contains("phone_number"));
            }
        }
    };
    for (operation, described) in description.operations() {
        for (status, response) in described["responses"].as_object().expect("responses") {
            for (_, content) in description.resolve(response)["content"].as_object().into_iter().flatten() {
                hold(&format!("{operation} {status}"), &content["schema"]);
            }
        }
    }
    // Those that nothing answers with by their name, and what is sent.
    for (name, schema) in description.document["components"]["schemas"].as_object().expect("schemas") {
        hold(name, schema);
    }
    assert!(named >= 15, "{named}");
    let expected: BTreeSet<String> = without.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(lacking, expected, "these tell of a number and not of its pool");
}

#[test]
fn operations_have_names_of_their_own_and_all_their_parameters() {
    let description = printed();
    let mut names = BTreeSet::new();
    for (operation, described) in description.operations() {
        assert!(names.insert(described["operationId"].as_str().expect("a name")), "{operation}: its name is taken");
        let known: Vec<String> =
            description.document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].to_string()).collect();
        assert!(known.contains(&described["tags"][0].to_string()), "{operation}");
        let of_path: BTreeSet<&str> = operation.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        let told: BTreeSet<&str> = described["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(told, of_path, "{operation}");
        assert!(described["responses"]["default"].is_null(), "{operation}");
    }
}

#[test]
fn every_problem_code_stands_in_the_enumeration_and_at_an_operation() {
    let description = printed();
    let codes: BTreeSet<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    let strings = |value: &Value| -> BTreeSet<String> {
        value.as_array().expect("a list").iter().map(|code| code.as_str().expect("text").to_owned()).collect()
    };
    let problem = &description.document["components"]["schemas"]["Problem"];
    assert_eq!(strings(&problem["properties"]["code"]["enum"]), codes.iter().map(|code| (*code).to_owned()).collect());
    let mut told = BTreeSet::new();
    for (operation, described) in description.operations() {
        for (status, response) in described["responses"].as_object().expect("responses") {
            let response = description.resolve(response);
            let content = &response["content"]["application/problem+json"];
            if content.is_null() {
                continue;
            }
            for code in strings(&content["schema"]["allOf"][1]["properties"]["code"]["enum"]) {
                let known = ProblemCode::ALL.iter().find(|known| known.as_str() == code).expect("a code");
                assert_eq!(known.status().as_str(), status, "{operation}: {code}");
                told.insert(code);
            }
        }
    }
    // No operation answers it: it is what the others of a path answer.
    assert!(description.document["components"]["responses"]["method_not_allowed"].is_object());
    told.insert("method_not_allowed".to_owned());
    assert_eq!(told, codes.iter().map(|code| (*code).to_owned()).collect());
}

#[test]
fn what_webhooks_are_sent_is_described() {
    let description = printed();
    for webhook in ["alert", "notice"] {
        let sent = &description.document["webhooks"][webhook]["post"];
        let content = &sent["requestBody"]["content"]["application/json"];
        let faults = description.faults(&content["schema"], &content["example"]);
        assert!(faults.is_empty() && content["example"].is_object(), "{webhook}: {faults:#?}");
        let headers = sent["parameters"].as_array().expect("headers").iter();
        let headers: Vec<&str> = headers.filter_map(|header| header["name"].as_str()).collect();
        assert_eq!(headers, ["webhook-id", "webhook-timestamp", "webhook-signature"], "{webhook}");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let description = printed();
    let mut examples = 0;
    let mut hold = |place: &str, content: &Value| {
        let several = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
        for example in content.get("example").into_iter().chain(several) {
            let faults = description.faults(&content["schema"], example);
            assert!(faults.is_empty(), "{place}: {faults:#?}\n{example}");
            examples += 1;
        }
    };
    for (operation, described) in description.operations() {
        let body = described["requestBody"]["content"].as_object().into_iter().flatten();
        for (media_type, content) in body {
            assert!(content.get("example").is_some(), "{operation}: its body has no example");
            hold(&format!("{operation} {media_type}"), content);
        }
        for (status, response) in described["responses"].as_object().expect("responses") {
            for (media_type, content) in description.resolve(response)["content"].as_object().into_iter().flatten() {
                let has = content.get("example").is_some() || content.get("examples").is_some();
                assert!(has, "{operation} {status} {media_type} has no example");
                hold(&format!("{operation} {status} {media_type}"), content);
            }
        }
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            for example in parameter["schema"]["examples"].as_array().into_iter().flatten() {
                let faults = description.faults(&parameter["schema"], example);
                assert!(faults.is_empty(), "{operation} {}: {faults:#?}", parameter["name"]);
            }
        }
    }
    assert!(examples > 100, "{examples}");
}

#[test]
fn the_words_of_the_field_are_described_as_they_are_read() {
    let description = printed();
    let schema = |operation: &str, name: &str| {
        let operations = description.operations();
        let (_, described) = operations.into_iter().find(|(known, _)| known == operation).expect(operation);
        let parameters = described["parameters"].as_array().expect("parameters");
        parameters.iter().find(|parameter| parameter["name"] == name).expect(name)["schema"].clone()
    };
    let number = schema("GET /admin/phones/api/numbers/{phone_number}", "phone_number");
    let area_code = schema("GET /admin/phones/api/numbers", "area_code");
    let user_id = schema("GET /signup/api/assignments/{user_id}", "user_id");
    let texts = [
        "",
        "+",
        "+1415555010",
        "+14155550100",
        "14155550100",
        "+04155550100",
        "+123456",
        "+1234567",
        "+1234567890123456",
        "+1415555010a",
        "415",
        "115",
        "41",
        "4155",
        "a15",
        "u-1",
        " ",
    ];
    let long = ["é".repeat(128), "é".repeat(129)];
    for text in texts.iter().copied().chain(long.iter().map(String::as_str)) {
        let says = |schema: &Value| description.faults(schema, &json!(text)).is_empty();
        assert_eq!(says(&number), text.parse::<callbunker::domain::PhoneNumber>().is_ok(), "{text}");
        assert_eq!(says(&area_code), text.parse::<callbunker::domain::AreaCode>().is_ok(), "{text}");
        assert_eq!(says(&user_id), text.parse::<callbunker::domain::UserId>().is_ok(), "{text}");
    }
}

#[test]
fn the_command_prints_what_the_daemon_serves_to_everybody() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let served = daemon.send("GET", "/openapi.json", &[], None);
    let printed = run(&[], &["openapi"]).table();
    assert_eq!(serde_json::from_str::<Value>(&printed).expect("JSON"), served.ok());
}

fn account() -> (World, Daemon) {
    let world = World::new().quiet().set("pools.ca.country", "CA").set("pools.ca.threshold_low", 0);
    let world = world
        .set("events.public_url", EVENTS)
        .set("recycling.mode", "suggest")
        .set("recycling.notice_url", "http://127.0.0.1:9/notices")
        .set("ALERT_WEBHOOK_SECRET", crate::world::telling::SECRET);
    for n in 0..5 {
        world.twilio.own(ForeignNumber::new(format!("+1415555000{n}")).friendly_name("earlier"));
    }
    let daemon = world.daemon();
    (world, daemon)
}

#[test]
fn a_daemon_answers_every_operation_as_described() {
    let (world, daemon) = account();
    let description = Description::new(daemon.send("GET", "/openapi.json", &[], None).ok());
    let get = |operation: &str, path: &str| {
        let reply = daemon.get(path);
        description.check(&format!("GET {operation}"), &reply);
        reply
    };
    let post = |operation: &str, path: &str, body: Value| {
        let reply = daemon.post(path, &body);
        description.check(&format!("POST {operation}"), &reply);
        reply
    };
    let same = |operation: &'static str| (operation, operation);
    let (api, number_api) = ("/admin/phones/api", "/admin/phones/api/numbers/{phone_number}");
    // Signups, from stock and from an empty pool.
    let (path, operation) = same("/signup/api/assign");
    post(operation, path, json!({"user_id": "u-0"})).ok();
    let bought =
        post(&format!("{api}/purchase"), &format!("{api}/purchase"), json!({"count": 4, "area_code": "415"})).ok();
    post(operation, path, json!({"user_id": "u-1"})).ok();
    post(operation, path, json!({"user_id": "u-2", "area_code": "212", "strict": true}))
        .problem(409, "area_code_unavailable");
    post(operation, path, json!({"user_id": "u-1"})).ok();
    get("/signup/api/assignments/{user_id}", "/signup/api/assignments/u-1").ok();
    get("/signup/api/assignments/{user_id}", "/signup/api/assignments/nobody").problem(404, "not_assigned");
    get("/signup/api/assignments", "/signup/api/assignments?user_id=u-1").ok();
    get("/signup/api/assignments", "/signup/api/assignments?user_id=nobody").problem(404, "not_assigned");
    get("/signup/api/assignments", "/signup/api/assignments").problem(422, "invalid_field");
    post("/signup/api/touch", "/signup/api/touch", json!({"user_ids": ["u-1", "nobody"]})).ok();
    post("/signup/api/release", "/signup/api/release", json!({"user_id": "u-1"})).ok();
    // Orders.
    let id = bought["purchase_id"].as_str().expect("an id");
    get(&format!("{api}/purchases/{{id}}"), &format!("{api}/purchases/{id}")).ok();
    get(&format!("{api}/purchases/{{id}}"), &format!("{api}/purchases/x")).problem(404, "not_found");
    let cancelled = daemon.post_empty(&format!("{api}/purchases/{id}/cancel"));
    description.check(&format!("POST {api}/purchases/{{id}}/cancel"), &cancelled);
    assert_eq!(
        (&cancelled.body["state"], &cancelled.body["cancelled"]),
        (&json!("done"), &Value::Null),
        "{cancelled:?}"
    );
    let later = daemon.post_with(&format!("{api}/purchase"), &json!({"count": 1}), &[("Prefer", "respond-async")]);
    description.check(&format!("POST {api}/purchase"), &later);
    let location = later.headers["location"].clone();
    eventually("the order ended", || daemon.get(&location).ok()["state"] == "done");
    world.twilio.fault(
        twilio_simulator::Fault::new(twilio_simulator::On::Search, twilio_simulator::FaultKind::NoStock).times(100),
    );
    let short = post(&format!("{api}/purchase"), &format!("{api}/purchase"), json!({"count": 2})).ok();
    assert_eq!(short["errors"][0]["code"], "no_stock");
    // The pool.
    for name in [
        "status",
        "attention",
        "plan",
        "plan?count=3&area_code=415",
        "passes",
        "numbers",
        "numbers?status=assigned",
        "numbers?status=held&order=newest&user=u-",
        "purchases",
        "purchases?state=done&trigger=manual",
        "assignments?state=live",
        "assignments",
        "audit",
        "whoami",
        "cost",
        "charges?pool=default",
        "inactive?days=7",
    ] {
        let operation = name.split('?').next().expect("a name");
        get(&format!("{api}/{operation}"), &format!("{api}/{name}")).ok();
    }
    get(&format!("{api}/plan"), &format!("{api}/plan?area_code=415")).problem(422, "invalid_field");
    get(&format!("{api}/advice"), &format!("{api}/advice")).ok();
    get(&format!("{api}/advice"), &format!("{api}/advice?pool=gb")).problem(404, "not_found");
    get(&format!("{api}/what-if"), &format!("{api}/what-if?threshold=3&growth=2")).ok();
    get(&format!("{api}/what-if"), &format!("{api}/what-if?batch=0")).problem(422, "invalid_field");
    for path in [format!("{api}/replenish"), "/admin/phones/cron/auto-replenish".to_owned()] {
        description.check(&format!("POST {path}"), &daemon.post_empty(&path));
    }
    for name in ["pause", "resume", "configure-webhooks", "reconcile"] {
        post(&format!("{api}/{name}"), &format!("{api}/{name}"), json!({})).ok();
        get(&format!("{api}/attention"), &format!("{api}/attention")).ok();
        get(&format!("{api}/status"), &format!("{api}/status")).ok();
    }
    // Custody.
    let import = json!({"numbers": [{"phone_number": "+14155550000", "user_id": "u-9"}, {"phone_number": "+1415"}]});
    post(&format!("{api}/import"), &format!("{api}/import"), import).ok();
    let one = |number: &str, what: &str, body: Value| {
        post(&format!("{number_api}/{what}"), &format!("{api}/numbers/{number}/{what}"), body)
    };
    one("+14155550001", "adopt", json!({})).ok();
    one("+14155550002", "adopt", json!({"user_id": "u-8"})).ok();
    one("+14155550002", "adopt", json!({"pool": "ca"})).problem(409, "conflict");
    one("+14155550003", "adopt", json!({"pool": "ca"})).problem(409, "unfit_for_pool");
    one("+14155550001", "move", json!({"pool": "default"})).ok();
    one("+14155550001", "move", json!({"pool": "ca"})).problem(409, "conflict");
    one("+14155550001", "mark-ready", json!({})).ok();
    one("+14155550003", "mark-ready", json!({})).problem(404, "not_found");
    post(
        &format!("{api}/recycle"),
        &format!("{api}/recycle"),
        json!({"phone_numbers": ["+14155550002", "+14155550099"]}),
    )
    .ok();
    one("+14155550001", "protect", json!({})).ok();
    one("+14155550001", "release-to-twilio", json!({})).problem(409, "protected");
    one("+14155550001", "unprotect", json!({})).ok();
    one("+14155550003", "protect", json!({})).problem(404, "not_found");
    one("+14155550003", "ignore", json!({})).ok();
    get(&format!("{api}/ignored-numbers"), &format!("{api}/ignored-numbers")).ok();
    get(&format!("{api}/numbers"), &format!("{api}/numbers?colour=red")).problem(422, "unknown_field");
    one("+14155550003", "unignore", json!({})).ok();
    one("+14155550003", "unignore", json!({})).problem(404, "not_found");
    one("+14155550001", "ignore", json!({})).problem(409, "owned");
    one("+14155550002", "release-to-twilio", json!({})).problem(409, "assigned");
    one("+14155550099", "adopt", json!({})).problem(404, "not_found");
    one("+14155550001", "release-to-twilio", json!({})).ok();
    for number in ["+14155550001", "+14155550002", bought["numbers"][0]["phone_number"].as_str().expect("a number")] {
        get(number_api, &format!("{api}/numbers/{number}")).ok();
    }
    get(number_api, &format!("{api}/numbers/+14155550002?twilio=true")).ok();
    get(number_api, &format!("{api}/numbers/+14155550099")).problem(404, "not_found");
    for name in ["passes", "numbers?limit=1", "assignments?limit=1", "audit?limit=1"] {
        let operation = name.split('?').next().expect("a name");
        get(&format!("{api}/{operation}"), &format!("{api}/{name}")).ok();
    }
    get(&format!("{api}/twilio-check"), &format!("{api}/twilio-check")).ok();
    // Alerts.
    let alert = raised(&world, "bundle.expiring", "ca", "warning", 5);
    told(&world, &alert, "email", ("sent", 1, None), 5);
    get(&format!("{api}/alerts"), &format!("{api}/alerts?state=all")).ok();
    for (operation, path) in [("{id}/acknowledge", format!("{alert}/acknowledge")), ("test", "test".to_owned())] {
        description
            .check(&format!("POST {api}/alerts/{operation}"), &daemon.post_empty(&format!("{api}/alerts/{path}")));
    }
    // Twilio.
    let events = "POST /twilio/events";
    description.check(events, &send(&world, &daemon, "application/cloudevents-batch+json", b"[{}]"));
    description.check(events, &send(&world, &daemon, "application/json", b"{"));
    description.check(events, &send(&world, &daemon, "text/plain", b"[]"));
    description.check(events, &daemon.send("POST", "/twilio/events", &[], Some(b"[]")));
    // Everybody, and browsers.
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        get(path, path);
    }
    get("/problems/{code}", "/problems/pool_empty");
    get("/runbook/{kind}", "/runbook/pool.empty");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let dashboard = "/admin/phones/dashboard";
    description.check(&format!("GET {dashboard}"), &daemon.send("GET", dashboard, &[], None));
    assert_eq!(get(dashboard, dashboard).status, 200);
    get(dashboard, "/admin/phones/dashboard?hours=720");
    get(dashboard, "/admin/phones/dashboard?hours=5").problem(422, "invalid_field");
    description.check("GET /admin/login", &daemon.send("GET", "/admin/login", &[], None));
    let login = daemon.send("POST", "/admin/login", &form, Some(format!("api_key={ADMIN_KEY}").as_bytes()));
    description.check("POST /admin/login", &login);
    let wrong = daemon.send("POST", "/admin/login", &form, Some(b"api_key=wrong"));
    description.check("POST /admin/login", &wrong);
    let leaving = [("X-Admin-API-Key", ADMIN_KEY), form[0]];
    description.check("POST /admin/logout", &daemon.send("POST", "/admin/logout", &leaving, Some(b"")));
    // A stream has no end; dashboard_events.rs reads it.
    let mut unseen = description.unseen();
    unseen.retain(|operation| !operation.contains("/admin/phones/api/events"));
    assert!(unseen.is_empty(), "call these with a good request, too: {unseen:?}");
}

#[test]
fn refusals_on_the_way_to_every_handler_are_described() {
    let world = World::new().quiet().set("events.public_url", EVENTS);
    let daemon = world.daemon();
    let description = Description::new(daemon.send("GET", "/openapi.json", &[], None).ok());
    let large = vec![b' '; 70_000];
    for (operation, described) in description.operations() {
        let (method, pattern) = operation.split_once(' ').expect("two words");
        let path = pattern.replace("{phone_number}", "+14155550100").replace("{user_id}", "u-1").replace("{id}", "x");
        let send = |headers: &[(&str, &str)], body: Option<&[u8]>| {
            let reply = daemon.send(method, &path, headers, body);
            description.check(&operation, &reply);
            reply.status
        };
        let (key, json) = (("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/json"));
        let is_public = described["security"].as_array().is_none_or(Vec::is_empty);
        if !is_public {
            // People are shown the way in.
            let wanted = if path == "/admin/phones/dashboard" { 303 } else { 401 };
            assert_eq!(send(&[], None), wanted, "{operation}");
        }
        if path.starts_with("/admin/phones") {
            assert_eq!(send(&[("X-Admin-API-Key", SIGNUP_KEY)], None), 403, "{operation}");
        }
        // A stream has no end.
        if method == "GET" && !path.ends_with("/api/events") {
            let asked = format!("{path}?nobody=1");
            description.check(&operation, &daemon.send(method, &asked, &[key], None));
        }
        if !described["requestBody"]["content"]["application/json"].is_null() {
            assert_eq!(send(&[key, json], Some(b"{")), 400, "{operation}");
            assert_eq!(send(&[key, json], Some(b"{\"nobody\": 1}")), 422, "{operation}");
            assert_eq!(send(&[key, ("Content-Type", "text/plain")], Some(b"{}")), 415, "{operation}");
            // These may be that large; it is no JSON then.
            let wanted = if path.ends_with("/import") || path.ends_with("/touch") { 400 } else { 413 };
            assert_eq!(send(&[key, json], Some(&large)), wanted, "{operation}");
        }
        let other = if method == "GET" { "DELETE" } else { "PUT" };
        let refused = daemon.send(other, &path, &[key], None);
        refused.clone().problem(405, "method_not_allowed");
        let component = &description.document["components"]["responses"]["method_not_allowed"];
        let faults = description.faults(&component["content"]["application/problem+json"]["schema"], &refused.body);
        assert!(faults.is_empty(), "{operation}: {faults:#?}");
    }
}
