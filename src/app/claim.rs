//! Whose numbers a database holds, and whether this configuration is theirs.
//!
//! How to get it wrong: going on with another account's or environment's database. It would buy and repair as if the numbers were
//! its own.

use crate::config::Config;
use crate::db::alerts::number_is_ours;
use crate::db::installation::{self, Installation};
use crate::db::{Db, DbError};

/// Writes down at the first start whose the database is; afterwards says whom it belongs to, if that is not this configuration.
pub(super) async fn claim(db: &Db, config: &Config) -> Result<Option<String>, DbError> {
    let (account, name) = (config.secrets.twilio_account_sid.clone(), config.instance.name.clone());
    let stored = db
        .run_patiently("installation_claim", move |conn| installation::installation_claim(conn, &account, &name))
        .await?;
    Ok(whose_else(&stored, config))
}

/// What is wrong with `alerts.sms.from`, if it is a number of ours: the texts of whoever runs this would come from a user's number.
pub(super) async fn sender_fault(db: &Db, config: &Config) -> Result<Option<String>, DbError> {
    let Some(texts) = config.alert_channels().sms else { return Ok(None) };
    let is_ours = db.run_patiently("number_is_ours", move |conn| number_is_ours(conn, &texts.from)).await?;
    Ok(is_ours.then(|| {
        "alerts.sms.from: is a number of a pool, which is a user's tomorrow; give a number of its own, a short code, or a name".to_owned()
    }))
}

/// Whom the database belongs to, if that is not this configuration.
#[must_use]
pub(crate) fn whose_else(stored: &Installation, config: &Config) -> Option<String> {
    if stored.account_sid != config.secrets.twilio_account_sid {
        return Some(format!(
            "TWILIO_ACCOUNT_SID: this database belongs to account {}; use that account, or a database of its own",
            stored.account_sid
        ));
    }
    (stored.instance_name != config.instance.name.as_str()).then(|| {
        format!(
            "instance.name: this database belongs to instance {:?}; use that name, or a database of its own",
            stored.instance_name
        )
    })
}
