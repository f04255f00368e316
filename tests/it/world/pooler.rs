//! PgBouncer between a daemon and its database.

use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use postgres_fixture::Cluster;

use crate::world::server_program::server_program;
use crate::world::{World, a_port_of_its_own, children, eventually};

/// PgBouncer in front of a world's database.
pub struct Pooler {
    process: Child,
    folder: PathBuf,
    /// Leads through it to the database.
    pub url: String,
}

impl Pooler {
    /// Starts one; `mode` is its `pool_mode`.
    pub fn start(world: &World, mode: &str) -> Self {
        Self::start_on(Cluster::shared(), world, mode)
    }

    /// The same for a world on a cluster of its own.
    pub fn start_on(cluster: &Cluster, world: &World, mode: &str) -> Self {
        let port = a_port_of_its_own();
        let folder = std::env::temp_dir().join(format!("callbunker-pooler-{}-{port}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        let (server, name) = (cluster.port(), world.database.name());
        let config = folder.join("pgbouncer.ini");
        let lines = format!(
            "[databases]\n{name} = host=127.0.0.1 port={server} dbname={name} user=fixture_owner\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = {mode}\n\
             unix_socket_dir =\ndefault_pool_size = 20\nignore_startup_parameters = extra_float_digits\n"
        );
        std::fs::write(&config, lines).expect("its configuration");
        // Whoever it steps down to must be able to read it.
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).expect("its folder is readable");
        let mut command = server_program("pgbouncer");
        if std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            command.args(["-u", "postgres"]);
        }
        command.arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = children::start(command).expect("PgBouncer starts");
        let pooler = Self { process, folder, url: format!("postgres://fixture_owner@127.0.0.1:{port}/{name}") };
        eventually("PgBouncer listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        pooler
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
