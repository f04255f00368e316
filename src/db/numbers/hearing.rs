//! A batch of Twilio's events about registrations, heard as one: all of it stands afterwards, or nothing.
//!
//! Invariant: the pools of all its numbers are locked first, in the order of their names, then the numbers by their ids, as all do
//! that lock several.
//! How to get it wrong: one statement's time for each stranger. An account may have thousands of numbers that are not ours.

use std::collections::HashMap;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};

use super::registration::{Hearing, hear};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::domain::{Heard, NumberSid, PoolName, RegistrationEvent, WhichNumber};

/// Writes down what these events say, each by its own time, whatever their order; what became of each. A failure counts
/// for its pool under that pool's keys (`fingerprint`), where its numbers are handed out only when they are registered.
///
/// # Errors
/// When PostgreSQL fails: then nothing of it is written.
pub fn registrations_hear(
    conn: &mut Connection,
    events: &[RegistrationEvent],
    fingerprint: impl Fn(&PoolName) -> String,
) -> Result<Vec<Hearing>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let ours = Ours::among(conn, events)?;
        ours.lock(conn)?;
        let mut order: Vec<(Option<i64>, usize)> =
            events.iter().enumerate().map(|(index, event)| (ours.id_of(&event.which), index)).collect();
        order.sort_unstable();
        let mut hearings = vec![Hearing::NotOurs; events.len()];
        let mut ready = false;
        for (id, index) in order {
            let (Some(id), Some(event), Some(hearing)) = (id, events.get(index), hearings.get_mut(index)) else {
                continue;
            };
            let (heard, is_stock) = hear(conn, id, event, &fingerprint)?;
            *hearing = heard;
            ready |= is_stock;
        }
        if ready {
            // It rings when all of it stands.
            stock_notify(conn)?;
        }
        Ok(hearings)
    })
}

/// The same of one event: about `service`, if it names one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn registration_hear(
    conn: &mut Connection,
    sid: &NumberSid,
    service: Option<&str>,
    heard: Heard,
    reason: Option<&str>,
    fingerprint: impl Fn(&PoolName) -> String,
) -> Result<Hearing, DbError> {
    let (service, reason) = (service.map(str::to_owned), reason.map(str::to_owned));
    let event = RegistrationEvent { which: WhichNumber::Sid(sid.clone()), service, heard, reason };
    let heard = registrations_hear(conn, &[event], fingerprint)?.pop();
    heard.ok_or_else(|| DbError::corrupt("event")("nothing came of it".to_owned()))
}

/// The numbers of ours that some events are about.
struct Ours {
    by_sid: HashMap<String, i64>,
    by_number: HashMap<String, i64>,
}

impl Ours {
    fn among(conn: &mut Connection, events: &[RegistrationEvent]) -> Result<Self, DbError> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            id: i64,
            #[diesel(sql_type = Text)]
            sid: String,
            #[diesel(sql_type = Text)]
            phone_number: String,
        }
        let (mut sids, mut numbers) = (Vec::new(), Vec::new());
        for event in events {
            match &event.which {
                WhichNumber::Sid(sid) => sids.push(sid.as_str()),
                WhichNumber::Number(number) => numbers.push(number.as_str()),
            }
        }
        let rows: Vec<Row> = sql_query(
            "SELECT id, sid, phone_number FROM numbers WHERE sid = ANY($1) AND status <> 'released'
             UNION SELECT id, sid, phone_number FROM numbers WHERE phone_number = ANY($2) AND status <> 'released'",
        )
        .bind::<Array<Text>, _>(sids)
        .bind::<Array<Text>, _>(numbers)
        .load(conn)?;
        Ok(Self {
            by_sid: rows.iter().map(|row| (row.sid.clone(), row.id)).collect(),
            by_number: rows.iter().map(|row| (row.phone_number.clone(), row.id)).collect(),
        })
    }

    fn id_of(&self, which: &WhichNumber) -> Option<i64> {
        match which {
            WhichNumber::Sid(sid) => self.by_sid.get(sid.as_str()).copied(),
            WhichNumber::Number(number) => self.by_number.get(number.as_str()).copied(),
        }
    }

    fn lock(&self, conn: &mut Connection) -> Result<(), DbError> {
        let ids: Vec<i64> = self.by_sid.values().copied().collect();
        sql_query(
            "SELECT 1 FROM pools WHERE name IN (SELECT pool FROM numbers WHERE id = ANY($1)) ORDER BY name FOR SHARE",
        )
        .bind::<Array<BigInt>, _>(&ids[..])
        .execute(conn)?;
        sql_query("SELECT 1 FROM numbers WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
            .bind::<Array<BigInt>, _>(&ids[..])
            .execute(conn)?;
        Ok(())
    }
}
