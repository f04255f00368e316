//! A copy of a running cluster's data, from which a standby begins.
//!
//! It is made by hand, by PostgreSQL's functions for backups: the programs `pg_basebackup` and `pg_rewind` must not be older than the
//! server, and packages of a server alone bring neither.
//!
//! Invariant: a copy that was not finished is never taken for one that was: it is made under another name, and renamed at the end.
//!
//! How one could get it wrong: taking every complaint of the copying program for a failure. Files of a running server come and go.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{FixtureError, cluster_folder::ClusterFolder, database::Psql, installation::Installation};

/// What belongs to the running server, or only to the one that is copied.
const LEFT_OUT: [&str; 4] = ["postmaster.pid", "postmaster.opts", "standby.signal", "backup_label"];
const EMPTIED: [&str; 2] = ["pg_wal", "pg_replslot"];

/// The cluster whose data are copied.
pub(crate) struct Source {
    pub(crate) psql: Psql,
    pub(crate) data: PathBuf,
}

/// Fills `home` with a copy that follows `source` once it is started. No data may be there.
pub(crate) fn make(source: &Source, home: &ClusterFolder, installation: &Installation) -> Result<(), FixtureError> {
    let unfinished = home.data_unfinished();
    let label = source.psql.run("postgres", &script(&source.data, &unfinished, major(&source.data)))?;
    for name in LEFT_OUT {
        remove(&unfinished.join(name))?;
    }
    for name in EMPTIED {
        let folder = unfinished.join(name);
        for entry in fs::read_dir(&folder).map_err(FixtureError::io("listing a copied folder"))?.flatten() {
            remove(&entry.path())?;
        }
    }
    let settings = unfinished.join("postgresql.auto.conf");
    OpenOptions::new()
        .append(true)
        .open(settings)
        .and_then(|mut file| file.write_all(standby_settings(&source.psql).as_bytes()))
        .map_err(FixtureError::io("writing the standby's settings"))?;
    home.write_for_server(&unfinished.join("standby.signal"), "", installation)?;
    home.write_for_server(&unfinished.join("backup_label"), &format!("{}\n", label.trim()), installation)?;
    fs::rename(&unfinished, home.data()).map_err(FixtureError::io("renaming the standby's data folder"))
}

/// The major version that made a data folder; 0 where there is none.
pub(crate) fn major(data: &Path) -> u32 {
    let version = fs::read_to_string(data.join("PG_VERSION")).unwrap_or_default();
    version.trim().parse().unwrap_or(0)
}

/// The server's own user copies, in the session in which the backup began. What is left for the standby to read is kept meanwhile.
fn script(from: &Path, to: &Path, major: u32) -> String {
    let (start, stop) = match major {
        ..15 => ("pg_start_backup('postgres-fixture', true, false)", "pg_stop_backup(false, false)"),
        15.. => ("pg_backup_start('postgres-fixture', true)", "pg_backup_stop(false)"),
    };
    let copy = format!(
        "LC_ALL=C cp -a -- {} {} 2>&1 | {{ ! grep -v 'No such file or directory' >&2; }}",
        for_shell(from),
        for_shell(to)
    );
    format!(
        "SET synchronous_commit = local;
         ALTER SYSTEM SET wal_keep_size = '256MB';
         SELECT pg_reload_conf() \\g /dev/null
         SELECT {start} \\g /dev/null
         COPY (SELECT WHERE false) TO PROGRAM '{}';
         SELECT labelfile FROM {stop};",
        copy.replace('\'', "''")
    )
}

fn for_shell(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// The last word on each counts. What `source` waits for before it acknowledges a commit is no business of its standby's.
fn standby_settings(source: &Psql) -> String {
    let password = source.password.as_ref().map(|password| format!(" password={password}")).unwrap_or_default();
    format!(
        "primary_conninfo = 'host=127.0.0.1 port={} user=postgres{password} application_name=postgres_fixture'\n\
         synchronous_standby_names = ''\n",
        source.port
    )
}

fn remove(path: &Path) -> Result<(), FixtureError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FixtureError::io(format!("removing {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}
