//! What Patroni is told, and where its programs are.

use std::path::PathBuf;
use std::process::Command;

use postgres_fixture::Managed;

/// The lease in seconds; Patroni asks for at least `loop_wait` and twice `retry_timeout`.
pub const TTL: u64 = 7;

/// A copy of Patroni and etcd, in a folder that the server's user can enter.
pub fn tools(managed: &Managed) -> PathBuf {
    let tools = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target")), PathBuf::from)
        .join("tools/patroni");
    assert!(tools.join("patronictl").is_file(), "Patroni is missing; scripts/install-deps --patroni brings it");
    let copy = managed.dir().join("tools");
    let status = Command::new("cp").arg("-a").args([&tools, &copy]).status().expect("cp runs");
    assert!(status.success(), "{} could not be copied", tools.display());
    copy
}

/// As Patroni's documentation has it for a cluster that must not lose what was acknowledged, with cycles as short as they may be.
pub fn patroni(managed: &Managed, etcd: &str, name: &str, port: u16, api: u16) -> String {
    let (dir, bin) = (managed.dir().display(), managed.server_dir().display());
    format!(
        "scope: callbunker
name: {name}
restapi: {{listen: '127.0.0.1:{api}', connect_address: '127.0.0.1:{api}'}}
etcd3: {{hosts: '{etcd}'}}
bootstrap:
  dcs:
    ttl: {TTL}
    loop_wait: 1
    retry_timeout: 3
    primary_start_timeout: 0
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      # Else the standby that is left waits five seconds before it asks the new primary, and nobody is served before.
      parameters: {{wal_retrieve_retry_interval: 500ms, max_connections: 300, fsync: 'off', timezone: UTC, log_timezone: UTC}}
  initdb: [{{encoding: UTF8}}, {{locale: C}}]
postgresql:
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: '{dir}/{name}'
  bin_dir: '{bin}'
  pgpass: '{dir}/{name}.pgpass'
  authentication: {{superuser: {{username: postgres}}, replication: {{username: replicator}}}}
  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
  basebackup: [{{checkpoint: fast}}]
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  # Shared memory in the data folder, so that it goes with a server that was killed.
  parameters: {{unix_socket_directories: '', dynamic_shared_memory_type: mmap}}
"
    )
}
