//! `callbunker import`: the file is judged as a whole before anything is sent.

use std::io::Write as _;
use std::process::Stdio;

use crate::command::{Ended, callbunker, program};
use crate::world::{ADMIN_KEY, World};

/// A CSV file that goes away with the test.
struct Csv(std::path::PathBuf);

impl Csv {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("callbunker-{name}-{}.csv", std::process::id()));
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }

    fn path(&self) -> &str {
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
                +14155550102,u-3,yesterday\n+14155550103\n+1 415 555 0100,u-1,\n";
    let csv = Csv::new("faults", text);
    let ended = callbunker(&daemon, &["import", csv.path()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{ended:?}");
    assert!(ended.stderr.starts_with(&format!("callbunker: {} has 5 faults, nothing was sent:\n", csv.path())));
    for (line, word) in [(3, "country code"), (4, "yesterday"), (5, "1 fields"), (6, "line 2 already")] {
        let told = ended.stderr.lines().any(|told| told.contains(&format!("line {line}:")) && told.contains(word));
        assert!(told, "line {line}: {}", ended.stderr);
    }
    assert!(!daemon.log_text().contains("api/import"), "{}", daemon.log_text());
}

#[test]
fn a_column_that_nobody_knows_and_a_file_that_is_not_there_are_named() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let csv = Csv::new("column", "phone_number,sid\n+14155550100,PN1\n");
    let ended = callbunker(&daemon, &["import", csv.path()]);
    assert!(
        ended.code == Some(64) && ended.stderr.contains("\"sid\"") && ended.stderr.contains("user_id"),
        "{ended:?}"
    );
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
    assert!(faulty.code == Some(64) && faulty.stderr.contains("line 2"), "{faulty:?}");
    let keyless = fed(&[], "phone_number\n+14155550100\n").sentence(64);
    assert!(keyless.contains("ADMIN_API_KEY"), "{keyless}");
    let env = [("ADMIN_API_KEY", ADMIN_KEY), ("CALLBUNKER_URL", "http://127.0.0.1:9")];
    let away = fed(&env, "phone_number\n+14155550100\n").sentence(69);
    assert!(away.contains("cannot be reached"), "{away}");
}
