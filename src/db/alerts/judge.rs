//! One round: what was seen becomes alerts and messages, in one transaction.
//!
//! Invariants: only the judge writes, and only what is newer than what was judged before; conditions, alert, transition and
//! notifications are written together or not at all.
//! How to get it wrong: deciding by what this process remembers. The next judge would decide otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::audience::{channels_of_use, channels_told, forsaken_end, gathering_due, tell_what_lacks};
use super::condition::{CONDITIONS, Condition, condition_forget, condition_move, condition_write, due};
use super::tell::{Alert, Teller, Telling, alert_say, alert_write, notify, transition_write};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::alert::{
    AlertChannel, AlertEvent, AlertKind, AlertSeverity, AlertWords, Moment, Observed, Phase, Rules, Standing, Step,
    Verdict, decide,
};

/// What is judged, and by whom.
#[derive(Debug, Clone)]
pub struct Judging {
    /// The instance that judges.
    pub me: Uuid,
    /// Of when the facts are, by the database's clock.
    pub facts_at: DateTime<Utc>,
    /// Each condition that was looked at.
    pub observed: Vec<Observed>,
    /// What an operator wants.
    pub rules: Rules,
    /// Whoever did not judge for so long may have missed something.
    pub gap: Duration,
    /// Who is told, and of what besides.
    pub teller: Teller,
}

/// What came of a round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Somebody else judges, or judged later facts: nothing was written.
    pub is_stale: bool,
    /// What was raised, of which subject.
    pub raised: Vec<(AlertKind, String, AlertSeverity)>,
    /// What was cleared.
    pub cleared: Vec<(AlertKind, String)>,
    /// How many transitions were written.
    pub told: usize,
    /// When the next of the pending conditions may be raised, or of the clearing ones be over.
    pub next_at: Option<DateTime<Utc>>,
}

/// Judges what was seen.
///
/// # Errors
/// When PostgreSQL fails; then nothing was written.
pub fn alerts_judge(conn: &mut Connection, judging: &Judging) -> Result<Judged, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // A judge that stands still here keeps the others from judging.
        conn.batch_execute("SET LOCAL idle_in_transaction_session_timeout = '3s'")?;
        let round: Round =
            sql_query("SELECT judge, judged_at, facts_at, clock_timestamp() AS now FROM alert_round FOR UPDATE")
                .get_result(conn)?;
        if !round.is_mine(judging) {
            return Ok(Judged { is_stale: true, ..Judged::default() });
        }
        let channels = channels_of_use(conn, &judging.teller.channels)?;
        let moment = Moment { now: round.now, after_a_gap: round.is_after(judging.gap) };
        let mut scribe = Scribe { judging, channels, moment, judged: Judged::default() };
        scribe.all(conn)?;
        let Scribe { channels, mut judged, .. } = scribe;
        judged.told += tell_what_lacks(conn, &channels, round.now)?;
        let lasts = TimeDelta::from_std(judging.rules.lasts).unwrap_or_default();
        let (pending, clearing) = (due(conn, Phase::Pending, lasts)?, due(conn, Phase::Clearing, lasts)?);
        gathering_due(conn, &pending)?;
        forsaken_end(conn, &judging.teller.channels)?;
        judged.next_at = pending.into_iter().chain(clearing).min();
        sql_query("UPDATE alert_round SET judged_at = $1, facts_at = $2")
            .bind::<Timestamptz, _>(round.now)
            .bind::<Timestamptz, _>(judging.facts_at)
            .execute(conn)?;
        Ok(judged)
    })
}

#[derive(QueryableByName)]
struct Round {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    judge: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    judged_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    facts_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

impl Round {
    /// Facts of the future were judged before somebody set the clock back.
    fn is_mine(&self, judging: &Judging) -> bool {
        let is_newer = self.facts_at.is_none_or(|at| judging.facts_at > at || at > self.now);
        self.judge == Some(judging.me) && is_newer
    }

    fn is_after(&self, gap: Duration) -> bool {
        let gap = TimeDelta::from_std(gap).unwrap_or(TimeDelta::MAX);
        self.judged_at.is_none_or(|at| self.now - at > gap || at > self.now)
    }
}

/// Who writes a round down.
struct Scribe<'a> {
    judging: &'a Judging,
    channels: Vec<AlertChannel>,
    moment: Moment,
    judged: Judged,
}

