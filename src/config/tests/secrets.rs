//! Where secrets are found, which are refused, and that none is printed.

use secrecy::ExposeSecret;

use super::{ACCOUNT, ADMIN_KEY, SIGNUP_KEY, TOKEN, World, assert_holds, assert_no_secret};
use crate::config::describe::describe_effective;
use crate::config::secrets::{ApiKey, Secrets, TwilioCredentials};
use crate::config::{Config, Sources, client_key};

#[test]
fn a_key_that_a_url_must_encode_is_noted_and_not_refused() {
    let noted = |name: &str, key: &str| World::new().with(name, key).load().unwrap().secrets.noted_of_urls();
    for key in
        ["abc+defghi/jklmn==", "ab&cdefghijklmnop", "ab#cdefghijklmnop", "ab%cdefghijklmnop", "dana:ab cdefghijklmnop"]
    {
        let note = noted("ADMIN_API_KEY", key).expect(key);
        assert!(note.starts_with("ADMIN_API_KEY holds a key with") && !note.contains("cdefg"), "{note}");
    }
    assert_eq!(noted("ADMIN_API_KEY", "abc/defghi-jklmn=="), None);
    assert!(noted("SIGNUP_API_KEY", "abc+defghi/jklmn==").is_some_and(|note| note.starts_with("SIGNUP_API_KEY")));
}

#[test]
fn a_secret_comes_from_the_environment_a_named_file_or_a_credential() {
    let world = World::new().without("ADMIN_API_KEY");
    let file = world.file("key-file", &format!("{ADMIN_KEY}\n"));
    world.file("admin_api_key", "credential-0b1c2d3e4f");
    let folder = world.folder().to_owned();
    let key = |world: &World| world.load().unwrap().secrets.admin_keys[0].key.expose_secret().to_owned();

    let world = world.with("CREDENTIALS_DIRECTORY", &folder);
    assert_eq!(key(&world), "credential-0b1c2d3e4f");
    let world = world.with("ADMIN_API_KEY_FILE", &file);
    assert_eq!(key(&world), ADMIN_KEY);
    let world = world.with("ADMIN_API_KEY", "direct-0b1c2d3e4f5a");
    assert_holds(&world.problem(), &["ADMIN_API_KEY", "ADMIN_API_KEY_FILE are both set", "unset one"]);
    let world = world.without("ADMIN_API_KEY_FILE");
    assert_eq!(key(&world), "direct-0b1c2d3e4f5a");
    let world = world.with("ADMIN_API_KEY", "").with("ADMIN_API_KEY_FILE", &file);
    assert_eq!(key(&world), ADMIN_KEY, "an empty variable counts as missing");
}

#[test]
fn a_file_that_cannot_be_read_or_is_empty_is_named() {
    let world = World::new().without("TWILIO_AUTH_TOKEN").with("TWILIO_AUTH_TOKEN_FILE", "/nowhere/token");
    assert_holds(&world.problem(), &["TWILIO_AUTH_TOKEN (secret file /nowhere/token) cannot be read"]);
    let world = World::new().without("DATABASE_URL");
    let empty = world.file("empty", "\n");
    assert_holds(&world.with("DATABASE_URL_FILE", &empty).problem(), &["DATABASE_URL", "is missing"]);
    let world = World::new().without("SIGNUP_API_KEY");
    let folder = world.folder().to_owned();
    assert!(world.with("CREDENTIALS_DIRECTORY", &folder).load().unwrap().secrets.signup_keys.is_empty());
}

