//! Stock over time: drawn here for everybody ([`drawing`]), and given as data to the script, which draws it anew with a
//! cursor and in the reader's own zone.
//!
//! Invariants: both show the range that was asked for, up to now, and now is the last point; each point stands at the time
//! of its first sample; purchases outside of the range are not told.
//! How to get it wrong: a point per sample. A month has 43,200 minutes, and nobody sees more than a few hundred.

pub(super) mod drawing;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use http::StatusCode;
use serde::Serialize;

use super::choice::Choice;
use super::pools::alone;
use crate::api::services::Services;
use crate::api::status::{Status, document, document_of};
use crate::db::purchases::purchase_marks;
use crate::db::samples::{Sample, samples_read};
use crate::db::stock::stock_read_all;
use crate::db::{Connection, DbError};
use crate::domain::PoolName;
use crate::http::{Problem, json_response};
use crate::routing::{Outcome, Request};

/// Hours that can be asked for, and the stretch that each point stands for.
const RANGES: &[(u32, u32, &str)] = &[(1, 60, "Hour"), (24, 300, "Day"), (168, 1800, "Week"), (720, 7200, "Month")];
const RANGE_DEFAULT: usize = 1;

/// What the chart is made of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Series {
    hours: u32,
    /// The left edge.
    begin: DateTime<Utc>,
    samples: Vec<Sample>,
    purchases: Vec<(DateTime<Utc>, i64)>,
    /// The right edge, and how stock stands there.
    now: Sample,
}

/// One choice of range.
pub(crate) struct Range {
    pub(crate) hours: u32,
    pub(crate) label: &'static str,
    pub(super) is_chosen: bool,
}

impl Range {
    /// The page with it.
    pub(crate) fn link(&self) -> String {
        format!("?hours={}", self.hours)
    }
}

/// What is read of the past; how it stands now is known already, or read beside it.
pub(super) type Past = (Vec<Sample>, Vec<(DateTime<Utc>, i64)>);

/// The range that a request asks for.
pub(super) fn chosen(request: &Request) -> Result<(u32, u32), Problem> {
    let Some(hours) = request.query::<u32>("hours")? else {
        return Ok((RANGES[RANGE_DEFAULT].0, RANGES[RANGE_DEFAULT].1));
    };
    let range = RANGES.iter().find(|(known, ..)| *known == hours);
    range
        .map(|(hours, step, _)| (*hours, *step))
        .ok_or_else(|| Problem::invalid_field("hours", "must be 1, 24, 168 or 720"))
}

/// The past of one pool, or of all together.
pub(super) fn read(conn: &mut Connection, pool: Option<&PoolName>, hours: u32, step: u32) -> Result<Past, DbError> {
    Ok((samples_read(conn, pool, hours, step)?, purchase_marks(conn, pool, hours)?))
}

/// How stock stands at this moment.
pub(super) fn now(status: &Status) -> Sample {
    let integer = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let available = integer(status.available);
    Sample {
        at: Utc::now(),
        available,
        available_most: available,
        assigned: integer(status.assigned),
        threshold: integer(status.threshold),
    }
}

impl Series {
    /// What lies in the last `hours` before `now`: clocks may disagree about the edges.
    pub(super) fn new(hours: u32, samples: Vec<Sample>, marks: Vec<(DateTime<Utc>, i64)>, now: Sample) -> Self {
        let begin = now.at - Duration::hours(i64::from(hours));
        let is_within = |at: &DateTime<Utc>| (begin..=now.at).contains(at);
        Self {
            hours,
            begin,
            samples: samples.into_iter().filter(|sample| is_within(&sample.at)).collect(),
            purchases: marks.into_iter().filter(|(at, _)| is_within(at)).collect(),
            now,
        }
    }

    /// Every point, now included.
    fn points(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().chain([&self.now])
    }
}

/// The data, for the script.
pub(crate) async fn chart(services: Arc<Services>, request: Request) -> Outcome {
    let ((hours, step), choice) = (chosen(&request)?, Choice::of(&services, &request)?);
    choice.known()?;
    let pool = choice.pool().cloned();
    let (wanted, keys) = (pool.clone(), services.config.load().keys());
    let read =
        move |conn: &mut Connection| Ok((read(conn, wanted.as_ref(), hours, step)?, stock_read_all(conn, &keys)?));
    let ((samples, marks), seen) = services.read("dashboard_chart", read).await?;
    let config = services.config.load();
    let status = document(&seen, &[], &config);
    let status = match pool {
        None => status,
        Some(pool) => alone(status, document_of(&seen, &[], &config, &pool), &pool).ok_or_else(Problem::internal)?,
    };
    json_response(StatusCode::OK, &Series::new(hours, samples, marks, now(&status)))
}
