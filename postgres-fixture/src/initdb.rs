//! The data folder of a new cluster.
//!
//! Invariant: a folder that was not finished is never taken for one that was: it is made under another name, and renamed at the end.

use std::{fs, time::Duration};

use crate::{
    ClusterOptions, FixtureError, cluster_folder::ClusterFolder, command, installation::Installation,
    watchdog::Watchdog,
};

const INITDB_LIMIT: Duration = Duration::from_secs(120);

/// Makes the data folder, unless an earlier start has made it.
pub(crate) fn initialize(
    installation: &Installation,
    home: &ClusterFolder,
    options: &ClusterOptions,
    watchdog: &Watchdog,
) -> Result<(), FixtureError> {
    if home.data().join("PG_VERSION").is_file() {
        return Ok(());
    }
    let unfinished = home.data_unfinished();
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(FixtureError::io("removing an unfinished data folder"))?;
    }
    let mut initdb = installation.server("initdb", home.root());
    initdb.arg("-D").arg(&unfinished);
    initdb.args(["--username=postgres", "--encoding=UTF8", "--locale=C"]);
    if !(options.keep && options.durable) {
        initdb.arg("--no-sync");
    }
    let secret = options.password.as_deref().map(|password| home.write_password(password, installation)).transpose()?;
    match &secret {
        Some(file) => initdb.arg("--auth=scram-sha-256").arg("--pwfile").arg(file),
        None => initdb.arg("--auth=trust"),
    };
    let done = command::run(initdb, INITDB_LIMIT, None, |id| watchdog.guard(id));
    if let Some(file) = &secret {
        fs::remove_file(file).map_err(FixtureError::io("removing the file with the password"))?;
    }
    done?;
    fs::rename(&unfinished, home.data()).map_err(FixtureError::io("renaming the new data folder"))
}
