//! What the books tell others: whoever judges alerts, by the database, and machines, by gauges.
//!
//! How to get it wrong: telling it from memory. Another instance judges than the one that did the duty.

use chrono::Utc;
use serde_json::json;

use super::bookkeeper::Bookkeeper;
use super::difference::Compared;
use crate::db::alerts::looks_write;
use crate::db::charges::{RENEWALS_LOOK, USAGE_LOOK, books_since, charges_unpriced, renewals_due, today};
use crate::db::{Connection, DbError};
use crate::domain::money::Month;

/// Renewals of so many days must be covered by what the account has.
const DAYS_COVERED: i32 = 7;

impl Bookkeeper {
    /// Writes down what the renewals of the next days cost, if that is known and of one currency.
    pub(super) async fn tell_renewals(&self) -> Result<(), DbError> {
        let step = |conn: &mut Connection| {
            let now = Utc::now();
            let due = renewals_due(conn, now, DAYS_COVERED)?;
            let count: i64 = due.iter().map(|due| due.count).sum();
            let detail = match due.as_slice() {
                [] => json!({"count": 0, "amount": "0", "currency": null}),
                [one] => {
                    json!({"count": count, "amount": one.amount.map(|amount| amount.to_string()), "currency": one.currency})
                }
                _ => json!({"count": count, "amount": null, "currency": null}),
            };
            looks_write(conn, now, &[(RENEWALS_LOOK.to_owned(), detail)].into())
        };
        self.db.run_patiently("renewals_tell", step).await
    }

    /// Writes down how Twilio's word on the last month differs from ours, for whoever judges alerts. What was before the books were
    /// kept nobody here can know, so only a month that lies in their time is a mismatch.
    pub(super) async fn tell_mismatch(&self, month: Month, compared: &Compared) -> Result<(), DbError> {
        let (difference, as_of) = (compared.difference.clone(), compared.usage.as_of);
        self.telemetry.usage_differs_by(difference.count);
        let step = move |conn: &mut Connection| {
            let is_ours = books_since(conn)?.is_some_and(|since| since <= month.first());
            let detail = json!({
                "month": month.to_string(), "mismatch": difference.is_mismatch && is_ours, "count": difference.count,
                "amount": difference.amount.map(|amount| amount.to_string()), "as_of": as_of,
            });
            looks_write(conn, Utc::now(), &[(USAGE_LOOK.to_owned(), detail)].into())
        };
        self.db.run_patiently("usage_tell", step).await
    }

    /// Sets the gauges of money. What is not known is not shown.
    pub(super) async fn set_gauges(&self) {
        let look = |conn: &mut Connection| Ok((Month::of(today(conn)?), charges_unpriced(conn)?));
        let (month, unpriced) = match self.db.run_patiently("gauges_of_money", look).await {
            Ok(seen) => seen,
            Err(error) => return slog::debug!(self.log, "gauges of money stay as they are"; "error" => error.in_full()),
        };
        self.telemetry.charges_unpriced(unpriced);
        // Whoever reads the running month shows it.
        if let Err(error) = self.report(month, None, false).await {
            slog::debug!(self.log, "gauges of money stay as they are"; "error" => error.in_full());
        }
        if let Ok(Some(compared)) = self.compare(month.previous(), false).await {
            self.telemetry.usage_differs_by(compared.difference.count);
        }
    }
}
