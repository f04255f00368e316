//! Odd days of our own machines, by dice: an instance that stands still for a while, steps of the database's clock, and
//! somebody who makes the database read-only for a while.
//!
//! A clock that steps back makes all that was written before lie in the future, one that steps ahead makes it old: so
//! what is written is moved instead. Twilio's own times stay. Invariants: a frozen instance goes on within seconds; in all
//! the clock steps ahead by less than the hour of the spend cap, or the cap would rightly let more be bought.
//! How to get it wrong: moving a part of what stands in a row. It would never have been written like that.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use super::Round;

/// The clock never goes ahead by more than this in one round.
const AHEAD_MAX_SECS: i64 = 2700;

/// Moves every instant that the database's clock gave, in whatever table, but for what only people read, and what a message tells them:
/// no clock makes it say another time when it is sent again. When somebody has one of the tables for longer than a moment, the clock
/// does not step.
const STEP: &str = "
    SET default_transaction_read_only = off;
    SET search_path = callbunker;
    SET lock_timeout = '250ms';
    -- Without triggers: what a lease and a past assignment say never changes, but for the clock by which they were written.
    SET session_replication_role = replica;
    DO $$
    DECLARE moved record;
    BEGIN
        FOR moved IN
            SELECT table_name, string_agg(format('%1$I = %1$I + %2$L::interval', column_name, 'SECS seconds'), ', ') AS columns
              FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
             WHERE table_schema = 'callbunker' AND table_type = 'BASE TABLE' AND data_type = 'timestamp with time zone'
               AND table_name NOT IN ('audit', 'audit_retention', 'sessions', 'stock_samples')
               AND (table_name, column_name) NOT IN (('numbers', 'purchased_at'), ('numbers', 'registration_at'), ('leases', 'purchased_at'), ('purchase_holder', 'backend_start'),
                                                      ('alert_messages', 'created_at'), ('alert_transitions', 'at'))
             GROUP BY table_name ORDER BY table_name
        LOOP
            EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', moved.table_name);
            EXECUTE format('UPDATE %I SET %s', moved.table_name, moved.columns);
        END LOOP;
    END $$;
    SELECT 'stepped'";

impl Round {
    /// An instance stands still, perhaps the one that buys. Whoever asks it waits, and it may be killed as it is.
    pub(super) fn freeze(&mut self) {
        let daemon = Arc::clone(self.daemons.choose(&mut self.dice).expect("there is one"));
        let still = Duration::from_millis(self.dice.random_range(100..4000));
        daemon.signal(Signal::SIGSTOP);
        self.frozen.push(thread::spawn(move || {
            thread::sleep(still);
            daemon.signal(Signal::SIGCONT);
        }));
    }

    /// Somebody freezes the database and thaws it; perhaps they end its sessions, so that everybody knows at once.
    pub(super) fn freeze_database(&mut self) {
        self.was_frozen = true;
        let still = Duration::from_millis(self.dice.random_range(100..800));
        self.world.freeze();
        if self.dice.random() {
            self.world.end_sessions();
            // Nobody writes from here on: what is bought now was on the wire, or about to be sent.
            let on_the_wire =
                self.world.count("SELECT count(*) FROM purchase_items WHERE state IN ('sent', 'unknown')");
            let before = self.world.bought();
            thread::sleep(still);
            let bought = self.world.bought() - before;
            assert!(
                bought <= usize::try_from(on_the_wire).expect("a count"),
                "{bought} were bought while it was frozen"
            );
        } else {
            thread::sleep(still);
        }
        self.world.thaw();
    }

    /// The database's clock steps, back or ahead.
    pub(super) fn step_clock(&mut self) {
        let ahead = *[-3600, -900, -120, 15, 90, 900].choose(&mut self.dice).expect("there are some");
        if self.ahead_secs + ahead.max(0) > AHEAD_MAX_SECS {
            return;
        }
        let told = self.world.database.psql(&STEP.replace("SECS", &(-ahead).to_string()));
        match told {
            Ok(told) if told.contains("stepped") => {
                self.ahead_secs += ahead.max(0);
                self.has_stepped = true;
            }
            told => assert!(format!("{told:?}").contains("lock timeout"), "{told:?}"),
        }
    }
}
