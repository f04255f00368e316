//! Uses that the application tells of: of users, or of numbers, many in a call.
//!
//! How to get it wrong: refusing a call for one user who is gone. The others were used all the same.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::services::Services;
use crate::db::DbError;
use crate::db::uses::{Touched, Whose, uses_touch};
use crate::domain::{PhoneNumber, UserId};
use crate::http::{Problem, RequestBody};
use crate::routing::{About, Outcome, Request, answer};

/// So many are told of in one call at most.
const MOST: usize = 1_000;
/// A thousand of the longest ids, each character escaped.
pub(crate) const BYTES_MAX: u64 = 1024 * 1024;

#[derive(Deserialize, utoipa::ToSchema)]
struct TouchBody {
    /// Whose numbers were used; either this or `phone_numbers`.
    user_ids: Option<Vec<UserId>>,
    /// Which numbers were used.
    phone_numbers: Option<Vec<PhoneNumber>>,
}

impl RequestBody for TouchBody {
    const FIELDS: &'static [&'static str] = &["user_ids", "phone_numbers"];
}

/// What a call came to.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Touch)]
struct TouchDocument {
    /// How many numbers were used.
    touched: u32,
    /// Users who have no number, or numbers that nobody has.
    unknown: Vec<String>,
}

fn asked(body: TouchBody) -> Result<(Whose, Vec<String>), Problem> {
    let (whose, field, words) = match (body.user_ids, body.phone_numbers) {
        (Some(users), None) => {
            (Whose::Users, "user_ids", users.iter().map(|user| user.as_str().to_owned()).collect::<Vec<_>>())
        }
        (None, Some(numbers)) => {
            (Whose::Numbers, "phone_numbers", numbers.iter().map(|number| number.as_str().to_owned()).collect())
        }
        (Some(_), Some(_)) => {
            return Err(Problem::invalid_field("phone_numbers", "is given beside user_ids; give one of them"));
        }
        (None, None) => return Err(Problem::invalid_field("user_ids", "is required, or phone_numbers")),
    };
    match words.len() {
        1..=MOST => Ok((whose, words)),
        _ => Err(Problem::invalid_field(field, format!("must name 1 to {MOST}"))),
    }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let (whose, words) = asked(request.json()?)?;
    let telemetry = services.telemetry.clone();
    let touched = services
        .read("uses_touch", move |conn| {
            let touched = match uses_touch(conn, whose, &words) {
                // It stood in the way of somebody who takes one of them back, and nothing of it was written.
                Err(DbError::Collided(_)) => uses_touch(conn, whose, &words)?,
                touched => touched?,
            };
            // Here, because a client that hangs up drops everything outside.
            telemetry.touched(touched.touched);
            Ok(touched)
        })
        .await;
    answer(touched.map(|Touched { touched, unknown }| TouchDocument { touched, unknown }))
}

pub(crate) fn about() -> About {
    About::new("touch", "Signup", "Tells that numbers were used")
        .text(
            "For recycling: a number that is told of is in use. 1,000 users, or 1,000 numbers, in a call. With `recycling.by_touch` a day on \
             which nobody is told of proves a broken job, not silence.",
        )
        .body::<TouchBody>(json!({"user_ids": ["u-1", "u-2"]}))
        .answer::<TouchDocument>("How many were used.", json!({"touched": 1, "unknown": ["u-2"]}))
}
