//! What each kind of number costs, asked once a day and written down: a renewal's price is the one that was seen before its day.
//!
//! How to get it wrong: asking for the price of a charge when somebody looks at it. It may have changed since.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::bookkeeper::Bookkeeper;
use super::charge::Pace;
use crate::db::charges::{kinds_without_price, price_write};
use crate::db::{Connection, DbError};
use crate::domain::Kind;
use crate::domain::money::Amount;
use crate::purchaser::breaker;

impl Bookkeeper {
    /// Asks for the price of each kind whose price of today nobody saw. `None` = not all of them are known.
    pub(super) async fn ask_prices(&self, pace: Pace) -> Result<Option<String>, DbError> {
        let configured: BTreeSet<Kind> = self.config.load().pools().map(|(_, pool)| pool.kind()).collect();
        let configured: Vec<Kind> = configured.into_iter().collect();
        let look = move |conn: &mut Connection| kinds_without_price(conn, &configured);
        let kinds = self.db.run_patiently("kinds_without_price", look).await?;
        if kinds.is_empty() {
            return Ok(Some("all prices of today are known".to_owned()));
        }
        if breaker::is_silenced(&self.db).await? || self.is_stopping() {
            return Ok(None);
        }
        let asked = kinds.into_iter().map(|kind| async move { (kind, self.pricing.price(kind, false).await) });
        let (mut heard, mut unheard) = (0u32, 0u32);
        for (kind, price) in join_all(asked).await {
            match price {
                Ok(price) => {
                    let monthly = Amount { amount: price.monthly, currency: price.unit };
                    self.db.run_patiently("price_write", move |conn| price_write(conn, kind, &monthly)).await?;
                    heard += 1;
                }
                Err(why) => {
                    slog::debug!(self.log, "a price is not known, so the charges of its kind have no amount yet";
                        "country" => kind.country.as_str(), "number_type" => kind.number_type.as_str(), "cause" => why);
                    unheard += 1;
                }
            }
        }
        if heard > 0 {
            self.price_charges(pace).await?;
        }
        Ok((unheard == 0).then(|| format!("{heard} prices")))
    }
}
