//! Which layer wins, what is unknown, and how it is all told.

use secrecy::ExposeSecret as _;

use super::{ADMIN_KEY, DATABASE_PASSWORD, TOKEN, World, assert_holds, assert_no_secret};
use crate::config::{DatabaseSettings, LogLevel, describe_effective};
use crate::domain::{Capability, PoolName};

#[test]
fn the_environment_goes_above_the_file_and_the_file_above_the_defaults() {
    let config = World::new()
        .toml("[pool]\nthreshold_low = 5\ntotal_min = 6\narea_codes = [\"415\", \"628\"]\n[log]\nlevel = \"warn\"")
        .with("CALLBUNKER__POOL__THRESHOLD_LOW", "7")
        .with("CALLBUNKER__POOL__CAPABILITIES", "voice, mms")
        .with("CALLBUNKER__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,2001:db8::/32")
        .with("CALLBUNKER__HTTP__LISTEN", "[::1]:0")
        .with("CALLBUNKER__RECONCILE__REPAIR_ASSIGNED", "true")
        .with("CALLBUNKER__LOCK__ADVISORY_KEY", "-9223372036854775808")
        .load()
        .unwrap();
    assert_eq!((config.pool.threshold_low, config.pool.total_min, config.pool.available_max), (7, 6, 50));
    assert_eq!(config.pool.area_codes.iter().map(|code| code.as_str()).collect::<Vec<_>>(), ["415", "628"]);
    assert_eq!(config.pool.capabilities, [Capability::Voice, Capability::Mms]);
    assert_eq!(config.http.trusted_proxies.len(), 2);
    assert_eq!(config.http.listen.to_string(), "[::1]:0");
    assert!(config.reconcile.repair_assigned);
    assert_eq!(config.lock.advisory_key, i64::MIN);
    assert_eq!(config.log.level, LogLevel::Warn);
    assert_eq!(config.policy(&PoolName::default_pool()).unwrap().threshold_low, 7);
}

#[test]
fn an_empty_list_in_the_environment_empties_the_list_of_the_file() {
    let world = World::new().toml("[pool]\narea_codes = [\"415\"]").with("CALLBUNKER__POOL__AREA_CODES", "");
    assert!(world.load().unwrap().pool.area_codes.is_empty());
}

#[test]
fn the_file_is_named_by_the_option_or_else_by_the_environment() {
    let world = World::new();
    let path = world.file("other.toml", "[pool]\nthreshold_low = 3");
    let world = world.with("CALLBUNKER_CONFIG", &path);
    assert_eq!(world.load().unwrap().pool.threshold_low, 3);
    let world = world.toml("[pool]\nthreshold_low = 4");
    assert_eq!(world.load().unwrap().pool.threshold_low, 4);
    let world = World::new().with("CALLBUNKER_CONFIG", "/nowhere/callbunker.toml");
    assert_holds(&world.problem(), &["configuration file", "/nowhere/callbunker.toml", "cannot be read"]);
}

#[test]
fn unknown_names_are_problems_with_a_suggestion() {
    for (toml, parts) in [
        ("[pool]\ntreshold_low = 5", &["pool.treshold_low", "callbunker.toml", "pool.threshold_low?"][..]),
        ("[pools]\nthreshold_low = 5", &["[pools]", "did you mean [pool]?"]),
        ("[pool]\nemergency_concurrency = 5", &["purchase.emergency_concurrency?"]),
        ("threshold_low = 5", &["threshold_low", "pool.threshold_low?"]),
        ("pool = 5", &["pool", "is a section", "[pool]"]),
        ("[[pool]]\nthreshold_low = 5", &["pool", "is a section"]),
        ("[pool]\ntreshold = 5", &["pool.threshold_low?"]),
        ("[shutdown]\ngrace = 5", &["shutdown.grace_secs?"]),
        ("[weather]\nsun = true", &["[weather]", "the sections are alerts, audit, breaker"]),
        ("[pool]\nzzzzzzzzzzzzzzzz = 1", &["pool.zzzzzzzzzzzzzzzz", "config/default.toml"]),
    ] {
        assert_holds(&World::new().toml(toml).problem(), parts);
    }
    for (name, meant) in [
        ("CALLBUNKER__POOL__TRESHOLD_LOW", "CALLBUNKER__POOL__THRESHOLD_LOW?"),
        ("CALLBUNKER__PURCHASES__CONCURRENCY", "CALLBUNKER__PURCHASE__CONCURRENCY?"),
        ("CALLBUNKER__pool__threshold_low", "CALLBUNKER__POOL__THRESHOLD_LOW?"),
        ("CALLBUNKER_POOL_THRESHOLD_LOW", "CALLBUNKER__POOL__THRESHOLD_LOW?"),
        ("CALLBUNKER__THRESHOLD_LOW", "CALLBUNKER__POOL__THRESHOLD_LOW?"),
        ("CALLBUNKER__ZZZZZZZZZZ", "config/default.toml"),
    ] {
        assert_holds(&World::new().with(name, "5").problem(), &[name, "environment variable", meant]);
    }
    World::new().with("CALLBUNKER_URL", "http://127.0.0.1:8080").load().unwrap();
}

