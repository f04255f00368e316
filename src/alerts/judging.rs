//! Rounds: whether it is this instance's turn, what there is to see, and what comes of it.
//!
//! Invariants: the judge stays the same while it lives; a round costs one turn at the database to look and one to write; nothing is
//! open while it is thought about.
//! How to get it wrong: a round for each ring of a bell. They ring with every signup.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use super::judge::{Judge, Seen, teller};
use super::observe::{AlertLimits, observe};
use super::seen_at_twilio::BalanceAsked;
use super::weekly::report_when_due;
use crate::attention::{Facts, Limits, Process};
use crate::db::DbError;
use crate::db::alerts::{Judged, Judging, alert_judge_leave, alert_judge_stay, alerts_judge, alerts_look};
use crate::db::attention::attention_look;
use crate::domain::alert::Rules;

/// Whoever judges says so as often; who is silent for three times as long is gone.
const ALIVE_EVERY: Duration = Duration::from_secs(1);
/// Rounds are no further apart,
const PACE: Duration = Duration::from_secs(5);
/// and no closer, whatever rings.
const APART: Duration = Duration::from_secs(2);
/// Whoever did not judge for so long may have missed something.
const GAP: Duration = Duration::from_secs(30);
/// An orderly stop is not held up by a database that is away.
const LEAVES_WITHIN: Duration = Duration::from_secs(1);

/// Judges whenever it is this instance's turn, until the process stops.
pub(super) async fn keep_judging(judge: Judge) {
    let me = Uuid::new_v4();
    round_after_round(&judge, me).await;
    // The next judge need not wait for three seconds; if the database is away it does.
    let leave = judge.db.run("alert_judge_leave", move |conn| alert_judge_leave(conn, me));
    let _ = timeout(LEAVES_WITHIN, leave).await;
    judge.judges.send_replace(false);
}

/// When the rounds are.
struct Rounds {
    last: Option<Instant>,
    /// When something that is pending, or clearing, will have lasted.
    due: Option<Instant>,
}

impl Rounds {
    /// When the next round is; sooner if a bell rings, but not before [`soonest`](Self::soonest).
    fn next(&self, pace: Duration) -> Instant {
        let Some(last) = self.last else { return Instant::now() };
        let regular = last + pace;
        self.due.map_or(regular, |due| due.max(self.soonest(pace)).min(regular))
    }

    fn soonest(&self, pace: Duration) -> Instant {
        self.last.map_or_else(Instant::now, |last| last + APART.min(pace))
    }
}

async fn round_after_round(judge: &Judge, me: Uuid) {
    let mut rounds = Rounds { last: None, due: None };
    let mut heard = judge.db.changes().hearing();
    let mut stopping = judge.stopping.clone();
    let (mut judged_before, mut balance) = (false, BalanceAsked::default());
    // Never in the middle of a step: what was begun at the database goes on there.
    while !*stopping.borrow() {
        let alive = Instant::now();
        let judges = match judge.db.run("alert_judge_stay", move |conn| alert_judge_stay(conn, me)).await {
            Ok(judges) => judges,
            Err(error) => {
                slog::debug!(judge.log, "nobody can be told of anything for a moment"; "error" => error.in_full());
                false
            }
        };
        if judges && !judged_before {
            slog::info!(judge.log, "this instance judges what somebody is to be told of");
            rounds = Rounds { last: None, due: None };
        }
        judged_before = judges;
        judge.judges.send_replace(judges);
        let pace = PACE.min(judge.config.load().alerts.lasts());
        // In this order: without a last round the next one is now.
        if judges && rounds.next(pace) <= Instant::now() {
            heard.mark_unchanged();
            let began = Instant::now();
            match round(judge, me, pace).await {
                Ok((judged, look)) => {
                    tell(judge, &judged);
                    rounds.due = judged.next_at.map(|at| began + (at - look.facts_at).to_std().unwrap_or_default());
                    balance.ask_when_due(judge, &look);
                    report_when_due(judge, &teller(&judge.config.load())).await;
                    judge.lanes.send_replace(());
                }
                Err(error) => slog::warn!(judge.log, "alerts were not judged"; "error" => error.in_full()),
            }
            rounds.last = Some(began);
        }
        let until = if judges { rounds.next(pace).min(alive + ALIVE_EVERY) } else { alive + ALIVE_EVERY };
        let rang = tokio::select! {
            () = sleep_until(until) => false,
            () = stops(&mut stopping) => false,
            heard = heard.changed(), if judges => heard.is_ok(),
        };
        if rang {
            // The next round is brought forward, though not into the last one's heels.
            sleep_until(rounds.soonest(pace).min(alive + ALIVE_EVERY)).await;
            rounds.due = Some(rounds.due.map_or_else(Instant::now, |due| due.min(Instant::now())));
        }
    }
}

async fn stops(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn round(judge: &Judge, me: Uuid, pace: Duration) -> Result<(Judged, Seen), DbError> {
    fail::fail_point!("alerts");
    let config = judge.config.load_full();
    let limits = Limits::of(&config);
    let (watched, caps) = (limits.watched(), limits.caps);
    let (sight, look) = judge
        .db
        .run("alerts_look", move |conn| Ok((attention_look(conn, &watched, caps)?, alerts_look(conn)?)))
        .await?;
    let (facts_at, is_silenced) = (sight.at, sight.stock.buying.silences_twilio());
    let facts = Facts { at: facts_at, limits, sight: Some(sight), process: Process::default() };
    let observed = observe(&facts, &look, &AlertLimits::of(&config));
    fail::fail_point!("alert_decided");
    let judging = Judging {
        me,
        facts_at,
        observed,
        rules: Rules { lasts: config.alerts.lasts(), repeats: config.alerts.repeats() },
        gap: GAP.max(pace * 2),
        teller: teller(&config),
    };
    let judged = judge.db.run("alerts_judge", move |conn| alerts_judge(conn, &judging)).await?;
    fail::fail_point!("alert_written");
    Ok((judged, Seen { facts_at, is_silenced, look }))
}

fn tell(judge: &Judge, judged: &Judged) {
    if judged.told > 0 {
        // For whoever watches. A round that always rang would be followed by another one for ever.
        judge.db.changes().here.notify_one();
    }
    for (kind, subject, severity) in &judged.raised {
        slog::warn!(judge.log, "an alert was raised"; "kind" => kind.as_str(), "subject" => subject, "severity" => severity.as_str());
    }
    for (kind, subject) in &judged.cleared {
        slog::info!(judge.log, "an alert is over"; "kind" => kind.as_str(), "subject" => subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rounds_come_at_their_pace_or_when_something_is_due_and_never_in_a_row() {
        let last = Instant::now();
        let rounds =
            |due: Option<u64>| Rounds { last: Some(last), due: due.map(|secs| last + Duration::from_secs(secs)) };
        let in_secs = |rounds: Rounds, pace: u64| (rounds.next(Duration::from_secs(pace)) - last).as_secs();
        assert_eq!(in_secs(rounds(None), 5), 5);
        assert_eq!(in_secs(rounds(Some(3)), 5), 3);
        assert_eq!(in_secs(rounds(Some(0)), 5), 2);
        assert_eq!(in_secs(rounds(Some(9)), 5), 5);
        assert_eq!(in_secs(rounds(Some(0)), 1), 1, "a short pace is one");
        assert_eq!(Rounds { last: None, due: None }.next(PACE), Instant::now());
    }
}
