//! The way out to Twilio: proxies, and the certificates that count.

use super::{World, assert_holds};
use crate::config::Config;
use crate::config::certificates::system_bundle;
use crate::config::describe::describe_effective;

const PROXY: &str = "CALLBUNKER__TWILIO__PROXY_URL";
const CA_FILE: &str = "CALLBUNKER__TWILIO__CA_FILE";

/// One of Mozilla's, as a file holds it.
fn pem() -> String {
    use base64::Engine as _;
    let der = &webpki_root_certs::TLS_SERVER_ROOT_CERTS[0];
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn the_address_of_a_proxy_is_judged_and_never_quoted() {
    for (name, url, words) in [
        (PROXY, "socks5://proxy.example.com:1080", "is neither http nor https"),
        (PROXY, "proxy.example.com:3128", "is neither http nor https"),
        (PROXY, "10.0.0.1:3128", "http://proxy.example.com:3128"),
        (PROXY, "http://proxy.example.com:3128/way", "carries a path"),
        (PROXY, "http://proxy.example.com:3128?hunter2", "carries a path, a query"),
        (PROXY, "http://proxy.example.com:3128#hunter2", "or a fragment"),
        (PROXY, "http://dana:hunter2@127.0.0.1:3128", "TWILIO_PROXY_URL"),
        (PROXY, "https://hunter2@proxy.example.com", "TWILIO_PROXY_URL"),
        ("TWILIO_PROXY_URL", "http://dana:hunter2@proxy.example.com:3128", "in the clear"),
        ("TWILIO_PROXY_URL", "http://hunter2@proxy.example.com:3128", "in the clear"),
        ("TWILIO_PROXY_URL", "socks5://dana:hunter2@proxy.example.com", "is neither http nor https"),
        ("TWILIO_PROXY_URL", "https://dana:hunter2%ff@proxy.example.com", "not UTF-8"),
        ("TWILIO_PROXY_URL", "hunter2", "is not a URL"),
    ] {
        let problem = World::new().with(name, url).problem();
        assert_holds(&problem, &[if name == PROXY { "twilio.proxy_url" } else { name }, words]);
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn a_proxy_comes_from_either_place_and_from_both_only_if_they_agree() {
    let proxy = |world: &World| world.load().unwrap().outbound().proxy().map(ToString::to_string);
    assert_eq!(proxy(&World::new()), None);
    let plain = World::new().toml("[twilio]\nproxy_url = \"http://proxy.example.com:3128\"");
    assert_eq!(proxy(&plain).as_deref(), Some("http://proxy.example.com:3128/"));
    let both = plain.with("TWILIO_PROXY_URL", "http://proxy.example.com:3128/");
    assert!(proxy(&both).is_some());
    let both = both.with("TWILIO_PROXY_URL", "http://other.example.com:3128");
    assert_holds(&both.problem(), &["TWILIO_PROXY_URL", "twilio.proxy_url are both set, and differ"]);
    let secret = World::new().with("TWILIO_PROXY_URL", "https://dana:hunter2@proxy.example.com:8443");
    assert_eq!(proxy(&secret).as_deref(), Some("https://dana:hunter2@proxy.example.com:8443/"));
    let config = secret.load().unwrap();
    let shown = describe_effective(&config);
    assert_holds(&shown, &["# TWILIO_PROXY_URL: https://proxy.example.com\n"]);
    assert!(!shown.contains("hunter2") && !format!("{config:?}").contains("hunter2"));
}

#[test]
fn certificates_are_counted_by_where_they_came_from() {
    let world = World::new();
    let (one, folder) = (world.file("one.pem", &pem()), world.folder().to_owned());
    let shown = |world: &World| {
        let text = describe_effective(&world.load().unwrap());
        let line = text.lines().find_map(|line| line.strip_prefix("# Certificates that may vouch for Twilio: "));
        line.expect("it is told").to_owned()
    };
    assert!(shown(&world).ends_with(" of Mozilla and this system"), "{}", shown(&world));
    assert!(world.load().unwrap().outbound().trust().certificates().len() > 100);
    let world = world.with(CA_FILE, &one);
    assert!(shown(&world).ends_with(" of Mozilla and this system, 1 of twilio.ca_file"), "{}", shown(&world));
    let world = world.with("SSL_CERT_FILE", &one);
    assert_eq!(shown(&world), "1 of SSL_CERT_FILE, 1 of twilio.ca_file");
    assert_eq!(world.load().unwrap().outbound().trust().certificates().len(), 1, "it is the same one");
    let world = world.without(CA_FILE).without("SSL_CERT_FILE").with("SSL_CERT_DIR", &format!(":{folder}:"));
    assert_eq!(shown(&world), "1 of SSL_CERT_DIR");
    let world = world.with("SSL_CERT_FILE", &one);
    assert_eq!(shown(&world), "1 of SSL_CERT_FILE and SSL_CERT_DIR");
    assert_eq!(system_bundle(&world.sources), Some(one.into()));
}

#[test]
fn what_holds_no_certificate_is_named_and_not_quoted() {
    let world = World::new();
    let words = world.file("words.pem", "hunter2");
    let broken = world.file("broken.pem", "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n");
    let mut world = world;
    for (path, what) in [
        (words.as_str(), "holds no PEM certificate"),
        (&broken, "holds no PEM certificate"),
        ("/nowhere/a.pem", "cannot be read"),
        ("/", "cannot be read"),
    ] {
        for (name, key) in [(CA_FILE, "twilio.ca_file"), ("SSL_CERT_FILE", "SSL_CERT_FILE")] {
            world = world.with(name, path);
            assert_holds(&world.problem(), &[key, &format!("names {path}, which"), what]);
            assert!(!world.problem().contains("hunter2"), "{}", world.problem());
            world = world.without(name);
        }
    }
    let world = world.with("SSL_CERT_DIR", "/nowhere:/nowhere/else");
    assert_holds(&world.problem(), &["SSL_CERT_DIR", "names /nowhere:/nowhere/else, which cannot be read"]);
}

#[test]
fn a_look_at_twilio_reads_them_too_and_a_reload_waits_for_a_restart() {
    let world = World::new().with("SSL_CERT_FILE", "/nowhere/a.pem");
    assert!(Config::load_for_twilio(&world.sources).is_err());
    let world = World::new();
    let file = world.file("authority.pem", &pem());
    let world = world.toml(&format!("[twilio]\nca_file = \"{file}\""));
    let running = world.load().unwrap();
    let mozillas = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    let world = world.with("SSL_CERT_FILE", &file).with("TWILIO_PROXY_URL", "http://proxy.example.com:3128");
    let reload = Config::load_for_reload(&world.sources, &running).unwrap();
    assert_eq!(reload.needs_restart, ["the certificates of authorities", "TWILIO_PROXY_URL"]);
    assert_eq!((reload.changed, &reload.config), (vec![], &running));
    assert!(running.outbound().trust().certificates().len() >= mozillas.len());
}
