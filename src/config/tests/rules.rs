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
        ("[http]\nbase_path = 1", &["http.base_path", "/callbunker"]),
        ("[http]\npublic_url = \"ops.example.com\"", &["http.public_url", "https://ops.example.com/callbunker"]),
        ("[http]\nmetrics_open = \"maybe\"", &["http.metrics_open", "true or false"]),
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
        ("CALLBUNKER__POOL__THRESHOLD_LOW", "\"5\"", "stands in quotes"),
        ("CALLBUNKER__TWILIO__SELF_CHECK", "'false'", "stands in quotes"),
    ] {
        assert_holds(&World::new().with(name, value).problem(), &[name, part]);
    }
}

#[test]
fn whatever_stands_in_quotes_is_told_as_that() {
    for (name, value, parts) in [
        ("PUBLIC_APP_URL", "\"https://app.example.com\"", &["webhooks.public_app_url", "PUBLIC_APP_URL"][..]),
        ("CALLBUNKER__TWILIO__CA_FILE", "'/etc/ssl/authority.pem'", &["twilio.ca_file", "PEM"]),
        ("CALLBUNKER__POOL__AREA_CODES", "\"415\",\"628\"", &["pool.area_codes"]),
        ("CALLBUNKER__INSTANCE__NAME", "“prod”", &["instance.name"]),
        ("ADMIN_API_KEY_FILE", "\"/run/keys/admin\"", &["ADMIN_API_KEY"]),
        ("CALLBUNKER_CONFIG", "\"/etc/callbunker.toml\"", &["configuration file"]),
        ("SSL_CERT_FILE", "'/etc/ssl/bundle.pem'", &["SSL_CERT_FILE"]),
    ] {
        let world = if name == "ADMIN_API_KEY_FILE" { World::new().without("ADMIN_API_KEY") } else { World::new() };
        let problem = world.with(name, value).problem();
        assert_holds(&problem, parts);
        assert_holds(&problem, &["stands in quotes", "give it without them"]);
    }
    assert_holds(&World::new().toml("[http]\nlisten = \"'127.0.0.1:8080'\"").problem(), &["http.listen", "in quotes"]);
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
        ("[webhooks]\nvoice_fallback_path = \"f\"", &["webhooks.voice_fallback_path", "does not start with /"]),
        ("[webhooks]\nsms_fallback_path = \"/a b\"", &["webhooks.sms_fallback_path", "percent-encode"]),
        ("[webhooks]\nvoice_application_sid = \"AP1\"", &["webhooks.voice_application_sid", "AP and 32 hexadecimal"]),
        ("[webhooks]\nsms_application_sid = \"TK1\"", &["webhooks.sms_application_sid", "AP and 32 hexadecimal"]),
        ("[webhooks]\ntrunk_sid = \"AP1\"", &["webhooks.trunk_sid", "TK and 32 hexadecimal"]),
        (
            "[webhooks]\ntrunk_sid = \"TK0123456789abcdef0123456789abcdef\"\n\
             voice_application_sid = \"AP0123456789abcdef0123456789abcdef\"",
            &["webhooks.trunk_sid", "together with webhooks.voice_application_sid", "remove"],
        ),
        ("[schedule]\nreplenish_cron = \"0 * * * *\"", &["schedule.replenish_cron", "six fields"]),
        ("[schedule]\nreconcile_cron = \"0 0 0 31 2 *\"", &["schedule.reconcile_cron", "never comes"]),
    ] {
        assert_holds(&World::new().toml(toml).problem(), parts);
    }
    // Said to be none, or one of them taken off where the other one is.
    World::new()
        .toml(
            "[webhooks]\ntrunk_sid = \"\"\nvoice_fallback_path = \"\"\n\
             voice_application_sid = \"AP0123456789abcdef0123456789abcdef\"\n[pools.gb]\ncountry = \"GB\"\n\
             webhooks.trunk_sid = \"TK0123456789abcdef0123456789abcdef\"",
        )
        .load()
        .unwrap();
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

