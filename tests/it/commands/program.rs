//! The command line: what it prints, and its exit codes.

use std::collections::BTreeMap;
use std::process::Command;

use postgres_fixture::{Cluster, ClusterOptions};

use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World};

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(arguments: &[&str], settings: &BTreeMap<String, String>) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_callbunker"))
        .args(arguments)
        .env_clear()
        .envs(settings)
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn nothing() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[test]
fn bad_usage_is_64_and_help_is_0() {
    for arguments in [&[][..], &["swerve"], &["serve", "--port", "80"], &["--config"], &["migrate", "now"]] {
        let ended = run(arguments, &nothing());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{arguments:?}");
        assert!(ended.stderr.contains("--help") || ended.stderr.contains("Usage:"), "{arguments:?}: {}", ended.stderr);
    }
    for arguments in [&["--help"][..], &["help"], &["serve", "--help"], &["--version"]] {
        let ended = run(arguments, &nothing());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(ended.stdout.contains("callbunker"), "{}", ended.stdout);
    }
}

#[test]
fn check_config_prints_what_is_in_force_without_secrets() {
    let world = World::unmigrated().set("pool.threshold_low", 7).set("pool.area_codes", "415,628");
    let ended = run(&["check-config"], world.settings());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("threshold_low = 7"), "{}", ended.stdout);
    assert!(ended.stdout.contains("628"), "{}", ended.stdout);
    for secret in [ADMIN_KEY, SIGNUP_KEY, world.twilio.auth_token()] {
        assert!(!ended.stdout.contains(secret), "{}", ended.stdout);
    }
    assert_eq!(world.sql("SELECT to_regnamespace('callbunker') IS NULL"), "t", "it only looks");
}

#[test]
fn check_config_notes_keys_that_a_url_must_encode() {
    let world = World::new().set("ADMIN_API_KEY", "abc+defghi/jklmn==");
    let ended = run(&["check-config", "--offline"], world.settings());
    assert!(
        ended.stdout.contains("# Note: ADMIN_API_KEY holds a key with + & # % or a blank")
            && !ended.stdout.contains("defghi"),
        "{}",
        ended.stdout
    );
}

#[test]
fn check_config_says_what_each_pool_would_buy() {
    let world =
        World::new().set("pool.threshold_low", 7).set("pool.total_min", 0).set("spend.purchases_per_hour_max", 4);
    let ended = run(&["check-config", "--offline"], world.settings());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let line = "# pool (US, local): the first start buys 4 (threshold_low 7, nothing owned, cut by spend.purchases_per_hour_max)";
    assert!(ended.stdout.lines().any(|found| found == line), "{}", ended.stdout);
    // Beside others, the emptiest comes first, and what `[spend]` leaves is shared.
    let world = World::new()
        .set("pool.threshold_low", 4)
        .set("pool.total_min", 0)
        .set("pools.gb.country", "GB")
        .set("pools.gb.number_type", "mobile")
        .set("pools.gb.threshold_low", 3)
        .set("spend.purchases_per_hour_max", 15);
    let ended = run(&["check-config", "--offline"], world.settings());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    for line in [
        "# pool (US, local): the first start buys 10 (threshold_low 4, nothing owned)",
        "# pools.gb (GB, mobile): the first start buys 5 (threshold_low 3, nothing owned, cut by spend.purchases_per_hour_max)",
    ] {
        assert!(ended.stdout.lines().any(|found| found == line), "{line}: {}", ended.stdout);
    }
}

