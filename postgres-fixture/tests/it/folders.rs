//! Folders that are given, kept, shared or out of reach.

use std::{fs, os::unix::fs::PermissionsExt};

use nix::unistd::Uid;
use postgres_fixture::{Cluster, ClusterOptions, FixtureError};

use crate::world::free_folder;

#[test]
fn a_kept_folder_keeps_its_data() {
    let dir = free_folder("kept");
    let options = |keep| ClusterOptions { dir: Some(dir.clone()), keep, ..ClusterOptions::default() };
    let cluster = Cluster::start(options(true)).unwrap();
    cluster.psql("postgres", "CREATE TABLE number AS SELECT 7 AS n").unwrap();
    drop(cluster);
    assert!(dir.join("data/PG_VERSION").is_file());
    // The end was a clean one.
    assert!(!dir.join("data/postmaster.pid").exists());

    let cluster = Cluster::start(options(false)).unwrap();
    assert_eq!(cluster.psql("postgres", "SELECT n FROM number").unwrap(), "7");
    drop(cluster);
    assert!(!dir.exists());
}

#[test]
fn a_folder_with_something_else_in_it_is_refused_and_left_alone() {
    let dir = free_folder("stranger");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("thesis.txt"), "years of work").unwrap();
    let error = Cluster::start(ClusterOptions { dir: Some(dir.clone()), ..ClusterOptions::default() }).unwrap_err();
    assert!(matches!(error, FixtureError::Folder { .. }));
    assert!(error.to_string().contains("thesis.txt"), "{error}");
    let left: Vec<_> = fs::read_dir(&dir).unwrap().flatten().collect();
    assert_eq!(left.len(), 1);
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn as_root_a_folder_out_of_reach_becomes_a_link() {
    if !Uid::effective().is_root() {
        return; // Only root steps down to another user.
    }
    let private = free_folder("private");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    let dir = private.join("demo");
    let options = |keep| ClusterOptions { dir: Some(dir.clone()), keep, ..ClusterOptions::default() };

    let cluster = Cluster::start(options(true)).unwrap();
    let real = cluster.dir().to_path_buf();
    assert!(dir.is_symlink() && dir.join("data/PG_VERSION").is_file());
    drop(cluster);
    assert!(real.exists());

    let cluster = Cluster::start(options(false)).unwrap();
    assert_eq!(cluster.dir(), real);
    drop(cluster);
    assert!(!real.exists() && !dir.is_symlink());
    fs::remove_dir(&private).unwrap();
}

#[test]
fn data_that_stay_for_good_never_lie_elsewhere() {
    if !Uid::effective().is_root() {
        return; // Only root steps down to another user.
    }
    let private = free_folder("in-place");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    let dir = private.join("data-for-good");
    let options = ClusterOptions { dir: Some(dir.clone()), keep: true, in_place: true, ..ClusterOptions::default() };
    let error = Cluster::start(options).unwrap_err();
    assert!(error.to_string().contains("the user postgres cannot enter it; name another folder"), "{error}");
    assert!(!dir.is_symlink());
    fs::remove_dir_all(&private).unwrap();
}

#[test]
fn a_cluster_with_a_password_lets_nobody_in_without_it() {
    let dir = free_folder("password");
    let options = || ClusterOptions {
        dir: Some(dir.clone()),
        keep: true,
        password: Some("0123456789abcdef".to_owned()),
        ..ClusterOptions::default()
    };
    for _beginning_and_going_on in 0..2 {
        let cluster = Cluster::start(options()).unwrap();
        assert_eq!(cluster.psql("postgres", "SELECT 1").unwrap(), "1");
        assert!(cluster.url("postgres").contains("postgres:0123456789abcdef@"));
    }
    assert!(!dir.join("password.new").exists());
    let cluster = Cluster::start(ClusterOptions { password: None, ..options() }).unwrap();
    let error = cluster.psql("postgres", "SELECT 1").unwrap_err().to_string();
    assert!(error.contains("password"), "{error}");
    drop(cluster);
    fs::remove_dir_all(&dir).unwrap();
}