impl Scribe<'_> {
    fn all(&mut self, conn: &mut Connection) -> Result<(), DbError> {
        let rows: Vec<Condition> = sql_query(CONDITIONS).load(conn)?;
        let mut conditions: BTreeMap<(AlertKind, String), Condition> =
            rows.into_iter().map(|row| ((row.kind, row.subject.clone()), row)).collect();
        for seen in &self.judging.observed {
            let condition = conditions.remove(&(seen.kind, seen.subject.clone()));
            self.one(conn, seen, condition)?;
        }
        // What is not looked at any more, such as a pool that the configuration does not name, is well as far as it goes.
        for ((kind, subject), condition) in conditions {
            let gone = Observed { subject, ..Observed::plain(kind, condition.pool.as_ref(), Verdict::Good) };
            self.one(conn, &gone, Some(condition))?;
        }
        Ok(())
    }

    fn one(&mut self, conn: &mut Connection, seen: &Observed, condition: Option<Condition>) -> Result<(), DbError> {
        let standing = condition.as_ref().map_or(Standing::Quiet, Condition::standing);
        let looked = (seen.verdict, seen.severity);
        let step = decide(seen.kind, standing, looked, self.judging.rules, self.moment);
        let now = self.moment.now;
        match step {
            Step::Stay => {}
            Step::Quiet => condition_forget(conn, seen)?,
            Step::Pending(since) => condition_write(conn, seen, Phase::Pending, since, None)?,
            Step::Raise(since) => return self.raise(conn, seen, since),
            Step::Clearing(since) => condition_move(conn, seen, Phase::Clearing, since)?,
            Step::Reopen => condition_move(conn, seen, Phase::Open, now)?,
            Step::Worse | Step::Remind | Step::Clear => {}
        }
        let Some((alert, told)) = condition.as_ref().and_then(|row| Some((row.alert()?, row.transitions?))) else {
            return Ok(());
        };
        let is_said = !matches!(seen.verdict, Verdict::Good | Verdict::Unknown) && !seen.words.summary.is_empty();
        if is_said {
            alert_say(conn, alert.id, &seen.words)?;
        }
        match step {
            Step::Worse => self.worse(conn, seen, alert, told + 1),
            Step::Remind => self.remind(conn, seen, &alert, told + 1),
            Step::Clear => self.clear(conn, alert, told + 1),
            Step::Stay | Step::Quiet | Step::Pending(_) | Step::Raise(_) | Step::Clearing(_) | Step::Reopen => Ok(()),
        }
    }

    fn raise(&mut self, conn: &mut Connection, seen: &Observed, since: DateTime<Utc>) -> Result<(), DbError> {
        let alert = Alert {
            id: Uuid::now_v7(),
            kind: seen.kind,
            subject: seen.subject.clone(),
            pool: seen.pool.clone(),
            severity: seen.severity,
            opened_at: seen.since.map_or(since, |begun| begun.min(since)),
            closed_at: None,
        };
        alert_write(conn, &alert, &seen.words, self.moment.now)?;
        condition_write(conn, seen, Phase::Open, since, Some(alert.id))?;
        self.judged.raised.push((alert.kind, alert.subject.clone(), alert.severity));
        let channels = self.channels.clone();
        self.tell(conn, (&alert, 1), AlertEvent::Raised, &seen.words, &channels)
    }

    fn worse(&mut self, conn: &mut Connection, seen: &Observed, mut alert: Alert, no: i32) -> Result<(), DbError> {
        alert.severity = seen.severity;
        // What somebody knew of was another thing.
        sql_query(
            "UPDATE alerts SET severity = $2, transitions = $3, last_told_at = $4, acknowledged_at = NULL, acknowledged_by = NULL
              WHERE id = $1",
        )
        .bind::<SqlUuid, _>(alert.id)
        .bind::<Text, _>(alert.severity.as_str())
        .bind::<Integer, _>(no)
        .bind::<Timestamptz, _>(self.moment.now)
        .execute(conn)?;
        self.judged.raised.push((alert.kind, alert.subject.clone(), alert.severity));
        let channels = self.channels.clone();
        self.tell(conn, (&alert, no), AlertEvent::Raised, &seen.words, &channels)
    }

    fn remind(&mut self, conn: &mut Connection, seen: &Observed, alert: &Alert, no: i32) -> Result<(), DbError> {
        sql_query("UPDATE alerts SET transitions = $2, last_told_at = $3 WHERE id = $1")
            .bind::<SqlUuid, _>(alert.id)
            .bind::<Integer, _>(no)
            .bind::<Timestamptz, _>(self.moment.now)
            .execute(conn)?;
        let channels = channels_told(conn, alert.id, &self.channels)?;
        self.tell(conn, (alert, no), AlertEvent::Reminder, &seen.words, &channels)
    }

    fn clear(&mut self, conn: &mut Connection, mut alert: Alert, no: i32) -> Result<(), DbError> {
        let words = AlertWords::over(alert.kind, &alert.subject);
        alert.closed_at = Some(self.moment.now.max(alert.opened_at));
        sql_query("DELETE FROM alert_conditions WHERE alert_id = $1").bind::<SqlUuid, _>(alert.id).execute(conn)?;
        sql_query(
            "UPDATE alerts SET transitions = $2, last_told_at = $3, closed_at = $4, summary = $5, detail = $6, todo = $7 WHERE id = $1",
        )
        .bind::<SqlUuid, _>(alert.id)
        .bind::<Integer, _>(no)
        .bind::<Timestamptz, _>(self.moment.now)
        .bind::<Nullable<Timestamptz>, _>(alert.closed_at)
        .bind::<Text, _>(&words.summary)
        .bind::<Text, _>(words.why())
        .bind::<Text, _>(&words.todo)
        .execute(conn)?;
        self.judged.cleared.push((alert.kind, alert.subject.clone()));
        let channels = channels_told(conn, alert.id, &self.channels)?;
        self.tell(conn, (&alert, no), AlertEvent::Cleared, &words, &channels)
    }

    fn tell(
        &mut self,
        conn: &mut Connection,
        (alert, no): (&Alert, i32),
        event: AlertEvent,
        words: &AlertWords,
        channels: &[AlertChannel],
    ) -> Result<(), DbError> {
        let telling = Telling { alert, no, event, words, at: self.moment.now };
        transition_write(conn, &self.judging.teller, &telling)?;
        self.judged.told += 1;
        channels.iter().try_for_each(|channel| notify(conn, *channel, (alert.id, no), self.moment.now))
    }
}