#[test]
fn every_problem_of_a_configuration_is_told_at_once_with_64() {
    let world = World::new()
        .set("pool.threshold_low", -1)
        .set("pool.nonsense", 1)
        .set("schedule.replenish_cron", "often")
        .set("ADMIN_API_KEY", "short")
        .set("DATABASE_URL", "");
    for command in ["check-config", "serve"] {
        let ended = run(&[command], world.settings());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{command}");
        for word in ["pool.threshold_low", "NONSENSE", "schedule.replenish_cron", "ADMIN_API_KEY", "DATABASE_URL"] {
            assert!(ended.stderr.to_uppercase().contains(&word.to_uppercase()), "{word}: {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}

#[test]
fn a_connection_string_that_libpq_will_never_take_is_told_with_64_and_never_shown() {
    let mut world = World::new();
    for (url, part) in [
        ("postgresql://app:hunter2%more@127.0.0.1:1/d", "%25"),
        ("postgresql://app:hunter2 more@127.0.0.1:1/d", "%20"),
        ("postgresql://app:hunter2@127.0.0.1:1/d?pgbouncer=true", "pgbouncer"),
        ("postgresql://app:hunter2@127.0.0.1:abc/d", "port"),
        ("postgresql://app:hunter2@127.0.0.1:1,127.0.0.1:abc/d", "port"),
        ("postgresql://app:hunter2@127.0.0.1:1/d?sslmode=verify-ful", "sslmode"),
        ("host=127.0.0.1 port=abc password=hunter2", "port"),
        ("host=127.0.0.1 password=hunter2 target_session_attrs=rw", "target_session_attrs"),
        ("'postgresql://app:hunter2@127.0.0.1:1/d'", "quotes"),
    ] {
        world.change("DATABASE_URL", url);
        for command in ["check-config", "serve", "migrate"] {
            let ended = run(&[command], world.settings());
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{command} {url}: {}", ended.stderr);
            assert!(ended.stderr.contains("DATABASE_URL") && ended.stderr.contains(part), "{url}: {}", ended.stderr);
            assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        }
    }
}

#[test]
fn the_configuration_file_may_stand_before_or_after_the_subcommand() {
    let folder = tempfolder();
    let file = folder.join("callbunker.toml");
    std::fs::write(&file, "[pool]\nthreshold_low = 3\n").unwrap();
    let path = file.to_str().unwrap();
    let world = World::new();
    for arguments in [["--config", path, "check-config"], ["check-config", "--config", path]] {
        let ended = run(&arguments, world.settings());
        assert!(ended.code == Some(0) && ended.stdout.contains("threshold_low = 3"), "{}", ended.stderr);
    }
    let missing = folder.join("none.toml");
    let ended = run(&["check-config", "--config", missing.to_str().unwrap()], world.settings());
    assert_eq!(ended.code, Some(64));
    assert!(ended.stderr.contains("none.toml"), "{}", ended.stderr);
    std::fs::remove_dir_all(folder).unwrap();
}

fn tempfolder() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("callbunker-program-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn migrate_needs_only_the_database_and_can_be_repeated() {
    let world = World::unmigrated();
    let only = BTreeMap::from([("DATABASE_URL".to_owned(), world.database.owner_url().to_owned())]);
    let first = run(&["migrate"], &only);
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    assert!(first.stdout.starts_with("Applied: "), "{}", first.stdout);
    let again = run(&["migrate"], &only);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), "The schema is up to date.\n"));
    assert_eq!(run(&["migrate"], &nothing()).code, Some(64));
}

#[test]
fn migrate_of_an_unreachable_database_is_69_in_one_sentence() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let only = BTreeMap::from([("DATABASE_URL".to_owned(), cluster.url("postgres"))]);
    cluster.stop_fast().expect("it stops");
    let ended = run(&["migrate"], &only);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(69), ""));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("DATABASE_URL"), "{}", ended.stderr);
}

#[test]
fn a_port_in_use_is_1_so_that_a_supervisor_tries_again_and_names_the_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let world = World::new().quiet().set("http.listen", &address);
    let ended = run(&["serve"], world.settings());
    assert_eq!(ended.code, Some(1));
    let sentence = ended.stderr.lines().last().unwrap_or_default();
    assert!(sentence.contains("http.listen") && sentence.contains(&address), "{sentence}");
}

#[test]
fn a_database_of_another_account_or_instance_is_refused_with_64() {
    let world = World::new().quiet();
    drop(world.daemon());
    let mut settings = world.settings().clone();
    settings.insert("TWILIO_ACCOUNT_SID".to_owned(), format!("AC{}", "b".repeat(32)));
    let ended = run(&["serve"], &settings);
    assert!(ended.code == Some(64) && ended.stderr.contains("TWILIO_ACCOUNT_SID"), "{}", ended.stderr);
    let world = world.set("instance.name", "staging");
    let ended = run(&["serve"], world.settings());
    assert!(ended.code == Some(64) && ended.stderr.contains("instance.name"), "{}", ended.stderr);
}