#[test]
fn a_pool_may_stand_in_the_environment_alone() {
    let config = World::new()
        .with("CALLBUNKER__POOLS__GB_MOBILE__COUNTRY", "GB")
        .with("CALLBUNKER__POOLS__GB_MOBILE__NUMBER_TYPE", "mobile")
        .with("CALLBUNKER__POOLS__GB_MOBILE__PURCHASES_PER_DAY_MAX", "7")
        .with("CALLBUNKER__POOLS__GB_MOBILE__SERVES_COUNTRY", "false")
        .with("CALLBUNKER__POOLS__GB_MOBILE__CAPABILITIES", "sms")
        .with("CALLBUNKER__POOLS__GB_MOBILE__WEBHOOKS__VOICE_PATH", "/gb")
        .with("CALLBUNKER__POOL__WEBHOOKS__SMS_PATH", "/us")
        .with("CALLBUNKER__POOLS__CA__COUNTRY", "CA")
        .with("CALLBUNKER__POOLS__CA__THRESHOLD_LOW", "4")
        .toml("[pools.ca]\nthreshold_low = 3\nregion = \"ON\"\n[pools.ca.webhooks]\nsms_path = \"/ca\"")
        .load()
        .unwrap();
    let names: Vec<&str> = config.pools().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["default", "ca", "gb_mobile"]);
    let pool = |name: &str| config.pool(&name.parse().unwrap()).unwrap();
    let mobile = pool("gb_mobile");
    assert_eq!((mobile.kind().to_string(), mobile.purchases_per_day_max), ("GB, mobile".to_owned(), Some(7)));
    assert_eq!((mobile.serves_country, mobile.capabilities.as_slice()), (false, [Capability::Sms].as_slice()));
    assert_eq!(mobile.webhooks.voice_path.as_deref(), Some("/gb"));
    assert_eq!((pool("ca").threshold_low, pool("ca").region.unwrap().as_str()), (4, "ON"));
    assert_eq!(pool("ca").webhooks.sms_path.as_deref(), Some("/ca"));
    assert_eq!(config.pool.webhooks.sms_path.as_deref(), Some("/us"));
}

#[test]
fn a_pool_is_read_as_the_pool_is() {
    for (toml, parts) in [
        ("[pools.gb]\ncountry = \"GB\"\ntreshold_low = 5", &["pools.gb.treshold_low", "pools.gb.threshold_low?"][..]),
        ("[pools.gb]\ncountry = \"GB\"\nThreshold_Low = 5", &["pools.gb.threshold_low?"]),
        ("[pools.gb]\ncountry = \"GB\"\ngrace_secs = 5", &["shutdown.grace_secs?"]),
        ("[pools.gb]\ncountry = \"GB\"\nwebhooks = 5", &["pools.gb.webhooks", "write [pools.gb.webhooks]"]),
        ("[pools.gb.webhooks]\nvoice_pth = \"/v\"\n[pools.gb]\ncountry = \"GB\"", &["pools.gb.webhooks.voice_path?"]),
        ("[pool.webhooks]\npublic_url = \"/v\"", &["pool.webhooks.public_url", "public_app_url?"]),
        ("pools = 5", &["pools", "is a section", "[pools.NAME]"]),
        ("[[pools]]\ncountry = \"GB\"", &["is a section", "[pools.NAME]"]),
        ("[pools]\ncountry = \"GB\"\nx = 1", &["[pools]", "has no keys of its own: country, x"]),
        ("[pools.gb]\ncountry = \"GB\"\nauth_token = 1", &["pools.gb.auth_token", "is a secret"]),
    ] {
        assert_holds(&World::new().toml(toml).problem(), parts);
    }
    for (name, meant) in [
        ("CALLBUNKER__POOLS__GB", "give a key: CALLBUNKER__POOLS__GB__COUNTRY"),
        ("CALLBUNKER__POOLS", "give a key: CALLBUNKER__POOLS__NAME__COUNTRY"),
        ("CALLBUNKER__POOLS__COUNTRY", "did you mean CALLBUNKER__POOL__COUNTRY?"),
        ("CALLBUNKER__POOLS__GB__CUNTRY", "did you mean CALLBUNKER__POOLS__GB__COUNTRY?"),
        ("CALLBUNKER__POOLS__GB___COUNTRY", "did you mean CALLBUNKER__POOLS__GB__COUNTRY?"),
        ("CALLBUNKER__pools__gb__country", "did you mean CALLBUNKER__POOLS__GB__COUNTRY?"),
        ("CALLBUNKER_POOLS_GB_SERVES_COUNTRY", "did you mean CALLBUNKER__POOLS__GB__SERVES_COUNTRY?"),
        ("CALLBUNKER__POOLS__GB__WEBHOOKS__VOICE", "did you mean CALLBUNKER__POOLS__GB__WEBHOOKS__VOICE_PATH?"),
        ("CALLBUNKER__POOL__WEBHOOKS_VOICE_PATH", "did you mean CALLBUNKER__POOL__WEBHOOKS__VOICE_PATH?"),
    ] {
        assert_holds(&World::new().with(name, "GB").problem(), &[name, "environment variable", meant]);
    }
    let without = World::new().toml("[pools.gb]").problem();
    assert_holds(&without, &["pools.gb.country (not set anywhere) is missing"]);
}

