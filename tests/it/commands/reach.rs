//! How a command finds the daemon and its key, and what it says when it does not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::world::command::{at, run};
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World};

#[test]
fn the_key_comes_from_the_environment_or_a_file_and_the_address_from_either_place() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let file = std::env::temp_dir().join(format!("callbunker-key-{}", std::process::id()));
    std::fs::write(&file, format!("{ADMIN_KEY}\n")).expect("a file");
    let path = file.to_str().expect("its path");
    let several = format!("{ADMIN_KEY},another-key-0123456789");
    for env in [&[("ADMIN_API_KEY", several.as_str())], &[("ADMIN_API_KEY_FILE", path)]] {
        run(env, &["status", "--url", &format!("{}/", daemon.url)]).table();
    }
    let both = [("ADMIN_API_KEY", ADMIN_KEY), ("CALLBUNKER_URL", "http://127.0.0.1:9")];
    run(&both, &["status", "--url", &daemon.url]).table();
    // Before the command as well as behind it, and of two the one behind.
    run(&both, &["--url", &daemon.url, "pools"]).table();
    assert_eq!(run(&both, &["-u", &daemon.url, "--json", "numbers"]).json()["items"], serde_json::json!([]));
    run(&both, &["--url", "http://127.0.0.1:9", "whoami", "--url", &daemon.url]).table();
    let twice = [("ADMIN_API_KEY", ADMIN_KEY), ("ADMIN_API_KEY_FILE", path)];
    assert!(run(&twice, &["status"]).sentence(64).contains("unset one of them"));
    std::fs::remove_file(&file).expect("it is ours");
    let missing = run(&[("ADMIN_API_KEY_FILE", path)], &["status"]).sentence(64);
    assert!(missing.contains("ADMIN_API_KEY") && missing.contains(path), "{missing}");
    let none = run(&[], &["status"]).sentence(64);
    assert!(none.contains("ADMIN_API_KEY") && none.contains("is missing"), "{none}");
    let nowhere = run(&[("ADMIN_API_KEY", ADMIN_KEY)], &["status", "--url", "127.0.0.1:8080"]).sentence(64);
    assert!(nowhere.contains("--url"), "{nowhere}");
}

#[test]
fn a_wrong_key_and_a_signup_key_are_told_in_one_sentence() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let with = |key: &str| run(&[("ADMIN_API_KEY", key), ("CALLBUNKER_URL", &daemon.url)], &["status"]).sentence(1);
    let wrong = with("wrong-key-0123456789");
    assert!(wrong.contains("does not accept this key") && !wrong.contains("wrong-key"), "{wrong}");
    assert!(with(SIGNUP_KEY).contains("signup key"));
    // A script reads why on standard output, whatever it asked for; what is no answer of ours stays away from it.
    let env = [("ADMIN_API_KEY", SIGNUP_KEY), ("CALLBUNKER_URL", daemon.url.as_str())];
    for command in [&["status", "--json"][..], &["purchase", "--count", "1", "--json"], &["audit", "--all", "--json"]] {
        let refused = run(&env, command);
        let document: serde_json::Value = serde_json::from_str(&refused.stdout).expect("one document");
        assert_eq!((refused.code, &document["code"]), (Some(1), &serde_json::json!("forbidden")));
        assert!(refused.stderr.contains("signup key"), "{refused:?}");
    }
    at(world.twilio.url(), &["status", "--json"]).sentence(1);
}

#[test]
fn a_daemon_that_is_away_is_69_and_something_else_at_the_address_is_named() {
    // Nobody else's daemon gets a port of this address meanwhile.
    let listener = TcpListener::bind("127.0.0.2:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    for command in [&["status"][..], &["purchase", "--count", "1"], &["replenish"], &["release", "u-1"], &["audit"]] {
        let sentence = at(&format!("http://{address}"), command).sentence(69);
        assert!(sentence.contains("cannot be reached") && sentence.contains("--url"), "{sentence}");
    }
    let world = World::new().quiet();
    let sentence = at(world.twilio.url(), &["status"]).sentence(1);
    assert!(sentence.contains("is not callbunker"), "{sentence}");
    let daemon = world.daemon();
    let sentence = at(&format!("{}/elsewhere", daemon.url), &["status"]).sentence(1);
    let told = format!("give it as --url {}", daemon.url);
    assert!(sentence.contains("nothing of callbunker") && sentence.contains(&told), "{sentence}");
}

