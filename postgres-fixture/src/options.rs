//! How a cluster is to be, and what that means in PostgreSQL's settings.
//!
//! Invariant: the server is reachable from this machine only.
//!
//! How one could get it wrong: switching `synchronous_commit` off for speed. Then a commit that was answered can be lost
//! in a crash of the server, which is just what some tests are about.

use std::path::PathBuf;

/// Where a server has its certificate and its key, in its data folder.
pub(crate) const CERTIFICATE: &str = "server.crt";
pub(crate) const KEY: &str = "server.key";

/// How a cluster is to be. The default suits tests: a temporary folder, and no waiting for the disk.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// Waits for the disk at each commit, as PostgreSQL does out of the box. Benchmarks and tests of crashes want it.
    /// Without it, a commit still survives any crash of PostgreSQL, but not one of the machine.
    pub durable: bool,
    /// The folder to live in: a new or empty one, or one that an earlier cluster kept. Default: a new temporary one, in
    /// memory (`/dev/shm`) if it need not be durable, there is room and `TMPDIR` is not set.
    pub dir: Option<PathBuf>,
    /// Leaves `dir` in place in the end. A temporary folder is never kept.
    pub keep: bool,
    /// Refuses a `dir` that the server's user cannot enter, instead of living in a temporary folder that `dir` links to: data
    /// that stay for good must not lie where temporary things do.
    pub in_place: bool,
    /// The password of the user `postgres`, letters and digits, with which a new folder begins and an earlier one began;
    /// without one, whoever reaches 127.0.0.1 on this machine is let in.
    pub password: Option<String>,
    /// Takes connections over TLS too, with this certificate.
    pub tls: Option<Tls>,
    /// Further PostgreSQL settings, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// The language of the server's messages, such as `de`, if its translations are installed; English else.
    pub language: Option<String>,
}

/// The certificate of a server and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate, and those between it and its authority.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// What a server is started with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) language: Option<String>,
}

impl ClusterOptions {
    /// For the server's command line, so that nothing has to be written into its folder.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = vec![
            ("listen_addresses", "127.0.0.1"),
            // Nobody uses it, and its path may not be longer than 107 bytes.
            ("unix_socket_directories", ""),
            ("max_connections", "300"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
        ];
        if !self.durable {
            settings.extend([("fsync", "off"), ("full_page_writes", "off")]);
        }
        if self.language.is_some() {
            // No locale need be installed: any but C itself lets the environment choose the translation.
            settings.push(("lc_messages", "C.UTF-8"));
        }
        if self.tls.is_some() {
            settings.extend([("ssl", "on"), ("ssl_cert_file", CERTIFICATE), ("ssl_key_file", KEY)]);
        }
        let own = settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Settings { lines: own.chain(self.settings.iter().cloned()).collect(), language: self.language.clone() }
    }
}
