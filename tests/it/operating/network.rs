//! The way out to Twilio: through a proxy that is configured and past one that is not, and by whose certificates. What came
//! through is the proxy's word, what was bought the simulator's.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::On;

use crate::world::authority::Authority;
use crate::world::command::{Ended, run};
use crate::world::connect_proxy::losing::{Loss, MADE};
use crate::world::connect_proxy::{ConnectProxy, SHUT, twilio_of};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World, eventually};

/// A quiet world whose direct way to Twilio is shut.
fn shut() -> World {
    World::new().quiet().set("twilio.api_base_url", SHUT)
}

/// The environment of a world, and these variables.
fn with(world: &World, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut settings = world.settings().clone();
    settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    settings
}

fn program(settings: &BTreeMap<String, String>, arguments: &[&str]) -> Ended {
    let env: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    run(&env, arguments)
}

/// How a look at Twilio ends, and what it says of the first thing.
fn look(settings: &BTreeMap<String, String>) -> (Option<i32>, String) {
    let ended = program(settings, &["twilio", "check", "--json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!(report["checks"][0]["check"], "credentials", "{report}");
    (ended.code, report["checks"][0]["detail"].as_str().unwrap().to_owned())
}

/// A file that is there until the test is over.
struct Kept(PathBuf);

impl Kept {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("callbunker-network-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path")
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn everything_goes_through_the_proxy_that_is_configured_and_shows_it_its_login() {
    for secret in [false, true] {
        let mut world = shut();
        let proxy = ConnectProxy::start(&twilio_of(&world), secret.then_some("dana:p w/+%"));
        if secret {
            world.change("TWILIO_PROXY_URL", format!("http://dana:p%20w%2F+%25@127.0.0.1:{}", proxy.port));
        } else {
            world.change("twilio.proxy_url", proxy.url());
        }
        // Whatever else stands there, one word counts.
        world.change("HTTPS_PROXY", "http://127.0.0.1:9");
        let daemon = world.daemon();
        assert_eq!(daemon.purchase(3).ok()["purchased_count"], 3);
        assert_eq!(world.bought(), 3);
        let asked = proxy.asked();
        assert!(!asked.is_empty() && asked.iter().all(|target| target == "twilio.localhost:1"), "{asked:?}");
        assert!(!daemon.has_logged("HTTPS_PROXY"), "{}", daemon.log_text());
        assert!(!daemon.log_text().contains("p%20w"), "its login is no word for a log");
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn a_proxy_may_be_spoken_to_over_tls_and_twilio_through_it_over_tls_again() {
    let world = World::new().quiet();
    let ours = Authority::new("a company");
    let file = Kept::new("twice.pem", &ours.pem());
    let twilio = ours.serve("api.twilio.invalid", &twilio_of(&world));
    let proxy = ConnectProxy::start(&format!("127.0.0.1:{twilio}"), Some("dana:right"));
    let front = ours.serve("localhost", &format!("127.0.0.1:{}", proxy.port));
    let world = world
        .set("twilio.api_base_url", "https://api.twilio.invalid")
        .set("TWILIO_PROXY_URL", format!("https://dana:right@localhost:{front}"))
        .set("SSL_CERT_FILE", file.path());
    let daemon = world.daemon();
    assert_eq!(daemon.purchase(3).ok()["purchased_count"], 3);
    assert_eq!(world.bought(), 3);
    assert!(proxy.asked().iter().all(|target| target == "api.twilio.invalid:443"), "{:?}", proxy.asked());
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_proxy_that_refuses_is_told_with_its_remedy_and_nothing_is_in_doubt() {
    let world = shut();
    let proxy = ConnectProxy::start(&twilio_of(&world), Some("dana:right"));
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    for (url, words) in [
        (proxy.url(), "the proxy wants a login: give TWILIO_PROXY_URL"),
        (format!("http://dana:wrong@127.0.0.1:{}", proxy.port), "does not take the login"),
        (format!("http://127.0.0.1:{gone}"), "the proxy 127.0.0.1 of twilio.proxy_url"),
        ("http://no-such-proxy.invalid:3128".to_owned(), "the name no-such-proxy.invalid"),
    ] {
        let (code, detail) = look(&with(&world, &[("TWILIO_PROXY_URL", &url)]));
        assert_eq!(code, Some(69), "{url}: {detail}");
        assert!(detail.contains(words) && !detail.contains("wrong"), "{words}: {detail}");
    }
    let world = world.set("TWILIO_PROXY_URL", format!("http://dana:right@127.0.0.1:{}", proxy.port));
    proxy.refuse(403);
    let (code, detail) = look(world.settings());
    assert_eq!(code, Some(69), "{detail}");
    assert!(detail.contains("lets this machine connect to twilio.localhost"), "{detail}");
    let daemon = world.daemon();
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["purchased_count"], world.twilio.truth().creates.len()), (&json!(0), 0), "{order}");
    assert_eq!(world.count("SELECT count(*) FROM purchase_items WHERE state = 'unknown'"), 0);
    assert_eq!(daemon.status()["halted"], json!(null), "the account is well");
    // It lets us through again, and nobody need do anything here.
    proxy.refuse(200);
    eventually("it is bought", || daemon.purchase(1).ok()["purchased_count"] == 1);
}

/// Answers whatever comes as servers do that were taken for one that speaks TLS; the port.
fn speaks_no_tls() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    port
}

#[test]
fn who_mixes_tls_and_none_up_is_told_which_letter_to_change() {
    let world = World::new().quiet();
    let ours = Authority::new("a company");
    let file = Kept::new("mixed.pem", &ours.pem());
    let world = world.set("SSL_CERT_FILE", file.path());
    let (plain, tls) = (speaks_no_tls(), ours.serve("localhost", &twilio_of(&world)));
    let proxy = ConnectProxy::start(&format!("127.0.0.1:{plain}"), None);
    let (twilio, api) = ("https://api.twilio.invalid".to_owned(), "CALLBUNKER__TWILIO__API_BASE_URL");
    for (base, proxy, words) in [
        (
            format!("https://localhost:{plain}"),
            String::new(),
            "at localhost does not speak TLS: look at twilio.api_base_url",
        ),
        (twilio.clone(), format!("https://localhost:{plain}"), "write http:// for https:// in twilio.proxy_url"),
        (twilio.clone(), format!("http://localhost:{tls}"), "write https:// for http:// there"),
        (twilio, proxy.url(), "what the proxy of twilio.proxy_url leads to does not speak TLS"),
    ] {
        let (code, detail) = look(&with(&world, &[(api, &base), ("TWILIO_PROXY_URL", &proxy)]));
        assert_eq!(code, Some(69), "{base} {proxy}: {detail}");
        assert!(detail.contains(words), "{base} {proxy}: {detail}");
    }
}

#[test]
fn a_tunnel_that_breaks_after_the_purchase_is_a_doubt_and_one_that_never_stood_is_none() {
    let mut world = shut();
    let proxy = ConnectProxy::start(&twilio_of(&world), None);
    world.change("twilio.proxy_url", proxy.url());
    let daemon = world.daemon();
    proxy.lose_the_next_post(Loss::After);
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(proxy.lost(), [Loss::After], "the answer was lost");
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM purchase_items WHERE doubted")), (1, 1));
    // After the first of them, four go out at a time, each over a tunnel of its own; long enough for all four to be begun
    // by a slow machine before the first is over and its tunnel is free again.
    world.twilio.set_latency_on(On::Create, Duration::from_millis(500));
    proxy.drop_tunnels_after_a_post(2);
    let before = world.twilio.truth().creates.len();
    assert_eq!(daemon.purchase(8).ok()["purchased_count"], 8);
    assert!(proxy.dropped() > 0, "tunnels were lost: {:?}", proxy.asked());
    assert_eq!((world.bought(), world.twilio.truth().creates.len() - before), (9, 8));
    assert_eq!(world.count("SELECT count(*) FROM purchase_items WHERE doubted"), 1, "what was not sent is no doubt");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn wherever_a_tunnel_is_lost_as_many_are_bought_as_were_ordered() {
    for &loss in MADE {
        let mut world = shut().set("purchase.unknown_settle_secs", 1);
        let proxy = ConnectProxy::start(&twilio_of(&world), None);
        world.change("twilio.proxy_url", proxy.url());
        world.change("twilio.request_timeout_ms", 1000);
        let daemon = world.daemon();
        proxy.lose_the_next_post(loss);
        let order = daemon.purchase(2).ok();
        assert_eq!(proxy.lost(), [loss]);
        assert_eq!((world.bought(), &order["purchased_count"]), (2, &json!(2)), "{loss:?}: {order}");
        // It never arrived whole, or all of it came back.
        let in_doubt = i64::from(loss != Loss::Idle);
        assert_eq!(world.count("SELECT count(*) FROM purchase_items WHERE doubted"), in_doubt, "{loss:?}: {order}");
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn a_command_that_calls_the_daemon_uses_no_proxy() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let env = [
        ("CALLBUNKER_URL", daemon.url.as_str()),
        ("ADMIN_API_KEY", ADMIN_KEY),
        ("TWILIO_PROXY_URL", "http://127.0.0.1:9"),
        ("CALLBUNKER__TWILIO__PROXY_URL", "http://127.0.0.1:9"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("ALL_PROXY", "http://127.0.0.1:9"),
    ];
    run(&env, &["status"]).table();
}

#[test]
fn a_place_of_twilios_that_other_programs_take_from_the_environment_is_told_too() {
    let world = World::new().set("twilio.api_base_url", "https://api.twilio.com").set("TWILIO_REGION", "ie1");
    let ended = program(world.settings(), &["check-config", "--offline"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.contains("# Note: TWILIO_REGION is set and not obeyed: twilio.api_base_url"), "{ended:?}");
}

#[test]
fn a_variable_for_proxies_is_told_and_not_obeyed() {
    let world = shut();
    let proxy = ConnectProxy::start(&twilio_of(&world), None);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let settings = with(&world, &[(name, &format!("http://dana:hunter2@127.0.0.1:{}", proxy.port))]);
        let ended = program(&settings, &["check-config", "--offline"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        let note = format!("# Note: {name} is set and not obeyed");
        assert!(ended.stdout.lines().any(|line| line.starts_with(&note)), "{ended:?}");
        let (code, detail) = look(&settings);
        assert_eq!(code, Some(69), "{detail}");
        assert!(detail.contains(&format!("{name} is set and not obeyed")), "{detail}");
        let daemon = Daemon::start(&settings);
        let told = daemon.log_lines().into_iter().filter(|line| {
            line["level"] == "warn"
                && line["msg"].as_str().is_some_and(|words| words.contains("is set and not obeyed: Twilio"))
        });
        assert_eq!(told.count(), 1, "{}", daemon.log_text());
        for text in [ended.stdout, detail, daemon.log_text()] {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[test]
fn a_certificate_by_a_private_authority_is_believed_where_it_is_given_and_its_remedy_is_told_where_not() {
    let mut world = World::new().quiet();
    let (ours, other) = (Authority::new("a company"), Authority::new("another company"));
    let (file, others) = (Kept::new("ours.pem", &ours.pem()), Kept::new("others.pem", &other.pem()));
    let both = Kept::new("both.pem", &format!("some words\n{}\n{}", other.pem(), ours.pem()));
    let port = ours.serve("localhost", &twilio_of(&world));
    world.change("twilio.api_base_url", format!("https://localhost:{port}"));
    for (ca_file, ssl_cert_file, is_believed) in [
        ("", "", false),
        (others.path(), "", false),
        ("", others.path(), false),
        (file.path(), "", true),
        ("", file.path(), true),
        ("", both.path(), true),
        // The one comes beside the other.
        (file.path(), others.path(), true),
    ] {
        let given = [("CALLBUNKER__TWILIO__CA_FILE", ca_file), ("SSL_CERT_FILE", ssl_cert_file)];
        let given: Vec<(&str, &str)> = given.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let (code, detail) = look(&with(&world, &given));
        assert_eq!(code, Some(if is_believed { 0 } else { 69 }), "{given:?}: {detail}");
        // Who set the variable may have meant PostgreSQL's alone.
        let words =
            if ssl_cert_file.is_empty() { "twilio.ca_file, or SSL_CERT_FILE" } else { "or unset SSL_CERT_FILE" };
        assert_eq!(detail.contains(words), !is_believed, "{given:?}: {detail}");
    }
    // The daemon, through a proxy that opens TLS.
    let proxy =
        ConnectProxy::start(&format!("127.0.0.1:{}", ours.serve("api.twilio.invalid", &twilio_of(&world))), None);
    let world = world
        .set("twilio.api_base_url", "https://api.twilio.invalid")
        .set("twilio.proxy_url", proxy.url())
        .set("twilio.ca_file", file.path());
    let daemon = world.daemon();
    assert_eq!(daemon.purchase(2).ok()["purchased_count"], 2);
    assert_eq!(world.bought(), 2);
    assert!(proxy.asked().iter().all(|target| target == "api.twilio.invalid:443"), "{:?}", proxy.asked());
}

#[test]
fn a_certificate_of_another_name_or_another_time_is_told_as_that() {
    let world = World::new().quiet();
    let ours = Authority::new("a company");
    let file = Kept::new("told.pem", &ours.pem());
    let mut world = world.set("twilio.ca_file", file.path());
    let to = twilio_of(&world);
    for port in [ours.serve("elsewhere.example", &to), ours.serve_until("localhost", &to, 2002)] {
        world.change("twilio.api_base_url", format!("https://localhost:{port}"));
        let (code, detail) = look(world.settings());
        assert_eq!(code, Some(69), "{detail}");
        assert!(detail.contains("localhost was asked for: look at the clock here"), "{detail}");
        assert!(!detail.contains("ca_file"), "{detail}");
    }
}

/// As `openssl req -x509` makes them: no file of authorities makes a server's of it.
#[test]
fn a_certificate_that_is_an_authoritys_own_is_told_as_that_by_all_who_call() {
    let ours = Authority::new("in a hurry");
    let file = Kept::new("itself.pem", &ours.pem());
    let mut world = World::new().quiet().set("twilio.ca_file", file.path());
    let port = ours.serve_itself(&twilio_of(&world));
    world.change("twilio.api_base_url", format!("https://localhost:{port}"));
    let (code, detail) = look(world.settings());
    assert_eq!(code, Some(69), "{detail}");
    assert!(detail.contains("(CA:TRUE)") && detail.contains("have an authority of yours sign one"), "{detail}");
    let daemon = format!("https://localhost:{port}");
    let called = |url: &str, certificates: &str| {
        let env = [("CALLBUNKER_URL", url), ("ADMIN_API_KEY", ADMIN_KEY), ("SSL_CERT_FILE", certificates)];
        run(&env, &["status"])
    };
    let sentence = called(&daemon, file.path()).sentence(69);
    assert!(sentence.contains("(CA:TRUE)") && sentence.contains("of an authority that is known here"), "{sentence}");
    // One that an authority of theirs has signed is believed where they say so: what answers then is no daemon.
    let signed = format!("https://localhost:{}", ours.serve("localhost", &twilio_of(&world)));
    let sentence = called(&signed, file.path()).sentence(1);
    assert!(sentence.contains("is not callbunker"), "{sentence}");
    let other = Kept::new("not-itself.pem", &Authority::new("somebody else").pem());
    let sentence = called(&signed, other.path()).sentence(69);
    assert!(sentence.contains("SSL_CERT_FILE"), "{sentence}");
}

#[test]
fn certificates_that_are_not_there_are_told_with_64_and_what_a_file_holds_is_not() {
    let world = World::new().quiet();
    let secret = Kept::new("secret.pem", "a-secret-that-somebody-put-there");
    let broken = Kept::new("broken.pem", "-----BEGIN CERTIFICATE-----\nYS1zZWNyZXQ=\n-----END CERTIFICATE-----\n");
    let folder = std::env::temp_dir().join("callbunker-no-such-folder");
    for (key, value) in [
        ("twilio.ca_file", "/no/such/file.pem"),
        ("twilio.ca_file", secret.path()),
        ("twilio.ca_file", broken.path()),
        ("SSL_CERT_FILE", "/no/such/file.pem"),
        ("SSL_CERT_FILE", secret.path()),
        ("SSL_CERT_DIR", folder.to_str().unwrap()),
    ] {
        let name = if key.contains('.') { "CALLBUNKER__TWILIO__CA_FILE" } else { key };
        let settings = with(&world, &[(name, value)]);
        for arguments in [&["check-config", "--offline"][..], &["serve"], &["twilio", "check"]] {
            let ended = program(&settings, arguments);
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{key} {value} {arguments:?}: {ended:?}");
            assert!(ended.stderr.contains(key) && ended.stderr.contains(value), "{key} {value}: {ended:?}");
            assert!(!ended.stderr.contains("a-secret"), "{ended:?}");
        }
    }
}