#[test]
fn below_which_path_and_by_which_name_the_dashboard_may_be() {
    let http = |toml: &str| World::new().toml(&format!("[http]\n{toml}"));
    for (path, part) in [
        ("callbunker", "does not start with /"),
        ("/", "ends with /"),
        ("/callbunker/", "ends with /"),
        ("//callbunker", "is empty, . or .."),
        ("/a//b", "is empty"),
        ("/../a", ". or .."),
        ("/a/.", ". or .."),
        ("/a b", "letters, digits"),
        ("/ä", "letters, digits"),
        ("/a%2Fb", "letters, digits"),
        ("/a?b", "letters, digits"),
        ("/admin", "callbunker's own"),
        ("/signup/x", "callbunker's own"),
        ("/openapi.json", "callbunker's own"),
        (&format!("/{}", "a".repeat(100)), "longer than 100"),
    ] {
        assert_holds(&http(&format!("base_path = \"{path}\"")).problem(), &["http.base_path", part, "/callbunker"]);
    }
    for (toml, part) in [
        ("public_url = \"http://ops.example.com\"", "plain http"),
        ("public_url = \"ftp://ops.example.com\"", "neither https nor http"),
        ("public_url = \"https://u@ops.example.com\"", "a user"),
        ("public_url = \"https://ops.example.com/?a=b\"", "a query"),
        ("public_url = \"https://ops.example.com/#a\"", "fragment"),
        ("public_url = \"https://ops.example.com/admin\"", "callbunker's own"),
        ("public_url = \"https://ops.example.com/a%20b\"", "letters, digits"),
        (
            "public_url = \"https://ops.example.com/x\"\nbase_path = \"/callbunker\"",
            "http.base_path, which is /callbunker",
        ),
        (
            "public_url = \"https://ops.example.com\"\nbase_path = \"/callbunker\"",
            "http.base_path, which is /callbunker",
        ),
    ] {
        assert_holds(&http(toml).problem(), &["http.public_url", part]);
    }
    for (toml, base) in [
        ("", ""),
        ("base_path = \"/callbunker\"", "/callbunker"),
        ("base_path = \"/ops/call.bunker_2~-\"", "/ops/call.bunker_2~-"),
        ("public_url = \"https://ops.example.com\"", ""),
        ("public_url = \"https://ops.example.com/callbunker/\"", "/callbunker"),
        ("public_url = \"http://localhost:8080/x\"", "/x"),
        ("public_url = \"https://ops.example.com/x\"\nbase_path = \"/x\"", "/x"),
    ] {
        assert_eq!(http(toml).load().unwrap().http.base(), base, "{toml}");
    }
    assert_eq!(http("metrics_open = false").load().unwrap().http.metrics_open, Some(false));
    let world = World::new().with("CALLBUNKER__HTTP__METRICS_OPEN", "true");
    assert_eq!(world.load().unwrap().http.metrics_open, Some(true));
}

#[test]
fn what_a_pool_may_be_called() {
    let longest = format!("a{}", "0".repeat(31));
    for name in ["gb", "gb_mobile", "g2", longest.as_str()] {
        World::new().toml(&format!("[pools.{name}]\ncountry = \"GB\"")).load().unwrap();
    }
    for name in ["GB", "\"g b\"", "gb__mobile", "gb_", "_gb", "2gb", "gb-mobile", &format!("{longest}0")] {
        let problem = World::new().toml(&format!("[pools.{name}]\ncountry = \"GB\"")).problem();
        assert_holds(
            &problem,
            &[&format!("[pools.{}]", name.trim_matches('"')), "is no name of a pool", "a letter of a-z"],
        );
    }
    let problem = World::new().toml("[pools.default]\ncountry = \"GB\"").problem();
    assert_holds(&problem, &["[pools.default]", "is the name of [pool]"]);
    let many = |count: u32| (0..count).map(|n| format!("[pools.p{n}]\ncountry = \"GB\"\n")).collect::<String>();
    assert_eq!(World::new().toml(&many(50)).load().unwrap().pools.len(), 50);
    assert_holds(&World::new().toml(&many(51)).problem(), &["[pools]", "are 51", "50 at most"]);
}

