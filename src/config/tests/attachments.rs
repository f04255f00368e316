//! What pools may want their numbers to be attached to, and where Twilio's events reach us.

use super::{World, assert_holds};
use crate::config::{PoolConfig, WebhooksConfig, describe_effective};
use crate::domain::{Needs, ReadyFor, SmsReadyWhen, Wants};

const HEX: &str = "0123456789abcdef0123456789abcdef";
const EVENTS: &str = "https://numbers.example.com/twilio/events";

fn service(last: char) -> String {
    format!("MG{}{last}", &HEX[1..])
}

fn trust(last: char) -> String {
    format!("BU{}{last}", &HEX[1..])
}

fn pool(toml: &str) -> PoolConfig {
    toml::from_str(toml).unwrap()
}

#[test]
fn what_contradicts_itself_is_refused_of_every_pool() {
    let (one, profile) = (service('1'), trust('1'));
    for (toml, parts) in [
        (
            format!("messaging_services = [\"{profile}\"]"),
            &["messaging_services", "each MG and 32 hexadecimal digits"][..],
        ),
        (format!("messaging_services = \"{one}\""), &["messaging_services", "is text, not a list"]),
        (format!("messaging_services = [\"{one}\", \"{one}\"]"), &["messaging_services", "names a service twice"]),
        (format!("customer_profile = \"{one}\""), &["customer_profile", "BU and 32 hexadecimal digits"]),
        (
            format!("trust_products = [\"{profile}\"]"),
            &["trust_products", "only when it is of a customer profile", "customer_profile"],
        ),
        (
            format!("customer_profile = \"{profile}\"\ntrust_products = [\"{profile}\"]"),
            &["trust_products", "which is the customer profile"],
        ),
        (
            format!("customer_profile = \"{profile}\"\ntrust_products = [\"{0}\", \"{0}\"]", trust('2')),
            &["trust_products", "names a product twice"],
        ),
        ("ready_for = \"text\"".to_owned(), &["ready_for", "give voice or sms"]),
        ("sms_ready_when = \"soon\"".to_owned(), &["sms_ready_when", "give attached or registered"]),
    ] {
        for path in ["pool", "pools.x"] {
            let country = if path == "pool" { "" } else { "country = \"US\"\n" };
            let problem = World::new().toml(&format!("[{path}]\n{country}{toml}")).problem();
            assert_holds(&problem, parts);
            assert!(problem.starts_with(&format!("{path}.")), "{problem}");
        }
    }
    let many: Vec<String> = (0..21).map(|n| format!("\"MG{n:032x}\"")).collect();
    let problem = World::new().toml(&format!("[pool]\nmessaging_services = [{}]", many.join(", "))).problem();
    assert_holds(&problem, &["pool.messaging_services", "more than 20 services"]);
}

#[test]
fn twilios_word_is_waited_for_only_where_it_reaches_us_and_can_be_verified() {
    let registered = format!("[pool]\nmessaging_services = [\"{}\"]\nsms_ready_when = \"registered\"", service('1'));
    let problem = World::new().toml(&registered).problem();
    assert_holds(&problem, &["pool.sms_ready_when (in ", "would reach nobody", "events.public_url", "setup-events"]);
    let with_key = || {
        World::new()
            .without("TWILIO_AUTH_TOKEN")
            .with("TWILIO_API_KEY_SID", "SK0123")
            .with("TWILIO_API_KEY_SECRET", super::TOKEN)
            .with("CALLBUNKER__EVENTS__PUBLIC_URL", EVENTS)
    };
    assert_holds(
        &with_key().toml(&registered).problem(),
        &["pool.sms_ready_when", "verifies no signature", "TWILIO_AUTH_TOKEN"],
    );
    let both = World::new()
        .without("TWILIO_AUTH_TOKEN")
        .with("TWILIO_API_KEY_SID", "SK0123")
        .with("TWILIO_API_KEY_SECRET", "x1");
    assert_eq!(both.toml(&registered).problems().len(), 2);
    let alone = World::new().with("EVENTS_PUBLIC_URL", EVENTS).toml("[pool]\nsms_ready_when = \"registered\"");
    assert_holds(
        &alone.problem(),
        &["pool.sms_ready_when", "ever registered without a service", "pool.messaging_services"],
    );
}

