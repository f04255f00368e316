//! Whether buying could succeed, as a page: what the last look found, or one that is asked for.
//!
//! How to get it wrong: a look whenever the page is opened. It takes its time, and asks Twilio.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;

use super::page::{Frame, page};
use super::text::When;
use crate::api::services::Services;
use crate::api::twilio_check::twilio_check as look_now;
use crate::routing::{Outcome, Request};
use crate::twilio_check::{Check, CheckResult, Checked};

#[derive(Template)]
#[template(path = "twilio_check.html")]
struct TwilioCheckPage {
    frame: Frame,
    at: Option<When>,
    result: (&'static str, &'static str),
    rows: Vec<Row>,
}

struct Row {
    result: (&'static str, &'static str),
    check: String,
    pool: String,
    detail: String,
    todo: String,
}

impl From<&Check> for Row {
    fn from(check: &Check) -> Self {
        Self {
            result: (tone(check.result), check.result.as_str()),
            check: check.check.as_str().replace('_', " "),
            pool: check.pool.as_ref().map(ToString::to_string).unwrap_or_default(),
            detail: check.detail.clone(),
            todo: check.todo.clone().unwrap_or_default(),
        }
    }
}

fn tone(result: CheckResult) -> &'static str {
    match result {
        CheckResult::Pass => "good",
        CheckResult::Warn => "warn",
        CheckResult::Fail => "bad",
    }
}

/// What all of it comes to.
fn verdict(result: CheckResult) -> &'static str {
    match result {
        CheckResult::Pass => "Buying could succeed",
        CheckResult::Warn => "Buying could succeed; somebody should look",
        CheckResult::Fail => "Buying could not succeed",
    }
}

pub(crate) async fn twilio_check(services: Arc<Services>, request: Request) -> Outcome {
    let checked: Option<Arc<Checked>> = if request.query("now")?.unwrap_or(false) {
        Some(look_now(&services).await?)
    } else {
        services.twilio_checker.latest()
    };
    let report = checked.as_ref().map(|checked| &checked.report);
    let shown = TwilioCheckPage {
        frame: Frame::new("Twilio check", &services, &request),
        at: checked.as_ref().map(|checked| When(checked.at)),
        result: report.map(|report| (tone(report.result), verdict(report.result))).unwrap_or_default(),
        rows: report.map(|report| report.checks.iter().map(Row::from).collect()).unwrap_or_default(),
    };
    page(StatusCode::OK, &shown, &shown.frame)
}