#[test]
fn keys_of_a_pool_that_contradict_each_other_are_refused() {
    let sid = "0123456789abcdef0123456789abcdef";
    for (toml, parts) in [
        ("threshold_low = 51", &["pools.x.threshold_low", "above pools.x.available_max, which is 50"][..]),
        ("total_min = 51", &["pools.x.total_min", "raise pools.x.available_max"]),
        (
            "country = \"GB\"\narea_codes = [\"415\"]",
            &["pools.x.area_codes", "no area codes in GB", "set pools.x.country"],
        ),
        ("country = \"GB\"\nregion = \"CA\"", &["pools.x.region", "searches no region in GB"]),
        ("country = \"GB\"\nlocality = \"London\"", &["pools.x.locality", "searches no locality in GB"]),
        ("area_codes = [\"416\"]", &["pools.x.area_codes", "names 416, which is CA's"]),
        ("area_codes = [\"787\"]", &["names 787, which is PR's"]),
        ("area_codes = [\"800\"]", &["no place's code", "the pool buys local numbers"]),
        ("area_codes = [\"415\", \"415\"]", &["twice"]),
        ("number_type = \"toll_free\"\narea_codes = [\"415\"]", &["names 415, which is no toll-free code"]),
        ("number_type = \"voip\"", &["pools.x.number_type", "local, mobile, toll_free or national"]),
        ("region = \"ON\"", &["pools.x.region", "US has no state or province of that name"]),
        ("region = \"California\"", &["pools.x.region", "two capital letters"]),
        ("region = \"NY\"\narea_codes = [\"415\"]", &["pools.x.area_codes", "names 415, which is in US-CA", "US-NY"]),
        ("locality = \" \"", &["pools.x.locality", "is not the name of a town"]),
        ("contains = \"4\"", &["pools.x.contains", "2 to 16 characters"]),
        ("contains = \"41+5\"", &["pools.x.contains", "the first may be +"]),
        ("address_sid = \"AD0\"", &["pools.x.address_sid", "AD and 32 hexadecimal digits"]),
        (&format!("bundle_sid = \"AD{sid}\""), &["pools.x.bundle_sid", "BU and 32"]),
        (&format!("identity_sid = \"BU{sid}\""), &["pools.x.identity_sid", "RI and 32"]),
        ("purchases_per_day_max = -1", &["pools.x.purchases_per_day_max", "is -1", "0 to 1000000 purchases"]),
        ("purchases_per_day_max = \"5\"", &["pools.x.purchases_per_day_max", "is text, not a whole number"]),
        ("capabilities = []", &["pools.x.capabilities", "is empty"]),
        ("serves_country = 1", &["pools.x.serves_country", "not true or false"]),
        ("webhooks.voice_path = \"v\"", &["pools.x.webhooks.voice_path", "does not start with /"]),
        ("webhooks.sms_path = \"/a b\"", &["pools.x.webhooks.sms_path", "percent-encode"]),
        ("webhooks.voice_fallback_path = \"f\"", &["pools.x.webhooks.voice_fallback_path", "does not start with /"]),
        ("webhooks.sms_application_sid = \"AP\"", &["pools.x.webhooks.sms_application_sid", "AP and 32 hexadecimal"]),
        (
            "webhooks.trunk_sid = \"TK0123456789abcdef0123456789abcdef\"\n\
             webhooks.voice_application_sid = \"AP0123456789abcdef0123456789abcdef\"",
            &["pools.x.webhooks.trunk_sid", "together with pools.x.webhooks.voice_application_sid"],
        ),
        ("webhooks.public_app_url = \"http://a.example\"", &["pools.x.webhooks.public_app_url", "plain http"]),
        ("webhooks.public_app_url = \"https://a.example/x\"", &["the paths in pools.x.webhooks.voice_path"]),
        ("webhooks.public_app_url = \"a.example\"", &["https://app.example.com"]),
    ] {
        let country = if toml.contains("country = \"GB") { "" } else { "country = \"US\"\n" };
        assert_holds(&World::new().toml(&format!("[pools.x]\n{country}{toml}")).problem(), parts);
    }
    for sound in [
        "country = \"US\"\nnumber_type = \"toll_free\"\narea_codes = [\"833\", \"800\"]",
        "country = \"US\"\narea_codes = [\"999\"]\nregion = \"CA\"",
        "country = \"CA\"\nregion = \"PE\"\narea_codes = [\"902\"]",
        "country = \"US\"\nlocality = \"San Francisco\"\nregion = \"CA\"\ncontains = \"+1415*$\"",
        "country = \"GB\"\nnumber_type = \"mobile\"\ncontains = \"+447\"",
        "country = \"DE\"\nnumber_type = \"national\"\nthreshold_low = 0",
    ] {
        World::new().toml(&format!("[pools.x]\n{sound}")).load().unwrap();
    }
    // Two of one kind: that is what a signup may name a pool for.
    World::new().toml("[pools.a]\ncountry = \"US\"\n[pools.b]\ncountry = \"US\"").load().unwrap();
    assert_holds(&World::new().toml("[spend]\nowned_max = 1000001").problem(), &["spend.owned_max", "is 1000001"]);
}

