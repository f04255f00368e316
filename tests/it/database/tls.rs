//! TLS to PostgreSQL: whose word its certificate is checked with, and what is said where nobody vouches for it.

use std::path::PathBuf;

use postgres_fixture::{Cluster, ClusterOptions};

use crate::world::World;
use crate::world::authority::Authority;
use crate::world::command::{Ended, run};

/// An authority, and the file in which its certificate lies.
struct InAFile {
    authority: Authority,
    file: PathBuf,
}

impl InAFile {
    fn new(name: &str) -> Self {
        let authority = Authority::new(name);
        let file = std::env::temp_dir().join(format!("callbunker-tls-{name}-{}.pem", std::process::id()));
        std::fs::write(&file, authority.pem()).expect("its certificate");
        Self { authority, file }
    }

    fn file(&self) -> String {
        self.file.display().to_string()
    }

    /// PostgreSQL with a certificate for this name or address.
    fn cluster(&self, host: &str) -> Cluster {
        let options = ClusterOptions { tls: Some(self.authority.vouches_for(host)), ..ClusterOptions::default() };
        Cluster::start(options).expect("PostgreSQL with TLS")
    }
}

impl Drop for InAFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// `migrate` with these parameters in the URL, on a system whose certificates are in `bundle`.
fn migrate(world: &World, parameters: &str, bundle: &str) -> Ended {
    command(world, "migrate", parameters, bundle)
}

fn command(world: &World, name: &str, parameters: &str, bundle: &str) -> Ended {
    let url = format!("{}?{parameters}", world.database.owner_url());
    let mut settings: Vec<(&str, &str)> =
        world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // Whatever else lies in a home folder.
    settings.extend([("DATABASE_URL", url.as_str()), ("SSL_CERT_FILE", bundle), ("HOME", "/nowhere")]);
    run(&settings, &[name])
}

#[test]
fn the_systems_certificates_vouch_for_postgresql_where_they_are_meant() {
    let (ours, theirs) = (InAFile::new("ours"), InAFile::new("theirs"));
    let cluster = ours.cluster("127.0.0.1");
    let world = World::on(&cluster).quiet();
    for parameters in ["sslrootcert=system", "sslmode=verify-full&sslrootcert=system", "sslmode=verify-full"] {
        let ended = migrate(&world, parameters, &ours.file());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{parameters}: {ended:?}");
    }
    // The file that somebody names goes before whatever the system has.
    let named = format!("sslmode=verify-full&sslrootcert={}", ours.file());
    assert_eq!(migrate(&world, &named, &theirs.file()).code, Some(0));
    for parameters in ["sslrootcert=system", "sslmode=verify-full"] {
        let sentence = migrate(&world, parameters, &theirs.file()).sentence(69);
        assert!(sentence.contains("certificate verify failed"), "{parameters}: {sentence}");
    }
    let shown = command(&world, "check-config", "sslrootcert=system", &ours.file());
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.contains(&format!("sslrootcert={}", ours.file())), "{}", shown.stdout);
    assert!(!shown.stdout.contains("could not be looked at"), "{}", shown.stdout);
    // The daemon itself, over TLS.
    let url = format!("{}?sslrootcert=system", world.database.owner_url());
    let world = world.set("DATABASE_URL", url).set("SSL_CERT_FILE", ours.file());
    let daemon = world.daemon();
    assert_eq!(daemon.status()["available"], 0);
    let plain = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name = 'callbunker' AND NOT ssl";
    assert_eq!(world.count(plain), 0);
    let over_tls = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name = 'callbunker' AND ssl";
    assert!(world.count(over_tls) > 0);
}

#[test]
fn a_certificate_of_another_name_is_refused_and_told() {
    let ours = InAFile::new("other-name");
    let cluster = ours.cluster("db.example.com");
    let world = World::on(&cluster).quiet();
    let sentence = migrate(&world, "sslmode=verify-full", &ours.file()).sentence(69);
    assert!(sentence.contains("server certificate for"), "{sentence}");
}
