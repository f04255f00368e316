//! What is refused and what is taken, and that libpq says the same.

use diesel::{Connection as _, PgConnection};

use super::*;

/// With what the fault says. Port 1 of this machine refuses connections, so libpq need not wait for an answer.
const NEVER: &[(&str, &str)] = &[
    ("postgresql://u:50%off@127.0.0.1:1/d", "a %"),
    ("postgresql://u:50%@127.0.0.1:1/d", "a %"),
    ("postgresql://u:a%00b@127.0.0.1:1/d", "a %"),
    ("postgresql://u:p@127.0.0.1:1/d?application_name=50%off", "a %"),
    ("postgresql://u:hunter two@127.0.0.1:1/d", "a blank"),
    (" postgresql://u:p@127.0.0.1,127.0.0.1:1/d", "a blank"),
    ("postgresql://u:p@127.0.0.1:1/d?application_name=a b", "a blank"),
    ("postgresql://u:p@127.0.0.1:1/d?pgbouncer=true", "the parameter pgbouncer"),
    ("postgresql://u:p@127.0.0.1:1/d?sslmod=require", "the parameter sslmod"),
    ("postgresql://u:p@127.0.0.1:1/d?schema=x&sslmode=allow", "the parameter schema"),
    ("postgresql://u:p@127.0.0.1:abc/d", "a port"),
    ("postgresql://u:p@127.0.0.1:0/d", "a port"),
    ("postgresql://u:p@127.0.0.1:65536/d", "a port"),
    ("postgresql://u:p@127.0.0.1:1:2/d", "a port"),
    ("postgresql://u:p@127.0.0.1,127.0.0.1:1x/d", "a port"),
    ("postgresql://u:p@127.0.0.1,127.0.0.1,127.0.0.1/d?port=1,2", "as many ports"),
    ("postgresql://u:p@[::1/d", "brackets"),
    ("postgresql://u:p@[]/d", "brackets"),
    ("postgresql://u:p@127.0.0.1:1/d?sslmode=verify-ful", "a sslmode"),
    ("postgresql://u:p@127.0.0.1:1/d?sslmode=", "a sslmode"),
    ("postgresql://u:p@127.0.0.1:1/d?sslmode=REQUIRE", "a sslmode"),
    ("postgresql://u:p@127.0.0.1:1/d?target_session_attrs=primry", "a target_session_attrs"),
    ("postgresql://u:p@127.0.0.1:1/d?gssencmode=require", "a gssencmode"),
    ("postgresql://u:p@127.0.0.1:1/d?sslnegotiation=direct", "sslnegotiation"),
    ("postgresql://u:p@127.0.0.1:1/d?sslrootcert=system&sslmode=require", "sslrootcert"),
    ("postgresql://u:p@127.0.0.1:1/d?connect_timeout=2s", "a connect_timeout"),
    ("postgresql://u:p@127.0.0.1:1/d?keepalives_idle=x", "a keepalives_idle"),
    ("postgresql://u:p@127.0.0.1:1/d?options=a=b", "a second ="),
    ("postgresql://u:p@127.0.0.1:1/d?sslmode", "no PostgreSQL URL"),
    ("postgresql://u:p@127.0.0.1:1/d?require_auth=scram", "a require_auth"),
    ("postgresql://u:p@127.0.0.1:1/d?require_auth=md5,!password", "a require_auth"),
    ("postgresql://u:p@127.0.0.1:1/d?require_auth=md5,md5", "a require_auth"),
    ("postgresql://u:p@127.0.0.1:1/d?require_auth=md5,", "a require_auth"),
    ("postgresql://u:p@127.0.0.1:1/d?require_auth=SCRAM-SHA-256", "a require_auth"),
    ("postgresql://u:p@127.0.0.1:1/d?ssl_min_protocol_version=1.2", "a ssl_min_protocol_version"),
    ("postgresql://u:p@127.0.0.1:1/d?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "least"),
    ("postgresql://u:p@127.0.0.1:1/d?min_protocol_version=3.2&max_protocol_version=3.0", "least"),
    ("host=127.0.0.1 port=1 require_auth='md5, password'", "a require_auth"),
    ("host=127.0.0.1 port=1 pgbouncer=true", "the parameter pgbouncer"),
    ("host=127.0.0.1 port=abc", "a port"),
    ("host=127.0.0.1,127.0.0.1 port=1,2,3", "as many ports"),
    ("host=127.0.0.1 port=1 sslmode=verify-ful", "a sslmode"),
    ("host=127.0.0.1 hostaddr=127.0.0.1,127.0.0.2 port=1", "as many hostaddr"),
    ("host=127.0.0.1 port=1 password=hunter two", "no PostgreSQL URL"),
];

const SOUND: &[&str] = &[
    "postgresql://u:50%25off%20now@127.0.0.1:1/d",
    "postgresql://u:p?w&x=y@127.0.0.1:1/d",
    "postgresql://127.0.0.1:1",
    "postgres://u@127.0.0.1:1,127.0.0.1:1/d?target_session_attrs=read-write&connect_timeout=2",
    "postgres://u@127.0.0.1,127.0.0.1/d?port=1",
    "postgres://u@[::ffff:127.0.0.1]:1/d?sslmode=verify-full&sslrootcert=system",
    "postgresql:///d?host=127.0.0.1&port=1&user=a@b",
    "postgresql://127.0.0.1:1/d?ssl=true&ssl%6Dode=disable&",
    "postgresql://127.0.0.1:1/d?require_auth=scram-sha-256,md5,none&ssl_min_protocol_version=tlsv1.2",
    "postgresql://127.0.0.1:1/d?require_auth=!password,!md5&min_protocol_version=3.2&max_protocol_version=latest",
    "postgresql://127.0.0.1:1/d?require_auth=&target_session_attrs=prefer-standby&replication=off",
    "postgresql://127.0.0.1:1/d?min_protocol_version=3.2",
    "host=127.0.0.1 port=1 user=u password='hunter two' sslmode=disable",
    "host=127.0.0.1,127.0.0.1 port=1,1 load_balance_hosts=random application_name='a b'",
    "host = 127.0.0.1 port = ' 1 ' keepalives=0 options='-c a=b'",
];

#[test]
fn what_libpq_will_never_take_is_told_without_a_value() {
    for (text, part) in NEVER {
        let faults = faults_of(text);
        let told = faults.iter().map(|fault| format!("{} {}", fault.what, fault.remedy)).collect::<Vec<_>>();
        assert!(faults.iter().any(|fault| fault.what.contains(part)), "{text}: {told:?}");
        for shown in ["50%", "hunter", "verify-ful ", "abc", "primry", "127.0.0.1"] {
            assert!(!told.concat().contains(shown), "{text}: {told:?}");
        }
    }
    for text in SOUND {
        assert_eq!(faults_of(text), [], "{text}");
    }
}

#[test]
fn libpq_itself_says_the_same() {
    let reaches_the_network = |text: &str| match PgConnection::establish(text) {
        Ok(_) => panic!("nothing listens on port 1"),
        Err(error) => {
            let told = error.to_string();
            told.starts_with("connection to server") && !told.contains("connection option")
        }
    };
    for (text, _) in NEVER {
        assert!(!reaches_the_network(text), "{text} is sound to libpq");
    }
    for text in SOUND {
        assert!(reaches_the_network(text), "{text}: {:?}", PgConnection::establish(text).err());
    }
}

#[test]
fn what_never_leads_to_a_server_that_takes_writes_is_refused_with_what_to_take() {
    for (text, part, remedy) in [
        ("postgresql://db/x?target_session_attrs=standby", "no writes", "read-write"),
        ("host=a,b target_session_attrs=read-only", "no writes", "read-write"),
        ("postgresql://db/x?replication=database", "replication", "remove"),
        ("postgresql://db/x?replication=true", "replication", "remove"),
    ] {
        let faults = faults_of(text);
        assert!(faults.len() == 1 && faults[0].what.contains(part), "{text}: {faults:?}");
        assert!(faults[0].remedy.contains(remedy), "{text}: {faults:?}");
    }
}

#[test]
fn an_unknown_name_that_may_be_the_rest_of_a_password_is_not_shown() {
    for text in [
        "host=db password=my secret7=x",
        "postgresql://db/x?password=my&secret7=x",
        "postgresql://u:pa/ss?secret7=1@db/x",
        "postgresql://db/x?secret7-is-long=1",
    ] {
        let told = format!("{:?}", faults_of(text));
        assert!(told.len() > 2 && !told.contains("secret7"), "{text}: {told}");
    }
    assert!(format!("{:?}", faults_of("postgresql://db/x?sslmod=require")).contains("did you mean sslmode?"));
}

#[test]
fn the_url_of_a_pooler_is_told_which_address_to_take_instead() {
    for (text, instead) in [
        ("postgresql://u:hunter2@db.abc.supabase.co:6543/x?pgbouncer=true", Some("port 5432 of db.abc.supabase.co")),
        (
            "postgresql://u:hunter2@ep-1-pooler.eu.neon.tech/x?connection_limit=1",
            Some("the host ep-1.eu.neon.tech instead"),
        ),
        ("host=a,b port=6432,5432 password=hunter2 pool_timeout=1", None),
        ("host=a,b port=6432,5432 statement_cache_size=0 password=hunter2", Some("port 5432 instead of 6432")),
        ("postgresql://u:hunter2@db.example.com/x?pgbouncer=true", None),
    ] {
        let faults = faults_of(text);
        let told = format!("{faults:?}");
        assert_eq!(told.contains("here most likely"), instead.is_some(), "{text}: {told}");
        assert!(instead.is_none_or(|instead| told.contains(instead)), "{text}: {told}");
        assert!(!told.contains("hunter2"), "{text}: {told}");
    }
}