#[test]
fn every_problem_of_every_pool_is_told() {
    let world = World::new()
        .toml(
            "[pool]\nregion = \"XX\"\n[pools.GB]\nnumber_type = \"voip\"\n[pools.ca]\ncountry = \"CA\"\nthreshold_low = 51\n\
             area_codes = [\"415\"]\n[pools.ca.webhooks]\nsms_path = \"s\"\n[pools.de]\ncountry = \"de\"\nx = 1",
        )
        .with("CALLBUNKER__POOLS__FR__TOTAL_MIN", "many");
    let problems = world.problems();
    for key in [
        "pool.region",
        "[pools.GB]",
        "pools.GB.number_type",
        "pools.GB.country",
        "pools.ca.threshold_low",
        "pools.ca.area_codes",
        "pools.ca.webhooks.sms_path",
        "pools.de.country",
        "pools.de.x",
        "pools.fr.total_min",
    ] {
        let of_key: Vec<_> = problems.iter().filter(|problem| problem.starts_with(&format!("{key} ("))).collect();
        assert_eq!(of_key.len(), 1, "{key}: {problems:#?}");
    }
    assert_eq!(problems.len(), 10, "{problems:#?}");
}

#[test]
fn what_pools_and_spend_may_say_together_is_taken() {
    let toml = "[pool]\nnumber_type = \"toll_free\"\nserves_country = false\n[pool.webhooks]\nsms_path = \"/s\"\n\
                [spend]\nowned_max = 5\n[pools.gb]\ncountry = \"GB\"\npurchases_per_day_max = 0";
    let config = World::new().toml(toml).load().unwrap();
    let gb = config.pool(&"gb".parse().unwrap()).expect("it is configured");
    assert_eq!((config.spend.owned_max, gb.purchases_per_day_max), (Some(5), Some(0)));
    let bundle = format!("bundle_sid = \"BU{}\"", "0".repeat(32));
    let obeyed = format!(
        "[pool]\nnumber_type = \"local\"\nserves_country = true\n{bundle}\nregion = \"CA\"\ncontains = \"555*\""
    );
    World::new().toml(&obeyed).load().unwrap();
    // Twilio sells no such numbers there today: the pool halts, and the others go on.
    World::new().toml("[pools.x]\ncountry = \"US\"\nnumber_type = \"mobile\"").load().unwrap();
}
