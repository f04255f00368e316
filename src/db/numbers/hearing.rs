//! Several of Twilio's events about registrations: what is said of one number stands as a whole or not at all.
//!
//! What is known of a number, or is about a service that it is not in, is told by one look at all of them, without a lock: what the
//! carriers said only goes forward. It is as if it had been heard when that look was made.
//! Invariant: each number of which there is more to hear has a transaction of its own, which locks its pool and itself, and no other pool or number: whoever locks
//! several is in nobody's way. Events are idempotent, so that a batch of which only a part was heard is simply heard again.
//! How to get it wrong: one statement's time for each stranger, or for each number of which all is known. An account may have
//! thousands of numbers that are not ours, and Twilio sends a whole batch again. Or one
//! transaction for all of it: a batch that is too large for its time would never be heard, however often it comes.

use std::collections::HashMap;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};

use super::registration::{Hearing, Known, hear, known};
use crate::db::attachments::{lock, locked};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::domain::{Heard, NumberSid, PoolName, RegistrationEvent, WhichNumber};

/// What Twilio said, and of which number of ours where that was looked up.
#[derive(Debug, Clone)]
pub struct Said {
    event: RegistrationEvent,
    of: Option<i64>,
}

impl Said {
    /// What it said.
    #[must_use]
    pub fn event(&self) -> &RegistrationEvent {
        &self.event
    }
}

impl From<RegistrationEvent> for Said {
    fn from(event: RegistrationEvent) -> Self {
        Self { event, of: None }
    }
}

/// Writes down what these events say, each by its own time, whatever their order; what became of each. A failure counts
/// for its pool under that pool's keys (`fingerprint`), where its numbers are handed out only when they are registered.
///
/// # Errors
/// When PostgreSQL fails: then what was written of other numbers stands.
pub fn registrations_hear(
    conn: &mut Connection,
    all: &[Said],
    fingerprint: impl Fn(&PoolName) -> String,
) -> Result<Vec<Hearing>, DbError> {
    let ours = Ours::among(conn, all.iter().filter(|said| said.of.is_none()).map(Said::event))?;
    let mut hearings = vec![Hearing::NotOurs; all.len()];
    let mut order: Vec<(i64, usize)> = Vec::new();
    for (index, (said, hearing)) in all.iter().zip(&mut hearings).enumerate() {
        match said.of.map_or_else(|| ours.look(&said.event), Look::Heard) {
            Look::Told(told) => *hearing = told,
            Look::Heard(id) => order.push((id, index)),
        }
    }
    order.sort_unstable();
    for of_one in order.chunk_by(|one, next| one.0 == next.0) {
        let Some(&(id, _)) = of_one.first() else { continue };
        let said = of_one.iter().filter_map(|(_, index)| Some((*index, all.get(*index)?.event())));
        let heard = hear_of_one(conn, id, said, &fingerprint)?;
        for (index, heard) in heard {
            if let Some(hearing) = hearings.get_mut(index) {
                *hearing = heard;
            }
        }
    }
    Ok(hearings)
}

/// Of which events nothing is to be written, and those that are left, each with its number: one look, however many there are.
///
/// # Errors
/// When PostgreSQL fails.
pub fn registrations_known(conn: &mut Connection, all: Vec<Said>) -> Result<(Vec<Hearing>, Vec<Said>), DbError> {
    let ours = Ours::among(conn, all.iter().map(Said::event))?;
    let (mut told, mut left) = (Vec::new(), Vec::new());
    for said in all {
        match ours.look(&said.event) {
            Look::Told(hearing) => told.push(hearing),
            Look::Heard(id) => left.push(Said { of: Some(id), ..said }),
        }
    }
    Ok((told, left))
}

/// What is said of one number, all of it or nothing.
fn hear_of_one<'a>(
    conn: &mut Connection,
    id: i64,
    said: impl Iterator<Item = (usize, &'a RegistrationEvent)>,
    fingerprint: impl Fn(&PoolName) -> String,
) -> Result<Vec<(usize, Hearing)>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let number = lock(conn, id)?;
        let heard = said
            .map(|(index, event)| Ok((index, hear(conn, id, &number, event, &fingerprint)?)))
            .collect::<Result<Vec<_>, DbError>>()?;
        if !number.is_stock() && locked(conn, id)?.is_stock() {
            // It rings when all of it stands.
            stock_notify(conn)?;
        }
        Ok(heard)
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
    let heard = registrations_hear(conn, &[event.into()], fingerprint)?.pop();
    heard.ok_or_else(|| DbError::corrupt("event")("nothing came of it".to_owned()))
}

/// The numbers of ours that some events are about, as they stood at one moment.
struct Ours {
    numbers: Vec<One>,
    by_sid: HashMap<String, usize>,
    by_number: HashMap<String, usize>,
}

/// One of them.
#[derive(QueryableByName)]
struct One {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    sid: String,
    #[diesel(sql_type = Text)]
    phone_number: String,
    #[diesel(embed)]
    known: Known,
}

/// What a look says of an event.
enum Look {
    /// Nothing is to be written.
    Told(Hearing),
    /// It is to be heard, under the lock of this number.
    Heard(i64),
}

impl Ours {
    fn among<'a>(conn: &mut Connection, events: impl Iterator<Item = &'a RegistrationEvent>) -> Result<Self, DbError> {
        let (mut sids, mut numbers) = (Vec::new(), Vec::new());
        for event in events {
            match &event.which {
                WhichNumber::Sid(sid) => sids.push(sid.as_str()),
                WhichNumber::Number(number) => numbers.push(number.as_str()),
            }
        }
        if sids.is_empty() && numbers.is_empty() {
            return Ok(Self { numbers: Vec::new(), by_sid: HashMap::new(), by_number: HashMap::new() });
        }
        let numbers: Vec<One> = sql_query(concat!(
            "SELECT id, sid, phone_number, ",
            known!(),
            " FROM numbers WHERE id IN (SELECT id FROM numbers WHERE sid = ANY($1) AND status <> 'released'
                                        UNION SELECT id FROM numbers WHERE phone_number = ANY($2) AND status <> 'released')"
        ))
        .bind::<Array<Text>, _>(sids)
        .bind::<Array<Text>, _>(numbers)
        .load(conn)?;
        Ok(Self {
            by_sid: numbers.iter().enumerate().map(|(at, one)| (one.sid.clone(), at)).collect(),
            by_number: numbers.iter().enumerate().map(|(at, one)| (one.phone_number.clone(), at)).collect(),
            numbers,
        })
    }

    fn of(&self, which: &WhichNumber) -> Option<&One> {
        let at = match which {
            WhichNumber::Sid(sid) => self.by_sid.get(sid.as_str()),
            WhichNumber::Number(number) => self.by_number.get(number.as_str()),
        };
        self.numbers.get(*at?)
    }

    fn look(&self, event: &RegistrationEvent) -> Look {
        match self.of(&event.which) {
            None => Look::Told(Hearing::NotOurs),
            Some(one) => one.known.told_already(event).map_or(Look::Heard(one.id), Look::Told),
        }
    }
}
