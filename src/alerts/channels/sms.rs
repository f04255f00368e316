//! Text messages, by the account that buys the numbers.
//!
//! Invariants: never from a number that is ours, which is a user's tomorrow; never more than so many POSTs in a day, over all instances;
//! after an attempt whose answer may be lost, Twilio is asked first whether it has the text.
//! How to get it wrong: halting anything because a text was refused. A key may lack the right to texts and have that to numbers.

use tokio::time::timeout;

use super::parcel::{Contents, Parcel};
use super::reply::{Failure, Reply, TRY};
use super::taken::Taken;
use crate::alerts::words::{mark, short};
use crate::config::Texts;
use crate::db::alerts::{Room, number_is_ours, text_claim};
use crate::db::{Db, DbError};
use crate::domain::alert::last_digits;
use crate::domain::{PhoneNumber, cleaned};
use crate::twilio::{Twilio, TwilioError};

/// Sends it to each number that has it not yet.
pub(in crate::alerts) async fn by_text(
    texts: &Texts,
    twilio: &Twilio,
    db: &Db,
    parcel: &Parcel,
    taken: Taken<'_>,
) -> Reply {
    let mut failures = Vec::new();
    let all = async {
        for to in texts.to.iter().filter(|to| !parcel.taken_by.iter().any(|taken| taken == to.as_str())) {
            match send(texts, twilio, db, parcel, to).await {
                Ok(()) => taken.by(to.as_str()).await,
                Err(failure) => {
                    let is_of_all = failure.blames_far_side;
                    failures.push(failure);
                    if is_of_all {
                        return;
                    }
                }
            }
        }
    };
    if timeout(TRY, all).await.is_err() {
        failures.push(Failure::of_far_side(format!("Twilio did not answer within {} s", TRY.as_secs())));
    }
    match failures.into_iter().max_by_key(|failure| failure.blames_far_side) {
        None => Reply::Taken { status: Some(201) },
        Some(failure) => Reply::Failed(failure),
    }
}

async fn send(texts: &Texts, twilio: &Twilio, db: &Db, parcel: &Parcel, to: &PhoneNumber) -> Result<(), Failure> {
    let from = texts.from.clone();
    let is_ours = db.run("number_is_ours", move |conn| number_is_ours(conn, &from)).await.map_err(of_database)?;
    if is_ours {
        return Err(of_itself("alerts.sms.from is a number of a pool, which is a user's tomorrow: give another one"));
    }
    let mark = mark(parcel.id);
    if parcel.is_repeated {
        let since = parcel.created_at;
        let is_sent = twilio.has_text(to, since, &mark).await.map_err(|error| of_twilio(&error, to, false))?;
        if is_sent {
            return Ok(());
        }
    }
    let per_day_max = texts.per_day_max;
    match db.run("text_claim", move |conn| text_claim(conn, per_day_max)).await.map_err(of_database)? {
        Room::Free => {}
        Room::FreeIn(wait) => {
            let error = format!("alerts.sms.per_day_max ({per_day_max}) is reached for now");
            return Err(Failure { retry_after: Some(wait), ..Failure::of_far_side(error) });
        }
    }
    let text = match &parcel.contents {
        Contents::Alerts(_) => short(&parcel.lined(), parcel.id),
        Contents::Test { .. } => format!("{} {mark}", parcel.test_sentence()),
    };
    twilio.send_text(to, &texts.from, &text).await.map_err(|error| of_twilio(&error, to, true))?;
    fail::fail_point!("text_sent");
    Ok(())
}

fn of_itself(error: &str) -> Failure {
    Failure { blames_far_side: false, ..Failure::of_far_side(error) }
}

fn of_database(error: DbError) -> Failure {
    Failure::of_far_side(format!("the database is away: {error}"))
}

/// `was_to_send` = it was the text itself, not a look.
fn of_twilio(error: &TwilioError, to: &PhoneNumber, was_to_send: bool) -> Failure {
    let whose = last_digits(std::slice::from_ref(to), 1);
    let error_text = cleaned(&error.to_string().replace(to.as_str(), &whose));
    let failure = Failure::of_far_side(format!("{whose}: {error_text}"));
    match error {
        TwilioError::NotSent(_) => failure,
        TwilioError::Unknown { status, .. } => Failure { status: status.map(i32::from), ..failure },
        TwilioError::Refused(refusal) => {
            let is_its_own = was_to_send && matches!(refusal.status, 400 | 404);
            Failure {
                status: Some(i32::from(refusal.status)),
                blames_far_side: !is_its_own,
                retry_after: refusal.retry_after,
                ..failure
            }
        }
    }
}
