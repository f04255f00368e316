//! SIGHUP: the configuration in force is swapped, sessions of keys that are no more end, and the database hears of the pools.
//!
//! How to get it wrong: ending the sessions of all keys that this instance does not know. Another may have reloaded first.

use std::sync::Arc;

use super::keys::keys_of;
use super::pools::forget_halts;
use super::{App, ReloadSources};
use crate::access::Fingerprint;
use crate::config::{Config, Sources};
use crate::db::sessions::sessions_end_of_keys;

impl App {
    pub(super) fn reload(&self, sources: &ReloadSources) {
        let read = Sources { file: sources.file.clone(), env: sources.env.clone() };
        match Config::load_for_reload(&read, &self.config.load()) {
            Ok(reload) => {
                sources.log.set_level(reload.config.log.level);
                let secrets = &reload.config.secrets;
                self.end_sessions(self.guard.replace_keys(keys_of(secrets)));
                let pools = reload.config.pools().map(|(name, pool)| (name.clone(), pool.kind()));
                self.telemetry.pools_in_force(pools);
                if let Some(former) =
                    self.config.load().events_url().filter(|url| reload.config.events_url() != Some(url))
                {
                    // What Twilio could not deliver over it comes again.
                    self.events_before.keep(former);
                }
                self.config.store(Arc::new(reload.config));
                // Said once it is so: people and scripts wait for this line.
                slog::info!(self.log, "the configuration was reloaded"; "changed" => reload.changed.join(", "),
                    "needs_restart" => reload.needs_restart.join(", "), "notes" => reload.notes.join("; "));
                self.claim_pools();
                self.reloaded.notify_one();
                // What halted a pool under its former keys may halt it under these.
                self.db.changes().unattached.notify_one();
            }
            Err(problems) => {
                slog::error!(self.log, "the new configuration is refused, the old one stays"; "problems" => problems.to_string());
            }
        }
    }
    /// Pools that came or are of another kind by now; what they want is read per act already.
    fn claim_pools(&self) {
        let (db, in_force, log) = (self.db.clone(), Arc::clone(&self.config), self.log.clone());
        let (config, claims) = (in_force.load_full(), self.claims.clone());
        self.forget_halts();
        tokio::spawn(async move { claims.claim_if_in_force(&db, &config, &in_force, &log).await });
    }

    /// Halts of pools under other keys than they have now.
    pub(super) fn forget_halts(&self) {
        let (db, config, log) = (self.db.clone(), Arc::clone(&self.config), self.log.clone());
        tokio::spawn(async move { forget_halts(&db, &config, &log).await });
    }

    /// Whoever logged in with a key that is no more stays out, even if the key comes back.
    fn end_sessions(&self, keys: Vec<Fingerprint>) {
        if keys.is_empty() {
            return;
        }
        let fingerprints: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let (db, log) = (self.db.clone(), self.log.clone());
        tokio::spawn(async move {
            let ended = db.run_patiently("sessions_end_of_keys", move |conn| sessions_end_of_keys(conn, &fingerprints));
            match ended.await {
                Ok(count) => slog::info!(log, "sessions of removed keys ended"; "sessions" => count),
                Err(error) => slog::warn!(log, "sessions of removed keys stay until they expire, but open nothing";
                    "error" => error.in_full()),
            }
        });
    }
}