/// What each configuration is, beside a sound one: `true` = sound, too.
const CONFIGURATIONS: &[(&[(&str, &str)], bool)] = &[
    (&[], true),
    (&[("CALLBUNKER__HTTP__LISTEN", "127.0.0.1:0")], true),
    (&[("CALLBUNKER__HTTP__LISTEN", "192.0.2.1:8080")], false),
    (&[("CALLBUNKER__HTTP__LISTEN", "8080")], false),
    (&[("TWILIO_ACCOUNT_SID", "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")], false),
    (&[("CALLBUNKER__INSTANCE__NAME", "staging")], false),
    (&[("TWILIO_AUTH_TOKEN", "\"0123456789abcdef0123456789abcdef\"")], false),
    (&[("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef ")], false),
    (&[("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef\n")], true),
    (&[("ADMIN_API_KEY", "'admin-key-0123456789'")], false),
    (&[("ADMIN_API_KEY", "admin-key-0123456789, ops:admin-key-9876543210")], true),
    (&[("PUBLIC_APP_URL", "http://app.example.com")], false),
    (&[("CALLBUNKER__TWILIO__PROXY_URL", "http://127.0.0.1:9")], true),
    (&[("CALLBUNKER__TWILIO__PROXY_URL", "http://proxy.example.com:3128")], true),
    (&[("CALLBUNKER__TWILIO__PROXY_URL", "socks5://127.0.0.1:9")], false),
    (&[("CALLBUNKER__TWILIO__PROXY_URL", "http://dana:secret@127.0.0.1:9")], false),
    (&[("CALLBUNKER__TWILIO__PROXY_URL", "http://127.0.0.1:9/path")], false),
    (&[("CALLBUNKER__TWILIO__PROXY_URL", "127.0.0.1:9")], false),
    (&[("TWILIO_PROXY_URL", "http://dana:secret@127.0.0.1:9")], true),
    (&[("TWILIO_PROXY_URL", "https://dana:secret@proxy.example.com")], true),
    (&[("TWILIO_PROXY_URL", "http://dana:secret@proxy.example.com")], false),
    (&[("TWILIO_PROXY_URL", "http://a:1"), ("CALLBUNKER__TWILIO__PROXY_URL", "http://b:1")], false),
    (&[("TWILIO_PROXY_URL", "http://a:1"), ("CALLBUNKER__TWILIO__PROXY_URL", "http://a:1/")], true),
    (&[("HTTPS_PROXY", "http://127.0.0.1:9")], true),
    (&[("CALLBUNKER__TWILIO__CA_FILE", "/no/such/file")], false),
    (&[("CALLBUNKER__TWILIO__CA_FILE", "/etc/hostname")], false),
    (&[("SSL_CERT_FILE", "/no/such/file")], false),
    (&[("SSL_CERT_DIR", "/no/such/folder")], false),
    (&[("CALLBUNKER__POOL__THRESHOLD_LOW", "51")], false),
    (&[("CALLBUNKER__POOLS__GB__COUNTRY", "GB")], true),
    (&[("CALLBUNKER__EVENTS__PUBLIC_URL", "https://numbers.example.com/twilio/events")], true),
    (&[("CALLBUNKER__SCHEDULE__REPLENISH_CRON", "often")], false),
    (&[("CALLBUNKER__DATABASE__ACQUIRE_TIMEOUT_MS", "1")], false),
];

#[test]
fn what_check_config_passes_serve_does_not_refuse_and_what_it_refuses_neither_takes() {
    let world = World::new().quiet();
    drop(world.daemon());
    for (more, is_sound) in CONFIGURATIONS {
        let mut settings = world.settings().clone();
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let checked = run(&["check-config"], &settings);
        let mut daemon = Daemon::spawn(&settings);
        let serves = daemon.serves_or_ends();
        if *is_sound {
            assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{more:?}");
            assert!(serves, "{more:?}: {}", daemon.log_text());
        } else {
            assert_eq!((checked.code, checked.stdout.as_str()), (Some(64), ""), "{more:?}: {}", checked.stderr);
            assert!(!serves, "{more:?}");
            assert_eq!(daemon.wait().code(), Some(64), "{more:?}: {}", daemon.log_text());
        }
        let told = format!("{}{}{}", checked.stdout, checked.stderr, daemon.log_text());
        assert!(!told.contains("dana") && !told.contains("secret@"), "{more:?}: {told}");
    }
}

#[test]
fn an_address_that_is_in_use_is_a_note_because_its_holder_may_be_our_own_daemon() {
    let world = World::new().quiet().on_a_port_of_its_own();
    let _daemon = world.daemon();
    let ended = run(&["check-config"], world.settings());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let note = ended.stdout.lines().last().unwrap_or_default();
    assert!(note.starts_with("# Note: http.listen: 127.0.0.1:") && note.contains("in use"), "{}", ended.stdout);
}
