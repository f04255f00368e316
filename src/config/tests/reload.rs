//! What SIGHUP changes, what it does not, and what it says about it.

use super::{ADMIN_KEY, World, assert_holds, assert_no_secret};
use crate::config::Config;
use crate::domain::{PoolKey, PoolName};

#[test]
fn what_may_change_does_and_what_may_not_waits_for_a_restart() {
    let world = World::new().toml("[pool]\nthreshold_low = 5");
    let running = world.load().unwrap();
    let world = world.toml(
        "[pool]\nthreshold_low = 6\n[instance]\nname = \"other\"\n[http]\nlisten = \"127.0.0.1:9\"\n\
         body_timeout_ms = 500\n[twilio]\nrequest_timeout_ms = 500\n[log]\nlevel = \"debug\"\nformat = \"json\"\n\
         [lock]\nadvisory_key = 7\n[database]\nacquire_timeout_ms = 20\n[supervisor]\nrestarts_max = 9\n\
         [schedule]\nreplenish_cron = \"0 5 * * * *\"\n[spend]\npurchases_per_hour_max = 1\n\
         [purchase]\nconcurrency = 2\n[webhooks]\nvoice_path = \"/v\"",
    );
    let reload = Config::load_for_reload(&world.sources, &running).unwrap();
    assert_eq!(
        reload.changed,
        [
            "log.level",
            "pool.threshold_low",
            "purchase.concurrency",
            "schedule.replenish_cron",
            "spend.purchases_per_hour_max",
            "webhooks.voice_path",
        ]
    );
    assert_eq!(
        reload.needs_restart,
        [
            "database.acquire_timeout_ms",
            "http.body_timeout_ms",
            "http.listen",
            "instance.name",
            "lock.advisory_key",
            "log.format",
            "supervisor.restarts_max",
            "twilio.request_timeout_ms",
        ]
    );
    assert_eq!(reload.config.http, running.http);
    assert_eq!(reload.config.lock, running.lock);
    assert_eq!(reload.config.pool.threshold_low, 6);
    assert_eq!(reload.config.webhooks.webhooks().voice_url, "https://app.example.com/v");
}

#[test]
fn a_reload_of_the_same_sources_changes_nothing() {
    let world = World::new().toml("[pool]\nthreshold_low = 5");
    let running = world.load().unwrap();
    let reload = Config::load_for_reload(&world.sources, &running).unwrap();
    assert_eq!((reload.config, reload.changed, reload.needs_restart), (running, vec![], vec![]));
}

#[test]
fn keys_change_with_their_file_and_the_rest_of_the_secrets_waits() {
    let world = World::new().without("ADMIN_API_KEY").without("TWILIO_AUTH_TOKEN").without("DATABASE_URL");
    let folder = world.folder().to_owned();
    let world = world.with("CREDENTIALS_DIRECTORY", &folder);
    world.file("admin_api_key", ADMIN_KEY);
    world.file("twilio_auth_token", "one");
    world.file("database_url", "postgresql://one/db");
    let running = world.load().unwrap();
    world.file("admin_api_key", &format!("{ADMIN_KEY},second-0b1c2d3e4f5a"));
    world.file("twilio_auth_token", "two");
    world.file("database_url", "postgresql://two/db");
    let reload = Config::load_for_reload(&world.sources, &running).unwrap();
    assert_eq!(reload.changed, ["ADMIN_API_KEY"]);
    assert_eq!(reload.needs_restart, ["DATABASE_URL", "TWILIO_AUTH_TOKEN or TWILIO_API_KEY_SECRET"]);
    assert_eq!(reload.config.secrets.admin_keys.len(), 2);
    assert_eq!(reload.config.secrets.twilio_credentials, running.secrets.twilio_credentials);
    assert_no_secret(&format!("{reload:?}"));
}

#[test]
fn a_bad_new_file_is_refused_whole() {
    let world = World::new();
    let running = world.load().unwrap();
    let world = world.toml("[pool]\nthreshold_low = 6\ntotal_min = -1");
    let problems = Config::load_for_reload(&world.sources, &running).unwrap_err();
    assert_holds(&problems.to_string(), &["pool.total_min", "is -1"]);
}

#[test]
fn what_the_environment_gives_directly_is_told_to_need_a_restart() {
    let world = World::new()
        .with("CALLBUNKER__POOL__THRESHOLD_LOW", "7")
        .with("CALLBUNKER__POOL__TOTAL_MIN", "9")
        .toml("[pool]\nthreshold_low = 5\ntotal_min = 9\n[webhooks]\npublic_app_url = \"https://b.example.com\"");
    let running = world.load().unwrap();
    let notes = Config::load_for_reload(&world.sources, &running).unwrap().notes;
    assert_eq!(notes.len(), 3, "{notes:#?}");
    assert_holds(
        &notes[0],
        &["until a restart", "ADMIN_API_KEY, ", "CALLBUNKER__POOL__THRESHOLD_LOW", "DATABASE_URL", "PUBLIC_APP_URL"],
    );
    assert_holds(&notes[1], &["pool.threshold_low", "CALLBUNKER__POOL__THRESHOLD_LOW in the environment"]);
    assert_holds(&notes[2], &["webhooks.public_app_url", "PUBLIC_APP_URL in the environment"]);
}