#[test]
fn a_daemon_without_its_database_is_69() {
    let cluster = postgres_fixture::Cluster::start(postgres_fixture::ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    let daemon = world.daemon();
    cluster.stop_immediate().expect("it stops");
    for command in [&["status"][..], &["numbers"], &["release", "u-1"]] {
        let sentence = at(&daemon.url, command).sentence(69);
        assert!(sentence.contains("database") && sentence.contains("try again"), "{sentence}");
    }
}

#[test]
fn a_wrong_address_is_told_by_what_is_wrong_with_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let unknown = at("http://callbunker.invalid:8080", &["status"]).sentence(69);
    assert!(
        unknown.contains("nobody knows a host called callbunker.invalid") && unknown.contains("--url"),
        "{unknown}"
    );
    let secured = at(&daemon.url.replace("http://", "https://"), &["status"]).sentence(69);
    assert!(secured.contains("does not speak TLS") && secured.contains("http://"), "{secured}");
    // A TLS server's word to whoever does not speak it.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let plain = format!("http://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(&[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x16]);
        }
    });
    let told = at(&plain, &["status"]).sentence(69);
    assert!(told.contains("does not speak HTTP") && told.contains("https://"), "{told}");
    let (proxy, _) = answers_always("HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\n<p/>".to_owned());
    assert!(at(&proxy, &["status"]).sentence(1).contains("if it speaks TLS, write https://"));
}

/// Every document ends its line, and a shell's prompt begins on its own.
#[test]
fn documents_end_with_a_newline_that_is_counted() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for (path, status) in
        [("/admin/phones/api/status", 200), ("/admin/phones/api/nothing", 404), ("/openapi.json", 200)]
    {
        let mut stream = crate::world::raw::connect(&daemon);
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: h\r\nX-Admin-API-Key: {ADMIN_KEY}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        let length =
            head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
        assert_eq!(length.expect("its length"), body.len().to_string(), "{head}");
        assert!(body.ends_with("}\n") && !body.ends_with("\n\n"), "{path}: {body:?}");
    }
    let printed = at(&daemon.url, &["status", "--json"]);
    assert!(printed.stdout.ends_with("}\n") && !printed.stdout.ends_with("\n\n"), "{printed:?}");
}

/// Answers every request with `answer`, and says how many came.
fn answers_always(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let came = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&came);
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(answer.as_bytes());
        }
    });
    (url, came)
}

#[test]
fn the_key_is_sent_nowhere_but_to_the_given_address() {
    let (elsewhere, came) = answers_always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_owned());
    let redirect = format!("HTTP/1.1 307 Moved\r\nLocation: {elsewhere}/\r\nContent-Length: 0\r\n\r\n");
    let (moved, asked) = answers_always(redirect);
    let sentence = at(&moved, &["pause"]).sentence(1);
    assert!(sentence.contains(&format!("redirect to {elsewhere}/")) && sentence.contains("--url"), "{sentence}");
    let env = [("ADMIN_API_KEY", ADMIN_KEY), ("http_proxy", &elsewhere), ("HTTP_PROXY", &elsewhere)];
    let env = env.map(|(name, value)| (name, value as &str));
    assert_eq!(run(&env, &["status", "--url", &moved]).code, Some(1));
    assert_eq!((asked.load(Ordering::SeqCst), came.load(Ordering::SeqCst)), (2, 0));
    let (proxy, _) = answers_always("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n<p/>".to_owned());
    assert!(at(&proxy, &["status"]).sentence(69).contains("no daemon behind it"));
}
