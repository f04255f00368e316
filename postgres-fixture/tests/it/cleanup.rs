//! Nothing outlives its owner.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use postgres_fixture::{Cluster, ClusterOptions};

use crate::world::{assert_gone_soon, postmaster_id, process_runs, processes_of};

#[test]
fn drop_leaves_no_process_and_no_folder() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let dir = cluster.dir().to_path_buf();
    let postmaster = postmaster_id(&dir);
    assert!(process_runs(postmaster));
    // The postmaster, the watchdog, and for a moment each process that the postmaster forks.
    assert!(processes_of(&dir).len() >= 2);

    drop(cluster);

    assert!(!dir.exists());
    assert!(!process_runs(postmaster));
    assert_eq!(processes_of(&dir), []);
}

/// The program of this crate, and the folder of the cluster that it started.
fn owner() -> (Child, PathBuf) {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_postgres-fixture")).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    assert!(url.starts_with("postgres://postgres@127.0.0.1:"), "{url}");
    let dir = PathBuf::from(lines.next().unwrap().unwrap());
    (owner, dir)
}

#[test]
fn a_killed_owner_leaves_nothing_either() {
    let (mut owner, dir) = owner();
    let postmaster = postmaster_id(&dir);
    assert!(process_runs(postmaster));

    owner.kill().unwrap();
    owner.wait().unwrap();

    assert_gone_soon(&dir);
    assert!(!process_runs(postmaster));
}

#[test]
fn an_owner_killed_during_initdb_leaves_nothing_either() {
    let base = crate::world::free_folder("early");
    std::fs::create_dir(&base).unwrap();
    std::fs::set_permissions(&base, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut owner = Command::new(env!("CARGO_BIN_EXE_postgres-fixture"))
        .env("TMPDIR", &base)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = |dir: &std::path::Path| dir.join("data.new/base").exists();
    let dir = loop {
        let dirs = std::fs::read_dir(&base).unwrap();
        if let Some(dir) = dirs.flatten().map(|entry| entry.path()).find(|dir| begun(dir)) {
            break dir;
        }
        assert!(owner.try_wait().unwrap().is_none(), "it ended before initdb began");
        std::thread::yield_now();
    };

    owner.kill().unwrap();
    owner.wait().unwrap();

    assert_gone_soon(&dir);
    std::fs::remove_dir(&base).unwrap();
}
