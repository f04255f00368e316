//! One user: the number that they have, whether it is still there, and those that they had before.
//!
//! How to get it wrong: a number that Twilio has lost, shown as if it worked.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use http::StatusCode;

use super::home::AssignmentRow;
use super::page::{Frame, page};
use super::text::When;
use crate::api::services::Services;
use crate::db::Connection;
use crate::db::assignments::assignments_of_user;
use crate::db::numbers::number_owned;
use crate::domain::UserId;
use crate::http::Problem;
use crate::routing::{Outcome, Request};

const HISTORY_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    user: String,
    live: Option<AssignmentRow>,
    /// Since when Twilio does not have it.
    gone: Option<When>,
    past: Vec<AssignmentRow>,
}

pub(crate) async fn user(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(&[])?;
    let user: UserId = request.param("user_id")?;
    known(&services, &request, user).await
}

/// The same page where no path names them: what our own links lead to, because proxies change paths that hold an id.
pub(crate) async fn user_of(services: Arc<Services>, request: Request) -> Outcome {
    known(&services, &request, request.user_of_query()?).await
}

async fn known(services: &Services, request: &Request, user: UserId) -> Outcome {
    show(services, request, user).await?.ok_or_else(|| {
        Problem::not_found("No user of this name has or had a number. The search finds users by how their id begins.")
    })?
}

/// The page of a user who has or had a number.
pub(super) async fn show(services: &Services, request: &Request, user: UserId) -> Result<Option<Outcome>, Problem> {
    let id = user.as_str().to_owned();
    let (lines, gone) = services.read("user_page", move |conn| read(conn, &id)).await?;
    if lines.is_empty() {
        return Ok(None);
    }
    let (live, past): (Vec<_>, Vec<_>) = lines.into_iter().partition(|row| row.released.is_none());
    let shown = UserPage {
        frame: Frame::new(user.as_str(), services, request),
        user: user.as_str().to_owned(),
        live: live.into_iter().next(),
        gone: gone.map(When),
        past,
    };
    Ok(Some(page(StatusCode::OK, &shown, &shown.frame)))
}

fn read(conn: &mut Connection, user: &str) -> Result<(Vec<AssignmentRow>, Option<DateTime<Utc>>), crate::db::DbError> {
    let lines = assignments_of_user(conn, user, HISTORY_MAX)?;
    let live = lines.iter().find(|line| line.released_at.is_none());
    let number = live.map(|line| number_owned(conn, &line.phone_number)).transpose()?.flatten();
    let gone = number.filter(|number| number.is_missing()).and_then(|number| number.missing_since);
    Ok((lines.into_iter().map(AssignmentRow::new).collect(), gone))
}
