//! Which values are refused: shape, range, and keys that contradict each other.

use super::{World, assert_holds};

#[test]
fn a_value_of_the_wrong_shape_is_a_problem_that_says_the_right_one() {
    for (toml, parts) in [
        ("[pool]\nthreshold_low = \"5\"", &["pool.threshold_low", "is text, not a whole number"][..]),
        ("[pool]\nthreshold_low = 5.5", &["is a fraction"]),
        ("[pool]\narea_codes = \"415\"", &["pool.area_codes", "is text, not a list", "[\"415\", \"628\"]"]),
        ("[pool]\narea_codes = [415]", &["pool.area_codes", "each three digits in quotes"]),
        ("[pool]\narea_codes = [\"115\"]", &["pool.area_codes"]),
        ("[pool]\ncountry = \"us\"", &["two capital letters"]),
        ("[pool]\ncapabilities = [\"video\"]", &["voice, sms, mms and fax"]),
        ("[http]\nlisten = \"localhost\"", &["http.listen", "127.0.0.1:8080"]),
        ("[http]\nlisten = \"127.0.0.1:65536\"", &["http.listen"]),
        ("[http]\ntrusted_proxies = [\"10.0.0.300/8\"]", &["10.0.0.0/8"]),
        ("[instance]\nname = \"Prod\"", &["a-z, 0-9 and -"]),
        ("[instance]\nname = \"seventeen-letters\"", &["1 to 16"]),
        ("[twilio]\napi_base_url = \"api.twilio.com\"", &["https://api.twilio.com"]),
        ("[log]\nlevel = \"loud\"", &["error, warn, info, debug or trace"]),
        ("[log]\nformat = \"xml\"", &["auto, text or json"]),
        ("[reconcile]\nrepair_assigned = 1", &["true or false"]),
    ] {
        assert_holds(&World::new().toml(toml).problem(), parts);
    }
    for (name, value, part) in [
        ("CALLBUNKER__POOL__THRESHOLD_LOW", "many", "is not a whole number"),
        ("CALLBUNKER__RECONCILE__REPAIR_ASSIGNED", "yes", "is neither true nor false"),
        ("CALLBUNKER__LOCK__ADVISORY_KEY", "9223372036854775808", "is not a whole number"),
    ] {
        assert_holds(&World::new().with(name, value).problem(), &[name, part]);
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_the_range() {
    for (toml, parts) in [
        ("[pool]\nreplenishment_batch_size = 0", &["pool.replenishment_batch_size", "is 0", "1 to 100 numbers"][..]),
        ("[pool]\nreplenishment_batch_size = 101", &["is 101"]),
        ("[pool]\nthreshold_low = -1", &["is -1"]),
        ("[pool]\nquarantine_hours = 9223372036854775807", &["0 to 87600 hours"]),
        ("[twilio]\nrequest_timeout_ms = 99", &["100 to 60000 milliseconds"]),
        ("[twilio]\nrequest_timeout_ms = 60001", &["is 60001"]),
        ("[purchase]\nconcurrency = 0", &["purchase.concurrency"]),
        ("[purchase]\nemergency_concurrency = 0", &["purchase.emergency_concurrency"]),
        ("[purchase]\nemergency_wait_ms = 120001", &["purchase.emergency_wait_ms"]),
        ("[http]\nconnections_max = 0", &["http.connections_max"]),
        ("[breaker]\nprobe_secs = 0", &["breaker.probe_secs"]),
        ("[supervisor]\nwindow_secs = 0", &["supervisor.window_secs"]),
        ("[audit]\nretention_days = 0", &["audit.retention_days"]),
        ("[shutdown]\ngrace_secs = 0", &["shutdown.grace_secs"]),
        ("[database]\nacquire_timeout_ms = 0", &["database.acquire_timeout_ms"]),
    ] {
        assert_holds(&World::new().toml(toml).problem(), parts);
    }
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    for (toml, parts) in [
        ("[pool]\nthreshold_low = 51", &["pool.threshold_low", "is 51", "pool.available_max, which is 50"][..]),
        ("[pool]\navailable_max = 19", &["pool.total_min", "is 20", "callbunker.toml"]),
        ("[pool]\ncountry = \"GB\"\narea_codes = [\"415\"]", &["pool.area_codes", "no area codes in GB"]),
        ("[pool]\narea_codes = [\"415\", \"415\"]", &["twice"]),
        ("[pool]\ncapabilities = []", &["pool.capabilities", "is empty"]),
        ("[pool]\ncapabilities = [\"sms\", \"sms\"]", &["twice"]),
        ("[twilio]\napi_base_url = \"http://api.twilio.com\"", &["twilio.api_base_url", "plain http"]),
        ("[twilio]\npricing_base_url = \"https://a.example?x=1\"", &["twilio.pricing_base_url", "a query"]),
        ("[webhooks]\nvoice_path = \"twilio/voice\"", &["webhooks.voice_path", "does not start with /"]),
        ("[webhooks]\nsms_path = \"/a b\"", &["webhooks.sms_path", "percent-encode"]),
        ("[webhooks]\nstatus_path = \"/a#b\"", &["webhooks.status_path"]),
        ("[schedule]\nreplenish_cron = \"0 * * * *\"", &["schedule.replenish_cron", "six fields"]),
        ("[schedule]\nreconcile_cron = \"0 0 0 31 2 *\"", &["schedule.reconcile_cron", "never comes"]),
    ] {
        assert_holds(&World::new().toml(toml).problem(), parts);
    }
    World::new().toml("[twilio]\napi_base_url = \"http://127.0.0.1:4010\"").load().unwrap();
    World::new().toml("[spend]\npurchases_per_hour_max = 500\npurchases_per_day_max = 300").load().unwrap();
    World::new().toml("[pool]\nthreshold_low = 0\ntotal_min = 0\navailable_max = 0").load().unwrap();
}

#[test]
fn a_faulty_key_is_not_blamed_on_its_neighbour() {
    let world = World::new().toml("[pool]\nthreshold_low = \"70\"\navailable_max = 60\ntotal_min = 61");
    let problems = world.problems();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    let world = World::new().toml("[pool]\nthreshold_low = 40\navailable_max = \"45\"");
    assert_holds(&world.problem(), &["pool.available_max", "is text"]);
}

#[test]
fn the_public_url_is_a_bare_https_origin() {
    for (url, part) in [
        ("http://app.example.com", "plain http"),
        ("https://app.example.com/app", "more than scheme, host and port"),
        ("https://app.example.com/?a=b", "more than scheme"),
        ("https://app.example.com/#a", "more than scheme"),
        ("https://user@app.example.com", "more than scheme"),
        ("ftp://app.example.com", "neither https nor http"),
        ("app.example.com", "not a value it can take"),
    ] {
        let problem = World::new().with("PUBLIC_APP_URL", url).problem();
        assert_holds(&problem, &["webhooks.public_app_url (environment variable PUBLIC_APP_URL)", part]);
    }
    let missing = World::new().without("PUBLIC_APP_URL").problem();
    assert_holds(&missing, &["PUBLIC_APP_URL (not set anywhere) is missing", "https://app.example.com"]);
    let world = World::new().with("CALLBUNKER__WEBHOOKS__PUBLIC_APP_URL", "https://app.example.com/");
    assert_eq!(world.load().unwrap().webhooks.origin(), "https://app.example.com");
    let world = World::new().with("CALLBUNKER__WEBHOOKS__PUBLIC_APP_URL", "https://other.example.com");
    assert_holds(&world.problem(), &["PUBLIC_APP_URL", "both set, and differ"]);
    let world = World::new().without("PUBLIC_APP_URL").toml("[webhooks]\npublic_app_url = \"http://localhost:3000\"");
    assert_eq!(world.load().unwrap().webhooks.webhooks().sms_url, "http://localhost:3000/twilio/sms");
}