#[test]
fn a_file_that_is_not_toml_is_a_problem_with_a_position_and_without_its_text() {
    let toml = format!("[pool]\nthreshold_low = 5\nadmin_api_key = \"{ADMIN_KEY}\n");
    let problem = World::new().toml(&toml).problem();
    assert_holds(&problem, &["configuration file", "callbunker.toml", "line 3"]);
    let problem = World::new().toml(&format!("password {DATABASE_PASSWORD}")).problem();
    assert_holds(&problem, &["line 1", "column 10"]);
}

#[test]
fn a_secret_in_the_file_or_under_a_wrong_name_is_told_where_it_belongs() {
    for (toml, secret) in [
        (format!("[database]\nurl = \"postgresql://u:{DATABASE_PASSWORD}@h/d\""), "DATABASE_URL_FILE=path"),
        (format!("DATABASE_URL = \"postgresql://u:{DATABASE_PASSWORD}@h/d\""), "systemd credential named database_url"),
        (format!("[twilio]\nauth_token = \"{TOKEN}\""), "TWILIO_AUTH_TOKEN"),
        (format!("[secrets]\nadmin_api_key = \"{ADMIN_KEY}\""), "ADMIN_API_KEY"),
        (format!("[http]\nadmin_keys = [\"{ADMIN_KEY}\"]"), "ADMIN_API_KEY"),
        (format!("[http]\ncookie_secret = \"{ADMIN_KEY}\""), "SIGNUP_API_KEY"),
    ] {
        assert_holds(&World::new().toml(&toml).problem(), &["is a secret", secret]);
    }
    let world = World::new().with("CALLBUNKER__TWILIO__AUTH_TOKEN", TOKEN);
    assert_holds(&world.problem(), &["CALLBUNKER__TWILIO__AUTH_TOKEN", "is a secret", "give TWILIO_AUTH_TOKEN"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let world = World::new()
        .toml("[pool]\nthreshold_low = -1\ntreshold = 1\ncountry = \"usa\"\n[weather]\nsun = true\n[database]\nurl = \"x\"")
        .with("CALLBUNKER__SHUTDOWN__GRACE_SECS", "0")
        .with("CALLBUNKER__SHUTDOWN__GRACE", "0")
        .with("CALLBUNKER__SCHEDULE__REPLENISH_CRON", "hourly")
        .with("ADMIN_API_KEY", "changeme")
        .without("DATABASE_URL")
        .without("TWILIO_ACCOUNT_SID")
        .without("TWILIO_AUTH_TOKEN")
        .without("PUBLIC_APP_URL");
    let problems = world.problems();
    for key in [
        "pool.threshold_low",
        "pool.treshold",
        "pool.country",
        "[weather]",
        "database.url",
        "shutdown.grace_secs",
        "CALLBUNKER__SHUTDOWN__GRACE",
        "schedule.replenish_cron",
        "ADMIN_API_KEY",
        "DATABASE_URL",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "PUBLIC_APP_URL",
    ] {
        let of_key: Vec<_> = problems.iter().filter(|problem| problem.starts_with(&format!("{key} ("))).collect();
        assert_eq!(of_key.len(), 1, "{key}: {problems:#?}");
    }
    assert_eq!(problems.len(), 13, "{problems:#?}");
    assert!(world.load().unwrap_err().to_string().starts_with("the configuration has 13 problems:\n  - "));
}

#[test]
fn a_migration_needs_the_database_alone_but_sound_keys() {
    let bare = |world: World| {
        world
            .without("ADMIN_API_KEY")
            .without("TWILIO_ACCOUNT_SID")
            .without("TWILIO_AUTH_TOKEN")
            .without("PUBLIC_APP_URL")
    };
    let world = bare(World::new()).toml("[database]\nacquire_timeout_ms = 500");
    let settings = DatabaseSettings::load(&world.sources).unwrap();
    assert_eq!(settings.url.expose_secret(), world.sources.variable("DATABASE_URL").unwrap());
    assert_no_secret(&format!("{settings:?}"));
    let world = bare(World::new()).without("DATABASE_URL").toml("[pool]\ntreshold_low = 1\ntotal_min = -1");
    let problems = DatabaseSettings::load(&world.sources).unwrap_err();
    let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["pool.treshold_low", "pool.total_min", "DATABASE_URL"]);
}

#[test]
fn the_effective_configuration_is_toml_that_loads_again_and_holds_no_secret() {
    let config = World::new().with("CALLBUNKER__POOL__AREA_CODES", "415").load().unwrap();
    let text = describe_effective(&config);
    assert_no_secret(&text);
    assert_holds(
        &text,
        &[
            "threshold_low = 10",
            "area_codes = [\"415\"]",
            "public_app_url = \"https://app.example.com/\"",
            "# DATABASE_URL: postgresql://app:***@a,b/db?target_session_attrs=read-write",
            "# TWILIO_AUTH_TOKEN: given",
            "# ADMIN_API_KEY: 1 key",
        ],
    );
    let again = World::new().without("PUBLIC_APP_URL").toml(&text).load().unwrap();
    assert_eq!(again, config);
    let pools =
        "[pools.gb]\ncountry = \"GB\"\n[pools.gb.webhooks]\nsms_path = \"/gb\"\n[pool.webhooks]\nsms_path = \"/us\"";
    let config = World::new().toml(pools).load().unwrap();
    let again = World::new().without("PUBLIC_APP_URL").toml(&describe_effective(&config)).load().unwrap();
    assert_eq!((again.pools.len(), &again), (1, &config));
    let pairs = format!("host=db user=app password='{DATABASE_PASSWORD}' dbname=x");
    let text = describe_effective(&World::new().with("DATABASE_URL", &pairs).load().unwrap());
    assert_no_secret(&text);
    assert_holds(&text, &["# DATABASE_URL: host=db user=app password=*** dbname=x"]);
}

#[test]
fn the_effective_configuration_says_what_the_first_start_buys() {
    let said = |toml: &str| {
        let text = describe_effective(&World::new().toml(toml).load().unwrap());
        text.split_once("# What it comes to:\n").unwrap().1.to_owned()
    };
    assert_eq!(
        said(""),
        "# pool (US, local): the first start buys 20 (threshold_low 10, total_min 20, nothing owned)\n"
    );
    assert_eq!(
        said("[pool]\nthreshold_low = 0\ntotal_min = 0"),
        "# pool (US, local): the first start buys nothing (threshold_low 0, nothing owned)\n"
    );
    let bundle = format!("BU{}", "0".repeat(32));
    let three = format!(
        "[pools.gb]\ncountry = \"GB\"\nnumber_type = \"mobile\"\nbundle_sid = \"{bundle}\"\n\
         [pools.ca]\ncountry = \"CA\"\nthreshold_low = 3\nreplenishment_batch_size = 2"
    );
    assert_eq!(
        said(&three),
        "# pool (US, local): the first start buys 20 (threshold_low 10, total_min 20, nothing owned)\n\
         # pools.ca (CA, local): the first start buys 4 (threshold_low 3, nothing owned)\n\
         # pools.gb (GB, mobile): the first start buys 10 (threshold_low 10, nothing owned); bundle_sid given, no address_sid\n"
    );
    // One cap for all, and the emptiest first: a batch for each before the second of any.
    let capped = said(&format!("{three}\n[spend]\npurchases_per_hour_max = 14"));
    assert_holds(
        &capped,
        &[
            "pool (US, local): the first start buys 10 (threshold_low 10, total_min 20, nothing owned, cut by \
             spend.purchases_per_hour_max)",
            "pools.ca (CA, local): the first start buys 2 (threshold_low 3, nothing owned, cut by",
            "pools.gb (GB, mobile): the first start buys 2 (threshold_low 10, nothing owned, cut by",
        ],
    );
    let small = said("[pools.ca]\ncountry = \"CA\"\nowned_max = 4");
    assert_holds(
        &small,
        &["pools.ca (CA, local): the first start buys 4 (threshold_low 10, nothing owned, cut by pools.ca.owned_max)"],
    );
    // Which of several serves their country.
    let twice = said("[pools.us_free]\ncountry = \"US\"\nnumber_type = \"toll_free\"\n[pool]\nserves_country = false");
    assert_holds(&twice, &["# signups that name only US go to pools.us_free\n"]);
    let neither = said("[pools.a]\ncountry = \"US\"\nserves_country = false\n[pool]\nserves_country = false");
    assert_holds(&neither, &["# signups that name only US go to no pool"]);
}
