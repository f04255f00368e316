//! Stock over time: drawn here for everybody, and given as data to the script, which draws it anew with a cursor.
//!
//! How to get it wrong: a point per sample. A month has 43,200 minutes, and nobody sees more than a few hundred.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use http::StatusCode;
use serde::Serialize;

use crate::api::services::Services;
use crate::db::purchases::purchase_marks;
use crate::db::samples::{Sample, samples_read};
use crate::db::{Connection, DbError};
use crate::http::{Problem, json_response};
use crate::routing::{Outcome, Request};

pub(super) const WIDTH: f64 = 720.0;
pub(super) const HEIGHT: f64 = 180.0;
/// Hours that can be asked for, and the stretch that each point stands for.
const RANGES: &[(u32, u32, &str)] = &[(1, 60, "Hour"), (24, 300, "Day"), (168, 1800, "Week"), (720, 7200, "Month")];
const RANGE_DEFAULT: usize = 1;

/// What the chart is made of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Series {
    hours: u32,
    samples: Vec<Sample>,
    purchases: Vec<(DateTime<Utc>, i64)>,
}

/// One choice of range.
pub(crate) struct Range {
    pub(crate) hours: u32,
    pub(crate) label: &'static str,
    pub(super) is_chosen: bool,
}

/// The chart as a drawing.
pub(super) struct Drawing {
    pub(crate) ranges: Vec<Range>,
    pub(crate) hours: u32,
    pub(crate) is_empty: bool,
    pub(crate) area: String,
    pub(crate) line: String,
    pub(crate) assigned: String,
    pub(crate) threshold: String,
    pub(crate) marks: Vec<String>,
    pub(super) top: i32,
    pub(crate) words: String,
}

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

pub(crate) fn read(conn: &mut Connection, hours: u32, step: u32) -> Result<Series, DbError> {
    Ok(Series { hours, samples: samples_read(conn, hours, step)?, purchases: purchase_marks(conn, hours)? })
}

/// The data, for the script.
pub(crate) async fn chart(services: Arc<Services>, request: Request) -> Outcome {
    let (hours, step) = chosen(&request)?;
    let series = services.read("dashboard_chart", move |conn| read(conn, hours, step)).await?;
    json_response(StatusCode::OK, &series)
}

impl Drawing {
    #[expect(clippy::cast_precision_loss, reason = "a drawing")]
    pub(super) fn new(series: &Series, available: u32) -> Self {
        let ranges =
            RANGES.iter().map(|&(hours, _, label)| Range { hours, label, is_chosen: hours == series.hours }).collect();
        let highest =
            series.samples.iter().map(|sample| sample.available.max(sample.assigned).max(sample.threshold)).max();
        let top = highest.unwrap_or(0).max(4);
        let now = Utc::now();
        // A young pool's line fills the drawing instead of hugging its right edge.
        let begin = (now - Duration::hours(i64::from(series.hours)))
            .max(series.samples.first().map_or(now - Duration::hours(1), |sample| sample.at));
        let width = (now - begin).num_seconds().max(1) as f64;
        let x = |at: DateTime<Utc>| (at - begin).num_seconds() as f64 / width * WIDTH;
        let y = |value: i32| HEIGHT - f64::from(value) / f64::from(top) * (HEIGHT - 8.0) - 1.0;
        let path = |value: fn(&Sample) -> i32| {
            let mut path = String::new();
            for sample in &series.samples {
                let _ = write!(
                    path,
                    "{}{:.1} {:.1}",
                    if path.is_empty() { "M" } else { " L" },
                    x(sample.at),
                    y(value(sample))
                );
            }
            if let Some(last) = series.samples.last() {
                let _ = write!(path, " L{WIDTH:.1} {:.1}", y(value(last)));
            }
            path
        };
        let line = path(|sample| sample.available);
        let area =
            if line.is_empty() { String::new() } else { format!("{line} L{WIDTH:.1} {HEIGHT:.1} L0 {HEIGHT:.1} Z") };
        let marks: Vec<String> = series
            .purchases
            .iter()
            .map(|(at, _)| x(*at))
            .filter(|at| *at >= 0.0)
            .map(|at| format!("{at:.1}"))
            .collect();
        let fewest = series.samples.iter().map(|sample| sample.available).min();
        let words = match (fewest, series.samples.last()) {
            (Some(fewest), Some(last)) => format!(
                "{available} available now, {fewest} at the lowest; the threshold is {}. Vertical lines mark {}.",
                last.threshold,
                super::text::counted(marks.len() as u64, "purchase"),
            ),
            _ => "The first minute is not over yet; a point is added each minute.".to_owned(),
        };
        Self {
            ranges,
            hours: series.hours,
            is_empty: series.samples.is_empty(),
            area,
            line,
            assigned: path(|sample| sample.assigned),
            threshold: path(|sample| sample.threshold),
            marks,
            top,
            words,
        }
    }
}
