//! What is wrong with the way to Twilio, the credentials, the account, its money, and where webhooks lead.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use twilio_simulator::{AccountStatus, AccountType, Fault, FaultKind, ForeignNumber, On};

use super::{Wrong, each_is_named};
use crate::world::connect_proxy::ConnectProxy;

const ENTRY: (&str, Option<&str>, &str) = ("credentials", None, "fail");

#[test]
fn each_thing_about_credentials_and_the_way_to_twilio_is_named() {
    each_is_named(&[
        Wrong {
            name: "a wrong token",
            arrange: |place| place.set("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef"),
            code: 1,
            line: ENTRY,
            says: ("Twilio refuses the credentials", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        },
        Wrong {
            name: "another account's SID",
            arrange: |place| place.set("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"),
            code: 1,
            line: ENTRY,
            says: ("Twilio refuses the credentials", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        },
        Wrong {
            name: "a revoked API key",
            arrange: |place| {
                place.with_a_key();
                place.set("TWILIO_API_KEY_SECRET", "revoked");
            },
            code: 1,
            line: ENTRY,
            says: ("Twilio refuses the credentials", "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET"),
        },
        Wrong {
            name: "an API key that may not read numbers",
            arrange: |place| {
                place.with_a_key();
                place.twilio.fault(Fault::new(On::List, FaultKind::Refuse).status(403).code(20403).forever());
            },
            code: 1,
            line: ENTRY,
            says: ("403/20403", "Give the API key the rights to read and to buy phone numbers"),
        },
        Wrong {
            name: "test credentials",
            arrange: |place| {
                let (sid, token) =
                    (place.twilio.test_account_sid().to_owned(), place.twilio.test_auth_token().to_owned());
                place.set("TWILIO_ACCOUNT_SID", &sid);
                place.set("TWILIO_AUTH_TOKEN", &token);
            },
            code: 1,
            line: ENTRY,
            says: ("test credentials", "live credentials"),
        },
        Wrong {
            name: "a suspended account",
            arrange: |place| place.twilio.set_account_status(AccountStatus::Suspended),
            code: 1,
            line: ENTRY,
            says: ("Twilio refuses the credentials", "whether the account is suspended"),
        },
        Wrong {
            name: "an account that is not active",
            arrange: |place| place.twilio.fault(Fault::new(On::List, FaultKind::Inactive20005).forever()),
            code: 1,
            line: ENTRY,
            says: ("not active", "owes money"),
        },
        Wrong {
            name: "a path that is none of Twilio's",
            arrange: |place| {
                let url = format!("{}/somewhere", place.twilio.url());
                place.set("twilio.api_base_url", &url);
            },
            code: 1,
            line: ENTRY,
            says: ("is not Twilio's API", "twilio.api_base_url"),
        },
        Wrong {
            name: "somebody else's web server",
            arrange: |place| {
                let url = somebody_elses();
                place.set("twilio.api_base_url", &url);
            },
            code: 1,
            line: ENTRY,
            says: ("is not Twilio's API", "twilio.api_base_url"),
        },
        Wrong {
            name: "nobody there",
            arrange: |place| place.set("twilio.api_base_url", "http://127.0.0.1:1"),
            code: 69,
            line: ENTRY,
            says: ("Twilio was not reached", "network"),
        },
        Wrong {
            name: "a Twilio that hangs",
            arrange: |place| {
                place.set("twilio.request_timeout_ms", "300");
                place.twilio.fault(Fault::new(On::Any, FaultKind::Hang).forever());
            },
            code: 69,
            line: ENTRY,
            says: ("unknown", "network"),
        },
        Wrong {
            name: "a Twilio that fails",
            arrange: |place| place.twilio.fault(Fault::new(On::Any, FaultKind::Error503).forever()),
            code: 69,
            line: ENTRY,
            says: ("503", "network"),
        },
        Wrong {
            name: "too many calls at once",
            arrange: |place| place.twilio.fault(Fault::new(On::List, FaultKind::TooManyRequests).forever()),
            code: 0,
            line: ("credentials", None, "warn"),
            says: ("429", "check again"),
        },
    ]);
}

#[test]
fn each_thing_about_the_account_and_its_money_is_named() {
    each_is_named(&[
        Wrong {
            name: "a trial account",
            arrange: |place| place.twilio.set_account_type(AccountType::Trial),
            code: 0,
            line: ("account", None, "warn"),
            says: ("trial account", "Upgrade the account"),
        },
        Wrong {
            name: "a trial account that has its number",
            arrange: |place| {
                place.twilio.own(ForeignNumber::new("+14155550100"));
                place.twilio.set_account_type(AccountType::Trial);
            },
            code: 1,
            line: ("account", None, "fail"),
            says: ("sells it no other", "Upgrade the account"),
        },
        Wrong {
            name: "an API key that may not read the account",
            arrange: |place| {
                place.with_a_key();
                place.twilio.fault(Fault::new(On::Account, FaultKind::Refuse).status(401).code(20003).forever());
            },
            code: 0,
            line: ("account", None, "warn"),
            says: ("may not read the account", "console"),
        },
        Wrong {
            name: "an account that cannot be looked at now",
            arrange: |place| place.twilio.fault(Fault::new(On::Account, FaultKind::Error500).forever()),
            code: 0,
            line: ("account", None, "warn"),
            says: ("could not be looked at", "Check again"),
        },
        Wrong {
            name: "no money",
            arrange: |place| place.twilio.set_balance("0.00"),
            code: 1,
            line: ("balance", None, "fail"),
            says: ("0.00 USD", "Top the account up"),
        },
        Wrong {
            name: "debts",
            arrange: |place| place.twilio.set_balance("-3.20"),
            code: 1,
            line: ("balance", None, "fail"),
            says: ("-3.20 USD", "Top the account up"),
        },
        Wrong {
            name: "money for no number",
            arrange: |place| place.twilio.set_balance("0.50"),
            code: 1,
            line: ("balance", None, "fail"),
            says: ("pays for no number", "Top the account up"),
        },
        Wrong {
            name: "money for one number",
            arrange: |place| place.twilio.set_balance("2.00"),
            code: 0,
            line: ("balance", None, "warn"),
            says: ("does not pay for a batch", "Top the account up"),
        },
        Wrong {
            name: "a balance that is not told",
            arrange: |place| {
                place.twilio.fault(Fault::new(On::Balance, FaultKind::Refuse).status(404).code(20404).forever());
            },
            code: 0,
            line: ("balance", None, "warn"),
            says: ("a subaccount has none", "console"),
        },
        Wrong {
            name: "a price that may not be read",
            arrange: |place| {
                place.twilio.fault(Fault::new(On::Pricing, FaultKind::Refuse).status(403).code(20403).forever());
            },
            code: 0,
            line: ("price", Some("default"), "warn"),
            says: ("could not be looked at", "right"),
        },
    ]);
}

#[test]
fn each_thing_about_where_webhooks_lead_is_named() {
    each_is_named(&[
        Wrong {
            name: "a name that nobody has",
            arrange: |place| place.set("PUBLIC_APP_URL", "https://callbunker.invalid"),
            code: 0,
            line: ("public_url", None, "warn"),
            says: ("callbunker.invalid", "Correct PUBLIC_APP_URL"),
        },
        Wrong {
            name: "a name that only the proxy may know",
            arrange: |place| {
                let to =
                    place.twilio.url().strip_prefix("http://").expect("its address").trim_end_matches('/').to_owned();
                place.set("twilio.proxy_url", &ConnectProxy::start(&to, None).url());
                place.set("PUBLIC_APP_URL", "https://callbunker.invalid");
            },
            code: 0,
            line: ("public_url", None, "warn"),
            says: ("callbunker.invalid", "look from elsewhere where PUBLIC_APP_URL leads"),
        },
        Wrong {
            name: "this machine",
            arrange: |place| place.set("PUBLIC_APP_URL", "https://localhost"),
            code: 0,
            line: ("public_url", None, "warn"),
            says: ("where Twilio cannot come", "Correct PUBLIC_APP_URL"),
        },
        Wrong {
            name: "an address of the inner network",
            arrange: |place| place.set("PUBLIC_APP_URL", "https://10.0.0.7"),
            code: 0,
            line: ("public_url", None, "warn"),
            says: ("10.0.0.7", "Correct PUBLIC_APP_URL"),
        },
        Wrong {
            name: "nowhere",
            arrange: |place| place.unset("PUBLIC_APP_URL"),
            code: 0,
            line: ("public_url", None, "warn"),
            says: ("does not start without it", "https origin"),
        },
        Wrong {
            name: "a pool's own",
            arrange: |place| place.set("pool.webhooks.public_app_url", "https://192.168.0.9"),
            code: 0,
            line: ("public_url", Some("default"), "warn"),
            says: ("192.168.0.9", "pool.webhooks.public_app_url"),
        },
    ]);
}

/// A web server that answers everybody with a page, until the test ends.
fn somebody_elses() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            let _ = caller.read(&mut asked);
            let page =
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _ = caller.write_all(page.as_bytes());
        }
    });
    url
}
