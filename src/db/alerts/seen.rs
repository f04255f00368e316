//! How alerts and their channels fare, in a few numbers: for `/readyz`, `/metrics` and whoever looks at the channels.
//!
//! How to get it wrong: counting for ever what no channel took. What is over, and was tried for three days, is history.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Timestamptz};

use super::list::ALERT;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::alert::{AlertChannel, AlertKind, AlertSeverity};
use crate::domain::counted;

/// Alerts that reached nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct Untold {
    /// How many: open ones, and those of which a message waits still.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Since when the first of them.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

impl Untold {
    /// The warning, if there is one to give.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let since = self.since?.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let alerts = counted(self.count, "alert");
        Some(format!(
            "alerts_untold: {alerts} reached nobody since {since}; `callbunker alerts test` says what is wrong with each channel"
        ))
    }
}

/// Alerts that reached nobody.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alerts_untold(conn: &mut Connection) -> Result<Untold, DbError> {
    Ok(sql_query(format!(
        "WITH meant AS (
            SELECT id FROM alerts WHERE closed_at IS NULL
             UNION SELECT n.alert_id FROM alert_messages m JOIN alert_notifications n ON n.message_id = m.id WHERE m.state = 'waiting')
         SELECT count(untold_since) AS count, min(untold_since) AS since
           FROM (SELECT {ALERT} FROM alerts a JOIN meant USING (id)) AS each_of_them"
    ))
    .get_result(conn)?)
}

/// So many alerts of a kind are open, and so bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct OpenAlerts {
    /// Of this kind.
    #[diesel(sql_type = Text)]
    pub kind: AlertKind,
    /// So bad.
    #[diesel(sql_type = Text)]
    pub severity: AlertSeverity,
    /// So many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// What machines watch of alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertsSeen {
    /// Those that are open.
    pub open: Vec<OpenAlerts>,
    /// Those that reached nobody.
    pub untold: Untold,
    /// For how many seconds the oldest message of a channel has waited.
    pub oldest: Vec<(AlertChannel, f64)>,
    /// When a sign of life was last given, by any instance.
    pub beat_at: Option<DateTime<Utc>>,
}

/// Looks at what machines watch of alerts.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alerts_seen(conn: &mut Connection) -> Result<AlertsSeen, DbError> {
    #[derive(QueryableByName)]
    struct Oldest {
        #[diesel(sql_type = Text)]
        channel: AlertChannel,
        #[diesel(sql_type = Double)]
        seconds: f64,
    }
    #[derive(QueryableByName)]
    struct Beat {
        #[diesel(sql_type = Nullable<Timestamptz>)]
        beat_at: Option<DateTime<Utc>>,
    }
    let open = sql_query(
        "SELECT kind, severity, count(*) AS count FROM alerts WHERE closed_at IS NULL GROUP BY kind, severity",
    )
    .load(conn)?;
    let oldest: Vec<Oldest> = sql_query(
        "SELECT channel, greatest(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS seconds
           FROM alert_messages WHERE state = 'waiting' GROUP BY channel",
    )
    .load(conn)?;
    let beat: Option<Beat> = sql_query("SELECT beat_at FROM alert_round").get_result(conn).optional()?;
    Ok(AlertsSeen {
        open,
        untold: alerts_untold(conn)?,
        oldest: oldest.into_iter().map(|oldest| (oldest.channel, oldest.seconds)).collect(),
        beat_at: beat.and_then(|beat| beat.beat_at),
    })
}

/// What is open of the account's money, a name and a sentence each. Whoever reads them may be anybody, so no amount is told.
///
/// # Errors
/// When PostgreSQL fails.
pub fn money_warnings(conn: &mut Connection) -> Result<Vec<String>, DbError> {
    #[derive(QueryableByName)]
    struct Open {
        #[diesel(sql_type = Text)]
        kind: AlertKind,
    }
    let open: Vec<Open> = sql_query(
        "SELECT DISTINCT kind FROM alerts WHERE closed_at IS NULL AND kind IN ('balance.low', 'usage.mismatch') ORDER BY kind",
    )
    .load(conn)?;
    let told = |open: &Open| {
        let told = if open.kind == AlertKind::BalanceLow {
            "balance_low: the account has less than alerts.balance_min, or than its numbers renew for within seven days"
        } else {
            "usage_mismatch: Twilio counts other charges of the last month than the books, and nothing explains it"
        };
        told.to_owned()
    };
    Ok(open.iter().map(told).collect())
}

/// A channel's last word.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ChannelSeen {
    /// Which.
    #[diesel(sql_type = Text)]
    pub channel: AlertChannel,
    /// Since when it wants none any more.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub gone_since: Option<DateTime<Utc>>,
    /// When it last took one.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_ok_at: Option<DateTime<Utc>>,
    /// Since when it takes none.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub failing_since: Option<DateTime<Utc>>,
    /// Its last status, if it gives one.
    #[diesel(sql_type = Nullable<Integer>)]
    pub last_status: Option<i32>,
    /// What it said when it took none.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
}

/// The last word of each channel that was ever tried.
///
/// # Errors
/// When PostgreSQL fails.
pub fn channels_seen(conn: &mut Connection) -> Result<Vec<ChannelSeen>, DbError> {
    Ok(sql_query(
        "SELECT channel, gone_since, last_ok_at, failing_since, last_status, last_error FROM alert_channels ORDER BY channel",
    )
    .load(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_says_how_many_reached_nobody_since_when_and_what_to_do() {
        assert_eq!(Untold::default().warning(), None);
        let since = DateTime::from_timestamp(1_800_000_000, 0);
        let two = Untold { count: 2, since }.warning().unwrap();
        assert_eq!(
            two,
            "alerts_untold: 2 alerts reached nobody since 2027-01-15T08:00:00Z; `callbunker alerts test` says what is wrong with each channel"
        );
        assert!(Untold { count: 1, since }.warning().unwrap().starts_with("alerts_untold: 1 alert reached"));
    }
}