#[test]
fn the_address_of_events_is_https_and_its_password_stands_in_no_file() {
    let file = |url: &str| World::new().toml(&format!("[events]\npublic_url = \"{url}\""));
    for (url, part) in [
        ("http://numbers.example.com/twilio/events", "plain http"),
        ("numbers.example.com", "give an https URL such as"),
        ("https://numbers.example.com/twilio/events#x", "a fragment"),
        ("ftp://numbers.example.com", "neither https nor http"),
    ] {
        assert_holds(&file(url).problem(), &["events.public_url", part]);
        assert_holds(
            &World::new().with("EVENTS_PUBLIC_URL", url).problem(),
            &["EVENTS_PUBLIC_URL", if part.starts_with("give") { "is not a URL" } else { part }],
        );
    }
    let problem = file(&format!("https://twilio:{}@numbers.example.com/twilio/events", super::TOKEN)).problem();
    assert_holds(&problem, &["events.public_url", "holds a password", "EVENTS_PUBLIC_URL"]);
    let two = file(EVENTS).with("EVENTS_PUBLIC_URL", "https://other.example.com/twilio/events");
    let both = "(environment variable EVENTS_PUBLIC_URL) and events.public_url are both set, and differ";
    assert_holds(&two.problem(), &["EVENTS_PUBLIC_URL", both]);
    let kept = file(EVENTS);
    let kept_in = kept.file("events", "https://other.example.com/twilio/events\n");
    let problem = kept.with("EVENTS_PUBLIC_URL_FILE", &kept_in).problem();
    assert_holds(&problem, &[&format!("EVENTS_PUBLIC_URL (secret file {kept_in}) and events.public_url")]);
}

/// Who and what a path and a query are is nobody's business.
#[test]
fn of_the_address_of_events_scheme_and_host_are_shown() {
    let url = "https://twilio@numbers.example.com/hooks/hunter2?key=hunter3";
    let plain: crate::config::EventsConfig = toml::from_str(&format!("public_url = \"{url}\"")).unwrap();
    assert_eq!(plain.public_url.as_ref().unwrap().as_str(), url, "it is read whole");
    assert_eq!(toml::to_string(&plain).unwrap(), "public_url = \"https://numbers.example.com\"\n");
    let mut config = World::new().load().unwrap();
    config.events = plain.clone();
    for shown in [describe_effective(&config), format!("{config:?}"), format!("{plain:?}")] {
        assert!(shown.contains("https://numbers.example.com"), "{shown}");
        assert!(!shown.contains("hunter") && !shown.contains("twilio@"), "{shown}");
    }
    // A reload sees what is not shown.
    let mut other = config.clone();
    other.events.public_url = Some("https://numbers.example.com/elsewhere".parse().unwrap());
    assert_eq!(other.in_place_of(&config, &World::new().sources).changed, ["events.public_url"]);
}

#[test]
fn a_pool_hands_out_what_can_text_if_it_has_services_unless_it_says_otherwise() {
    assert_eq!(PoolConfig::default().wants(), Wants::default());
    let (one, two) = (service('1'), service('2'));
    let services = format!("messaging_services = [\"{two}\", \"{one}\"]");
    let wants = pool(&services).wants();
    assert_eq!(wants.services.iter().map(ToString::to_string).collect::<Vec<_>>(), [two, one], "in their order");
    assert_eq!(wants.needs, Needs::of(ReadyFor::Sms, SmsReadyWhen::Attached));
    let registered = format!("{services}\nsms_ready_when = \"registered\"");
    assert_eq!(pool(&registered).wants().needs, Needs { attached: true, registered: true });
    assert_eq!(pool(&format!("{registered}\nready_for = \"voice\"")).wants().needs, Needs::default());
    let trusted = format!("customer_profile = \"{}\"\ntrust_products = [\"{}\"]", trust('1'), trust('2'));
    let wants = pool(&trusted).wants();
    assert_eq!(
        (wants.needs, wants.targets().count()),
        (Needs::default(), 2),
        "wanted, and waited for only if it says so"
    );
    assert!(pool(&format!("{trusted}\nready_for = \"sms\"")).wants().needs.attached);
}

#[test]
fn a_halt_of_an_earlier_version_is_of_the_same_keys_and_each_later_key_makes_others() {
    let plain = toml::to_string(&PoolConfig::default()).unwrap();
    for key in crate::config::sections::LATER_KEYS {
        assert_eq!(
            plain.lines().filter(|line| *line == key).count(),
            1,
            "{key} stands so while nobody gives it: {plain}"
        );
    }
    let given = [
        format!("messaging_services = [\"{}\"]", service('1')),
        "ready_for = \"sms\"".to_owned(),
        "sms_ready_when = \"registered\"".to_owned(),
        format!("customer_profile = \"{}\"", trust('1')),
        format!("trust_products = [\"{}\"]", trust('1')),
    ];
    let mut fingerprints: Vec<String> =
        given.iter().map(|key| pool(key).fingerprint(&WebhooksConfig::default())).collect();
    fingerprints.push(PoolConfig::default().fingerprint(&WebhooksConfig::default()));
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 6);
}
