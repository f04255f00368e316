//! Twilio's usage records of a month, asked once a day until Twilio has counted beyond its end.
//!
//! Invariant: all categories of a month are heard before one is written, so that what is compared is of one look.
//! How to get it wrong: asking each time that somebody looks. What Twilio did not tell a moment ago, it does not tell now.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::bookkeeper::Bookkeeper;
use crate::db::charges::today;
use crate::db::usage::{UsageRecord, usage_settled, usage_write};
use crate::db::{Connection, DbError};
use crate::domain::money::Month;
use crate::purchaser::breaker;

/// Twilio's categories of numbers. `phonenumbers` is the sum of the first three, and there is none for national numbers.
pub(super) const RENTALS: [&str; 3] = ["phonenumbers-local", "phonenumbers-mobile", "phonenumbers-tollfree"];
/// Those that were bought.
pub(super) const SETUPS: &str = "phonenumbers-setups";
/// Whoever waits for a report waits no longer for Twilio.
const WAITED_FOR: Duration = Duration::from_secs(5);
/// After a question without an answer Twilio is left alone.
const FAILURE_KEPT: Duration = Duration::from_secs(60);

impl Bookkeeper {
    /// Asks for what is due of this month and the last; `None` = not all was told.
    pub(super) async fn ask_usage(&self) -> Result<Option<String>, DbError> {
        let this = Month::of(self.db.run("today", today).await?);
        let mut all = true;
        for month in [this.previous(), this] {
            match self.usage_of(month).await {
                Ok(()) => {}
                Err(why) => {
                    slog::info!(self.log, "Twilio does not tell what it counted; the books stand by themselves";
                        "month" => month.to_string(), "cause" => why);
                    all = false;
                }
            }
        }
        if let Some(compared) = self.compare(this.previous(), true).await? {
            self.tell_mismatch(this.previous(), &compared).await?;
        }
        Ok(all.then(|| format!("{} and {this}", this.previous())))
    }

    /// The same of one month for somebody who waits, but not for long: the question goes on for the next who asks.
    pub(super) async fn usage_soon(&self, month: Month) -> Result<(), String> {
        let bookkeeper = self.clone();
        let asked = tokio::spawn(async move { bookkeeper.usage_of(month).await });
        match timeout(WAITED_FOR, asked).await {
            Ok(told) => told.unwrap_or_else(|panicked| Err(panicked.to_string())),
            Err(_elapsed) => Err("Twilio has not answered yet; ask again in a moment".to_owned()),
        }
    }

    /// Asks for a month unless that is of no use now; why it was not told.
    async fn usage_of(&self, month: Month) -> Result<(), String> {
        // Whoever comes second waits here, and finds what the first one heard.
        let mut untold = self.untold.lock().await;
        if let Some((at, why)) = untold.get(&month)
            && at.elapsed() < FAILURE_KEPT
        {
            return Err(why.clone());
        }
        let asked = self.hear_usage(month).await;
        match &asked {
            Ok(()) => untold.remove(&month),
            Err(why) => untold.insert(month, (Instant::now(), why.clone())),
        };
        asked
    }

    async fn hear_usage(&self, month: Month) -> Result<(), String> {
        let away = |error: DbError| error.to_string();
        let categories = i64::try_from(RENTALS.len()).unwrap_or(i64::MAX).saturating_add(1);
        let look = move |conn: &mut Connection| Ok((today(conn)?, usage_settled(conn, month, categories)?));
        let (today, is_settled) = self.db.run("usage_settled", look).await.map_err(away)?;
        if is_settled || month.first() > today {
            return Ok(());
        }
        if breaker::is_silenced(&self.db).await.map_err(away)? {
            return Err("Twilio refuses this account, so it is not asked; see halted".to_owned());
        }
        let days = (month.first(), month.last().min(today));
        let mut records = Vec::new();
        for category in RENTALS.into_iter().chain([SETUPS]) {
            let used = self.twilio.usage(category, days).await.map_err(|failure| failure.in_full())?;
            records.push(UsageRecord {
                category: category.to_owned(),
                count: used.count,
                price: used.price,
                currency: used.unit,
                as_of: used.as_of,
            });
        }
        fail::fail_point!("usage_asked");
        self.db.run_patiently("usage_write", move |conn| usage_write(conn, month, &records)).await.map_err(away)
    }
}