#[test]
fn pools_come_change_and_go_by_name() {
    let world = World::new().toml("[pools.gb]\ncountry = \"GB\"\n[pools.fr]\ncountry = \"FR\"");
    let running = world.load().unwrap();
    let world = world.toml(
        "[pools.gb]\ncountry = \"GB\"\nthreshold_low = 3\n[pools.gb.webhooks]\nsms_path = \"/gb\"\n[pools.ca]\ncountry = \"CA\"\n\
         [pool.webhooks]\nvoice_path = \"/v\"",
    );
    let reload = world.load().unwrap().in_place_of(&running, &world.sources);
    assert_eq!(reload.needs_restart, Vec::<String>::new());
    for key in [
        "pool.webhooks.voice_path",
        "pools.ca.country",
        "pools.fr.country",
        "pools.gb.threshold_low",
        "pools.gb.webhooks.sms_path",
    ] {
        assert!(reload.changed.iter().any(|changed| changed == key), "{key}: {:?}", reload.changed);
    }
    assert!(!reload.changed.iter().any(|key| key == "pools.gb.country"));
    let names: Vec<&str> = reload.config.catalog().entries().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["default", "ca", "gb"]);
}

#[test]
fn failures_to_attach_are_counted_on_whatever_other_keys_a_pool_has() {
    let fingerprint = |toml: &str| {
        let config = World::new().toml(&format!("[pool]\n{toml}")).load().unwrap();
        config.wants_keys_of(&PoolName::default_pool()).unwrap().fingerprint.to_string()
    };
    let (one, other) = (format!("MG{}", "1".repeat(32)), format!("MG{}", "2".repeat(32)));
    let before = fingerprint(&format!("messaging_services = [\"{one}\"]"));
    assert!(before.len() == 16 && before.bytes().all(|byte| byte.is_ascii_hexdigit()), "{before}");
    assert_eq!(before, fingerprint(&format!("messaging_services = [\"{one}\"]\navailable_max = 60")));
    let profile = format!("messaging_services = [\"{one}\"]\ncustomer_profile = \"BU{}\"", "3".repeat(32));
    let voice = format!("messaging_services = [\"{one}\"]\nready_for = \"voice\"");
    for wants in [format!("messaging_services = [\"{other}\"]"), profile, voice] {
        assert_ne!(before, fingerprint(&wants), "{wants}");
    }
}

#[test]
fn other_keys_of_a_pool_are_another_fingerprint() {
    let fingerprint = |toml: &str| {
        let config = World::new().toml(toml).load().unwrap();
        config.keys_of(&"gb".parse().unwrap()).unwrap().fingerprint
    };
    let before = fingerprint("[pools.gb]\ncountry = \"GB\"");
    assert!(before.len() == 16 && before.bytes().all(|byte| byte.is_ascii_hexdigit()), "{before}");
    assert_eq!(before, fingerprint("[pools.gb]\ncountry = \"GB\"\nthreshold_low = 10\n[pool]\nthreshold_low = 4"));
    let bundle = format!("bundle_sid = \"BU{}\"", "0".repeat(32));
    for other in ["threshold_low = 9", "number_type = \"mobile\"", &bundle, "webhooks.sms_path = \"/gb\""] {
        assert_ne!(before, fingerprint(&format!("[pools.gb]\ncountry = \"GB\"\n{other}")), "{other}");
    }
}

#[test]
fn what_the_webhooks_of_all_name_of_the_account_counts_where_a_pool_says_nothing_of_its_own() {
    let (one, two) = (format!("\"TK{}\"", "1".repeat(32)), format!("\"TK{}\"", "2".repeat(32)));
    let keys = |all: &str, own: &str| {
        let toml = format!("[pools.gb]\ncountry = \"GB\"\n{own}\n[webhooks]\n{all}");
        let config = World::new().toml(&toml).load().unwrap();
        let gb = "gb".parse().unwrap();
        (
            config.keys_of(&gb).unwrap().fingerprint,
            config.path_of(&gb, PoolKey::Trunk),
            config.path_of(&gb, PoolKey::BundleSid),
        )
    };
    let (plain, needs, bundle) = keys("", "");
    assert_eq!((needs.as_str(), bundle.as_str()), ("webhooks.trunk_sid", "pools.gb.bundle_sid"));
    let of_all = |trunk: &str| keys(&format!("trunk_sid = {trunk}"), "").0;
    assert_eq!(keys("voice_path = \"/calls\"", "").0, plain, "a path names nothing that Twilio may not know");
    assert!(of_all(&one) != plain && of_all(&one) != of_all(&two));
    let own = format!("webhooks.trunk_sid = {one}");
    let (its_own, needs, _) = keys("", &own);
    assert_eq!(needs, "pools.gb.webhooks.trunk_sid");
    assert_eq!(keys(&format!("trunk_sid = {two}"), &own).0, its_own, "it leads elsewhere");
}