#[test]
fn missing_secrets_are_told_together_with_where_to_put_them() {
    let world = World::new();
    let world = ["DATABASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "ADMIN_API_KEY", "SIGNUP_API_KEY"]
        .iter()
        .fold(world, |world, name| world.without(name));
    let problems = world.problems();
    assert_eq!(problems.len(), 4, "SIGNUP_API_KEY is optional: {problems:#?}");
    for (problem, name) in
        problems.iter().zip(["DATABASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "ADMIN_API_KEY"])
    {
        let file = format!("{name}_FILE=path");
        let credential = format!("systemd credential {}", name.to_ascii_lowercase());
        assert_holds(problem, &[name, "is missing", "in the environment", &file, &credential]);
    }
    assert_holds(&problems[2], &["TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET"]);
}

#[test]
fn twilio_takes_a_token_or_a_whole_api_key() {
    let secrets = World::new().load().unwrap().secrets;
    assert_eq!(secrets.twilio_credentials.basic(&secrets.twilio_account_sid).0, ACCOUNT);
    let sid = "SK0123456789abcdef0123456789abcdef";
    let pair = World::new().with("TWILIO_API_KEY_SID", sid).with("TWILIO_API_KEY_SECRET", "pair-secret");
    for world in [pair.without("TWILIO_AUTH_TOKEN"), {
        World::new().with("TWILIO_API_KEY_SID", sid).with("TWILIO_API_KEY_SECRET", "pair-secret")
    }] {
        let credentials = world.load().unwrap().secrets.twilio_credentials;
        assert!(matches!(&credentials, TwilioCredentials::ApiKey { sid: given, .. } if given == sid));
        let (user, password) = credentials.basic(ACCOUNT);
        assert_eq!((user, password.expose_secret()), (sid, "pair-secret"));
    }
    let half = World::new().with("TWILIO_API_KEY_SID", sid).problem();
    assert_holds(&half, &["TWILIO_API_KEY_SECRET", "though TWILIO_API_KEY_SID is given"]);
    let half = World::new().with("TWILIO_API_KEY_SECRET", "pair-secret").problem();
    assert_holds(&half, &["TWILIO_API_KEY_SID", "though TWILIO_API_KEY_SECRET is given"]);
    let wrong = World::new().with("TWILIO_API_KEY_SID", TOKEN).with("TWILIO_API_KEY_SECRET", "pair-secret").problem();
    assert_holds(&wrong, &["TWILIO_API_KEY_SID", "is not the SID of an API key"]);
}

#[test]
fn malformed_secrets_are_refused_without_being_shown() {
    for (name, value, part) in [
        ("TWILIO_ACCOUNT_SID", TOKEN, "is not an account SID"),
        ("TWILIO_ACCOUNT_SID", "AC0123", "is not an account SID"),
        ("TWILIO_AUTH_TOKEN", "two\nlines", "control character"),
        ("ADMIN_API_KEY", "bad\u{fffd}admin-4f1c9b7e2d6a8035", "not UTF-8"),
        ("TWILIO_AUTH_TOKEN", "\"f00d0123456789abcdef0123456789ab\"", "stands in quotes"),
        ("TWILIO_AUTH_TOKEN", " f00d0123456789abcdef0123456789ab", "has blanks around it"),
        ("TWILIO_AUTH_TOKEN", "f00d0123456789abcdef0123456789ab ", "has blanks around it"),
        ("TWILIO_AUTH_TOKEN", "f00d0123456789abcdef0123456789ab\u{200b}", "not seen"),
        ("TWILIO_AUTH_TOKEN", "f00d0123456789abcdef0123456789ab\n\n", "control character"),
        ("ADMIN_API_KEY", "'admin-4f1c9b7e2d6a8035'", "stands in quotes"),
        ("ADMIN_API_KEY", "admin-4f1c9b7e2d6a8035, 'other-4f1c9b7e2d6a8035'", "stands in quotes"),
        ("DATABASE_URL", "'postgresql://app:hunter2-database@db/x'", "stands in quotes"),
        ("DATABASE_URL", "postgresql://app:hunter2%password@db/x", "a % that begins no percent-encoding"),
        ("DATABASE_URL", "postgresql://app:hunter2 database@db/x", "holds a blank"),
        ("DATABASE_URL", "postgresql://app:hunter2-database@db/x?pgbouncer=true", "has the parameter pgbouncer"),
        ("DATABASE_URL", "mysql://app:hunter2-database@db/x", "is no PostgreSQL URL"),
        ("DATABASE_URL", "postgresql://app:hunter2-database@more@db/x", "is no PostgreSQL URL"),
    ] {
        let problem = World::new().with(name, value).problem();
        assert_holds(&problem, &[name, part]);
        assert!(!problem.contains(value), "{problem}");
    }
}

#[test]
fn several_keys_are_for_rotation_and_each_must_be_strong() {
    let keys = |text: &str| World::new().with("ADMIN_API_KEY", text);
    let two = keys(&format!("{ADMIN_KEY} , second-0b1c2d3e4f5a,\n"));
    assert_eq!(two.load().unwrap().secrets.admin_keys.len(), 2);
    for (text, part) in [
        ("short", "is shorter than 16 characters"),
        ("changeme-changeme", "is a placeholder"),
        ("0b1c2d3e4f5a6b7c8d9e,short", "holds a key (number 2 of 2) that is shorter than 16"),
        ("0b1c2d3e4f5a6b7c8d9e,0b1c2d3e4f5a6b7c8d9e", "the same key twice"),
        (" , ,", "holds no key"),
    ] {
        assert_holds(&keys(text).problem(), &["ADMIN_API_KEY (environment variable ADMIN_API_KEY)", part]);
    }
    let both = World::new().with("SIGNUP_API_KEY", ADMIN_KEY).problem();
    assert_holds(&both, &["SIGNUP_API_KEY", "that ADMIN_API_KEY holds too"]);
    let weak = World::new().with("SIGNUP_API_KEY", "your_key_here_please").problem();
    assert_holds(&weak, &["SIGNUP_API_KEY", "placeholder"]);
    let many: Vec<String> = (0..33).map(|n| format!("0b1c2d3e4f5a6b7c-{n}")).collect();
    assert_holds(&keys(&many.join(",")).problem(), &["more than 32 keys"]);
}

#[test]
fn keys_may_have_names_and_what_is_wrong_with_them_is_told_all_at_once_without_a_key() {
    let (one, two) = ("0b1c2d3e4f5a6b7c8d9e", "9e8d7c6b5a4f3e2d1c0b");
    let named = |config: &Config| {
        let Secrets { admin_keys, readonly_keys, signup_keys, .. } = &config.secrets;
        [admin_keys, readonly_keys, signup_keys].map(|keys| {
            let name = |key: &ApiKey| key.name.map_or("-".to_owned(), |name| name.to_string());
            keys.iter().map(|key| format!("{} {}", name(key), key.key.expose_secret())).collect::<Vec<_>>()
        })
    };
    let world = World::new().without("ADMIN_API_KEY").with("READONLY_API_KEY", "support:read-0b1c2d3e4f5a6b7c");
    let file = world.file("keys", &format!("dana:{one}, ci: {two},{ADMIN_KEY}\n"));
    let world = world.with("ADMIN_API_KEY_FILE", &file).with("SIGNUP_API_KEY", &format!("web:{SIGNUP_KEY}"));
    let config = world.load().unwrap();
    assert_eq!(
        named(&config),
        [
            vec![format!("dana {one}"), format!("ci {two}"), format!("- {ADMIN_KEY}")],
            vec!["support read-0b1c2d3e4f5a6b7c".to_owned()],
            vec![format!("web {SIGNUP_KEY}")]
        ]
    );
    assert_eq!(client_key(&world.sources).unwrap().expose_secret(), one, "without its name");
    let told = describe_effective(&config);
    assert_holds(
        &told,
        &["# ADMIN_API_KEY: 3 keys: dana, ci\n", "# READONLY_API_KEY: 1 key: support\n", "1 key: web\n"],
    );
    assert!(!told.contains(one) && !told.contains("read-0b"), "{told}");

    let text = format!("dana:{one},dana:{two},ci:,Dana S:{two}x,cron:{one}x,x:short,ops:changeme-changeme,q:\"{one}\"");
    let world = World::new().with("ADMIN_API_KEY", &text);
    let world = world.with("READONLY_API_KEY", &format!("dana:read-0b1c2d3e4f5a6b7c,{one}"));
    let problems = world.with("SIGNUP_API_KEY", "read-0b1c2d3e4f5a6b7c").problems();
    for (problem, part) in problems.iter().zip([
        "ADMIN_API_KEY (environment variable ADMIN_API_KEY) holds a key (number 3 of 8) that is empty",
        "(number 4 of 8) that has a name before its colon that is not a letter of a-z",
        "(number 5 of 8) that has a name before its colon that stands for something else",
        "(number 6 of 8) that is shorter than 16 characters behind its colon",
        "(number 7 of 8) that is a placeholder that anybody could guess behind its colon",
        "(number 8 of 8) that stands in quotes",
        "gives the same name twice",
        "READONLY_API_KEY (environment variable READONLY_API_KEY) holds a key that ADMIN_API_KEY holds too",
        "gives a name that ADMIN_API_KEY gives too",
        "SIGNUP_API_KEY (environment variable SIGNUP_API_KEY) holds a key that READONLY_API_KEY holds too",
    ]) {
        assert_holds(problem, &[part]);
        for secret in [one, two, "read-0b", "short,", "changeme", "Dana S"] {
            assert!(!problem.contains(secret), "{secret}: {problem}");
        }
    }
    assert_eq!(problems.len(), 10, "{problems:#?}");
}

#[test]
fn a_key_with_a_colon_of_its_own_goes_on_to_open() {
    let admin = |text: &str| World::new().with("ADMIN_API_KEY", text);
    let only = |text: &str| admin(text).load().unwrap().secrets.admin_keys.remove(0);
    // Nobody would take what stands before it for a name.
    let key = only("Zm9v+/=:0123456789ab");
    assert_eq!((key.name, key.key.expose_secret()), (None, "Zm9v+/=:0123456789ab"));
    // Somebody may: it is taken as one, and the whole opens as it did.
    let key = only("backup:0123456789abcdef0");
    assert_eq!(key.name.map(|name| name.to_string()).as_deref(), Some("backup"));
    assert_eq!(key.as_written.unwrap().expose_secret(), "backup:0123456789abcdef0");
    // What cannot be both is told, with the way to write it.
    for text in ["deadbeef:01234567", "Backup:0123456789abcdef0"] {
        assert_holds(&admin(text).problem(), &["write", ":KEY"]);
        let key = only(&format!(":{text}"));
        assert_eq!((key.name, key.key.expose_secret()), (None, text));
    }
}

#[test]
fn nothing_that_can_be_printed_holds_a_secret() {
    let world = World::new();
    let config = world.load().unwrap();
    assert_no_secret(&format!("{config:?} {config:#?} {:?}", world.sources));
    assert_holds(&format!("{config:?}"), &["AuthToken(redacted)", "postgresql://app:***@a,b/db"]);
    assert_no_secret(&serde_json::to_string(&config).unwrap());
}

#[test]
fn a_command_uses_the_first_admin_key() {
    let world = World::new().with("ADMIN_API_KEY", &format!("{ADMIN_KEY},{SIGNUP_KEY}"));
    assert_eq!(client_key(&world.sources).unwrap().expose_secret(), ADMIN_KEY);
    assert_holds(&client_key(&Sources::default()).unwrap_err().to_string(), &["ADMIN_API_KEY", "is missing"]);
}
