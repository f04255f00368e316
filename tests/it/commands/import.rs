//! `callbunker import`: the file is judged as a whole before anything is sent.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;
use twilio_simulator::ForeignNumber;

use crate::world::command::{Ended, callbunker, program};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World};

/// A CSV file that goes away with the test.
pub(super) struct Csv(std::path::PathBuf);

impl Csv {
    pub(super) fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("callbunker-{name}-{}.csv", std::process::id()));
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }

    pub(super) fn path(&self) -> &str {
        self.0.to_str().expect("its path")
    }
}

impl Drop for Csv {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn every_fault_of_a_file_is_told_at_once_and_nothing_is_sent() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let text = "phone_number,user_id,assigned_at\n+14155550100,u-1,2025-03-01 10:20:30\n4155550101,u-2,\n\
                +14155550102,u-3,yesterday\n+14155550103,a,,b\n+1 415 555 0100,u-4,\n+14155550109,u-9,\n";
    let csv = Csv::new("faults", text);
    let ended = callbunker(&daemon, &["import", csv.path()]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for (line, word) in
        [("3:", "country code"), ("4:", "no instant"), ("5:", "more fields"), ("s 2, 6)", "different users")]
    {
        let told = ended.stdout.lines().any(|told| {
            told.starts_with("refused")
                && told.contains(&format!("line {line}").replace("line s", "lines"))
                && told.contains(word)
        });
        assert!(told, "line {line}: {}", ended.stdout);
    }
    assert!(ended.stdout.contains("imported          0\n"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("5 rows are refused, and nothing was sent")
            && ended.stderr.contains("--rejected FILE: then the other one moves in"),
        "{ended:?}"
    );
    assert!(!daemon.log_text().contains("api/import"), "{}", daemon.log_text());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let missing = callbunker(&daemon, &["import", "/nowhere/numbers.csv"]).sentence(64);
    assert!(missing.contains("/nowhere/numbers.csv"), "{missing}");
}

#[test]
fn a_file_is_judged_before_the_key_is_looked_for_and_may_come_from_a_pipe() {
    let fed = |env: &[(&str, &str)], text: &str| -> Ended {
        let mut command = program(env, &["import", "-", "--dry-run"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        child.stdin.take().expect("its stdin").write_all(text.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends").into()
    };
    let faulty = fed(&[], "phone_number\n415\n");
    assert!(faulty.code == Some(1) && faulty.stdout.contains("line 2"), "{faulty:?}");
    let keyless = fed(&[], "phone_number\n+14155550100\n").sentence(64);
    assert!(keyless.contains("ADMIN_API_KEY"), "{keyless}");
    let env = [("ADMIN_API_KEY", ADMIN_KEY), ("CALLBUNKER_URL", "http://127.0.0.1:9")];
    let away = fed(&env, "phone_number\n+14155550100\n").sentence(69);
    assert!(away.contains("cannot be reached"), "{away}");
}

/// An account of the earlier service with so many numbers, and the file that tells whose they are.
fn earlier_service(name: &str, count: usize) -> (World, Daemon, Csv) {
    let world = World::new().quiet();
    let mut text = "phone_number,user_id,assigned_at\n".to_owned();
    for n in 0..count {
        world.twilio.own(ForeignNumber::new(format!("+1415555{n:04}")).friendly_name("earlier"));
        let user = if n % 3 == 0 { format!("u-{n},2024-01-01T12:00:00Z") } else { ",".to_owned() };
        text += &format!("+1415555{n:04},{user}\n");
    }
    let daemon = world.daemon();
    (world, daemon, Csv::new(name, &text))
}

#[test]
fn a_long_file_moves_in_by_chunks_after_a_dry_run_that_changed_nothing() {
    let (world, daemon, csv) = earlier_service("long", 150);
    let dry = callbunker(&daemon, &["import", csv.path(), "--dry-run"]).table();
    let file = std::path::Path::new(csv.path()).file_name().unwrap().to_str().unwrap();
    let about = format!("150 rows of {file} (commas, UTF-8).\n");
    let dry_begins = format!("{about}A dry run: nothing was changed. It would be:\nimported          150\n");
    assert!(dry.starts_with(&dry_begins), "{dry}");
    assert_eq!((world.count("SELECT count(*) FROM numbers"), world.twilio.truth().updates), (0, 0));
    let told = callbunker(&daemon, &["import", csv.path()]).table();
    let left = "Left to do:\n  stock, for whoever signs up: 100   if somebody has one, import it again with its user_id\n  \
                webhooks still lead elsewhere: 50  callbunker configure-webhooks\n";
    assert_eq!(told, format!("{about}imported          150\nassigned           50\n{left}"));
    assert_eq!(daemon.status()["assigned"], 50);
    assert_eq!(daemon.get("/signup/api/assignments/u-3").ok()["phone_number"], "+14155550003");
    let again = callbunker(&daemon, &["import", csv.path(), "--json"]).json();
    let pools = json!([{"pool": "default", "imported": 0, "assigned": 0, "already_imported": 150}]);
    let left = json!({"stock": 0, "webhooks": 50, "not_in_account": 0, "users_without_number": 0});
    let expected = json!({"imported": 0, "assigned": 0, "already_imported": 150, "drifted": 50, "pools": pools, "problems": [],
        "refused": [], "noted": [], "skipped": 0, "left_to_do": left});
    assert_eq!(again, expected);
}

#[test]
fn rows_with_problems_are_listed_and_end_with_1_while_the_good_ones_move_in() {
    let world = World::new().quiet();
    world.twilio.own(ForeignNumber::new("+14155550000").friendly_name("earlier"));
    let daemon = world.daemon();
    let csv = Csv::new("problems", "phone_number,user_id\n+14155550000,u-1\n+14155550001,u-2\n");
    let ended = callbunker(&daemon, &["import", csv.path()]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("\nimported          1\n"), "{ended:?}");
    assert!(
        ended.stdout.contains("problems          1  not_in_account") && ended.stdout.contains("(line 3: +14155550001)"),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("perhaps in a subaccount: 1"), "{ended:?}");
    assert!(ended.stderr.starts_with("callbunker: problems with 1 number"), "{ended:?}");
    assert_eq!(daemon.get("/signup/api/assignments/u-1").ok()["source"], "pool");
}

#[cfg(feature = "failpoints")]
#[test]
fn a_daemon_that_is_lost_between_two_chunks_is_told_with_what_is_in() {
    let (world, daemon, csv) = earlier_service("lost", 400);
    daemon.failpoints("handler=1*off->sleep(60000)");
    let env = [("ADMIN_API_KEY", ADMIN_KEY), ("CALLBUNKER_URL", daemon.url.as_str())];
    let mut command = program(&env, &["import", csv.path()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    crate::world::eventually("the first chunk is in", || {
        daemon.log_lines().iter().any(|line| line["msg"] == "answered" && line["path"] == "/admin/phones/api/import")
    });
    daemon.kill9();
    let ended: Ended = child.wait_with_output().expect("it ends").into();
    assert_eq!(ended.code, Some(69), "{ended:?}");
    assert!(ended.stdout.contains("\nimported          250\n"), "{ended:?}");
    assert!(ended.stderr.contains("after 250 of 400 numbers") && ended.stderr.contains("again"), "{ended:?}");
    let daemon = world.daemon();
    let again = callbunker(&daemon, &["import", csv.path(), "--json"]).json();
    assert_eq!((&again["imported"], &again["already_imported"]), (&json!(150), &json!(250)));
    let assigned = world.count("SELECT count(*) FROM assignments_ever WHERE released_at IS NULL");
    assert_eq!((world.count("SELECT count(*) FROM numbers"), assigned), (400, 134));
}

#[cfg(feature = "failpoints")]
#[test]
fn a_command_that_is_killed_between_two_chunks_is_finished_by_the_same_file() {
    let (world, daemon, csv) = earlier_service("killed", 400);
    daemon.failpoints("handler=1*off->pause");
    let env = [("ADMIN_API_KEY", ADMIN_KEY), ("CALLBUNKER_URL", daemon.url.as_str())];
    let folder = std::env::temp_dir().join(format!("callbunker-killed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let rest = folder.join("rest.csv").to_str().expect("its path").to_owned();
    let mut command = program(&env, &["import", csv.path(), "--rejected", &rest]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    crate::world::eventually("the first chunk is in", || {
        daemon.log_lines().iter().any(|line| line["msg"] == "answered" && line["path"] == "/admin/phones/api/import")
    });
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(world.count("SELECT count(*) FROM numbers") >= 250);
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 0, "it is there as a whole, or nothing is");
    std::fs::remove_dir_all(&folder).expect("it is ours");
    daemon.failpoints("");
    // What was on its way when the command ended may still be written.
    crate::world::eventually("the same file finishes it", || {
        callbunker(&daemon, &["import", csv.path()]).code == Some(0)
    });
    let assigned = world.count("SELECT count(*) FROM assignments_ever WHERE released_at IS NULL");
    assert_eq!((world.count("SELECT count(*) FROM numbers"), assigned), (400, 134));
    let tagged =
        world.twilio.truth().owned.iter().filter(|owned| owned.friendly_name.starts_with("callbunker:")).count();
    assert_eq!(tagged, 400);
}
