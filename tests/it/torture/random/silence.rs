//! Rounds in which numbers that nobody uses are taken back by themselves, and thresholds follow what pools need: walks over calls and
//! messages that break off and go on, touches, and users who were silent for long.
//!
//! Invariants: whoever was touched, or called before the first walk that counts, keeps their number; no more are taken in a day than may be,
//! over all instances and deaths; each number that was bought is charged for its day once, as Twilio says.
//! How to get it wrong: traffic that is older than the walk that should have seen it. Rows come a day late at most, and so the rule goes.

use std::sync::Arc;
use std::thread;

use chrono::{TimeDelta, Utc};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On, Traffic, TrafficOrder};

use super::super::operations::post as answer;
use super::{Round, tally};
use crate::world::daemon::Daemon;
use crate::world::telling::SECRET;
use crate::world::{SIGNUP_KEY, World};

const PER_DAY_MAX: i64 = 2;
/// Users who were silent for long, and as many who were not.
const USERS: usize = 3;

/// What goes wrong with a walk.
const FAULTS: &[(On, FaultKind)] = &[
    (On::Calls, FaultKind::Error503),
    (On::Calls, FaultKind::TruncatedBody),
    (On::Calls, FaultKind::Reset),
    (On::Messages, FaultKind::Error503),
    (On::Messages, FaultKind::MalformedJson),
    (On::Messages, FaultKind::Hang),
];

/// In some of the rounds.
pub(super) fn taking(mut world: World, is_on: bool) -> World {
    if !is_on {
        return world;
    }
    let notices = format!("{}/notices", world.far().url());
    for (key, value) in [
        ("recycling.mode", "apply".to_owned()),
        ("recycling.inactive_days", "7".to_owned()),
        ("recycling.notice_days", "0".to_owned()),
        ("recycling.per_day_max", PER_DAY_MAX.to_string()),
        ("recycling.sweep_cron", "* * * * * *".to_owned()),
        ("recycling.notice_url", notices),
        ("foresight.mode", "apply".to_owned()),
        ("ALERT_WEBHOOK_SECRET", SECRET.to_owned()),
    ] {
        world.change(key, value);
    }
    world
}

/// What such a round knows of its users.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// Who called before anything was known.
    used: Vec<String>,
}

impl Round {
    /// Some users were silent for a month, and some called three days ago, before any walk that is believed.
    pub(super) fn fall_silent(&mut self) {
        let daemon = Arc::clone(&self.daemons[0]);
        for place in 0..2 * USERS {
            let user = format!("quiet-{place}");
            let Some(given) = answer(&daemon, "/signup/api/assign", SIGNUP_KEY, &json!({ "user_id": user })) else {
                continue;
            };
            self.users += 1;
            let number = given["phone_number"].as_str().expect("a number").to_owned();
            if place < USERS {
                let what = if place % 2 == 0 { Traffic::Call } else { Traffic::Message };
                let at = Some(Utc::now() - TimeDelta::days(3));
                let order = TrafficOrder { phone_number: number.clone(), what, outbound: place == 1, at, other: None };
                self.world.twilio.traffic(order);
                self.silence.used.push(user.clone());
            }
            self.told.lock().unwrap().push((user, number));
        }
        // Nobody but a test may say that a lease is older than it is. Nothing is known from here on but by walks that begin now.
        self.world.sql(
            "SET session_replication_role = replica;
             UPDATE leases SET assigned_at = assigned_at - interval '30 days' WHERE user_id LIKE 'quiet-%';
             DELETE FROM sweeps",
        );
    }

    /// The application tells of a use, or a walk has a bad moment.
    pub(super) fn silence_step(&mut self, daemon: Arc<Daemon>) -> Option<thread::JoinHandle<()>> {
        if self.dice.random() {
            let (on, kind) = *FAULTS.choose(&mut self.dice).expect("there are some");
            self.world.twilio.fault(Fault::new(on, kind).times(self.dice.random_range(1..=2)));
            tally::faults(1);
            return None;
        }
        let user = self.told.lock().unwrap().choose(&mut self.dice).map(|(user, _)| user.clone())?;
        let touched = Arc::clone(&self.touched);
        Some(thread::spawn(move || {
            let told = answer(&daemon, "/signup/api/touch", SIGNUP_KEY, &json!({ "user_ids": [user] }));
            if told.is_some_and(|told| told["touched"] == 1) {
                touched.lock().unwrap().push(user);
            }
        }))
    }

    /// Everybody speaks, so that nothing more is taken; whoever lost their number by then was told of nothing else.
    pub(super) fn end_silence(&self) {
        self.world.sql(
            "INSERT INTO last_uses (number_id, last_used_at, source) SELECT number_id, clock_timestamp(), 'touch' FROM leases
               WHERE user_id IS NOT NULL ORDER BY number_id
             ON CONFLICT (number_id) DO UPDATE SET last_used_at = excluded.last_used_at, source = excluded.source;
             UPDATE recyclings SET state = 'ended', why = 'mode', ended_at = clock_timestamp(), claimed_until = NULL
              WHERE state IN ('intended', 'noticed')",
        );
        let taken = self.taken();
        self.told.lock().unwrap().retain(|(user, _)| !taken.contains(user));
    }

    /// The users whose numbers were taken back.
    fn taken(&self) -> Vec<String> {
        let users =
            self.world.sql("SELECT body::jsonb #>> '{data,user_id}' FROM recyclings WHERE state = 'taken' ORDER BY 1");
        users.lines().map(str::to_owned).collect()
    }

    /// Whoever spoke kept their number, and there were not too many.
    pub(super) fn assert_silence(&self) {
        let taken = self.taken();
        for user in &taken {
            assert!(!self.silence.used.contains(user), "{user} called within the window: {taken:?}");
            assert!(!self.touched.lock().unwrap().contains(user), "{user} was touched: {taken:?}");
        }
        // The clock may have stepped, and no round lasts a day.
        assert!(i64::try_from(taken.len()).unwrap() <= PER_DAY_MAX, "{taken:?}");
        let open = "SELECT count(*) FROM recyclings WHERE state = 'taken' AND noticed_at IS NULL";
        assert_eq!(self.world.count(open), 0, "somebody was told nothing");
        println!("TORTURE_SEED={}: taken back {taken:?}", self.seed);
    }

    /// What was bought is charged for its day once, as Twilio says.
    pub(super) fn assert_charged_once(&self) {
        self.daemons[0].get("/admin/phones/api/cost").ok();
        let ours = self.world.sql(
            "SELECT n.phone_number || ' ' || c.charged_on FROM charges c JOIN numbers n ON n.id = c.number_id
               JOIN purchase_items i ON i.id = n.purchase_item_id WHERE i.spends ORDER BY 1",
        );
        let bought = self.world.sql(
            "SELECT DISTINCT n.phone_number FROM numbers n JOIN purchase_items i ON i.id = n.purchase_item_id WHERE i.spends",
        );
        let bought: Vec<&str> = bought.lines().collect();
        let lines = self.world.twilio.usage_lines("2000-01-01".parse().expect("a day"), Utc::now().date_naive());
        let mut theirs: Vec<String> = lines
            .iter()
            .filter(|line| line.category != "phonenumbers-setups")
            .filter_map(|line| Some((line.phone_number.as_deref()?, line.day)))
            .filter(|(number, _)| bought.contains(number))
            .map(|(number, day)| format!("{number} {day}"))
            .collect();
        theirs.sort();
        let ours: Vec<&str> = ours.lines().collect();
        assert_eq!(ours, theirs, "what was bought, day by day");
    }
}
