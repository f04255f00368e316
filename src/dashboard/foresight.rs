//! How much stock a pool needs, as a page: the advice and why, a curve of what each stock would have met ([`curve`] draws it), how the
//! last advice stood, and what is boosted.
//!
//! How to get it wrong: a threshold on the curve as if it were the stock. A pool swings above its threshold by a batch, so the
//! advice lies a little below the stock that it stands for.

mod curve;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use chrono::Utc;
use http::StatusCode;
use rust_decimal::Decimal;

use curve::Curve;

use super::choice::Choice;
use super::page::{Frame, page};
use super::text::percent;
use crate::api::foresight::{Advice, advice_of, price};
use crate::api::plan::amount;
use crate::api::services::Services;
use crate::domain::PoolName;
use crate::domain::foresight::Confidence;
use crate::foresight::Forecast;
use crate::routing::{Outcome, Request};

/// Points of the curve that are no marks.
const POINTS: usize = 12;

#[derive(Template)]
#[template(path = "foresight.html")]
struct ForesightPage {
    frame: Frame,
    pool: PoolName,
    headline: String,
    because: String,
    rest: String,
    accuracy: Option<String>,
    boosts: Vec<String>,
    curve: Option<Curve>,
    rows: Vec<Row>,
}

struct Row {
    stock: u32,
    share: String,
    /// Of a thousand.
    bar: u32,
    cost: String,
    mark: String,
}

pub(crate) async fn foresight(services: Arc<Services>, request: Request) -> Outcome {
    let choice = Choice::of(&services, &request)?;
    choice.known()?;
    let pool = choice.pool().cloned().unwrap_or_else(PoolName::default_pool);
    let (advice, forecast) = advice_of(&services, &pool).await?;
    let monthly = price(&services, &pool).await.map(|price| price.monthly);
    let configured = services.config.load().pool(&pool).map_or(0, |pool| pool.threshold_low);
    let shown = ForesightPage {
        headline: headline(&advice, &forecast),
        rest: rest(&advice, &forecast),
        accuracy: accuracy(&advice),
        boosts: boosts(&services, &pool),
        curve: Curve::new(&forecast, configured, monthly),
        rows: rows(&forecast, configured, monthly),
        because: advice.because,
        pool,
        frame: Frame::of_pools("How much stock", &services, &request, choice),
    };
    page(StatusCode::OK, &shown, &shown.frame)
}

fn headline(advice: &Advice, forecast: &Forecast) -> String {
    if forecast.signups == 0 {
        return "Nobody has asked yet.".to_owned();
    }
    format!("A threshold of {} would do; it is {}.", advice.threshold, forecast.policy.threshold_low)
}

/// What both meet and cost.
fn rest(advice: &Advice, forecast: &Forecast) -> String {
    let cost =
        |cost: &Option<String>| cost.as_ref().map_or("an unknown amount".to_owned(), |cost| format!("{cost} a month"));
    let belief = match advice.confidence {
        Confidence::Good => "",
        Confidence::Low => " Little was seen yet: believe it little.",
    };
    format!(
        "{} of signups may wait. With {} it would have been {}, and idle stock costs {}; with {} {}, and {}.{belief}",
        percent(forecast.share),
        forecast.policy.threshold_low,
        percent(advice.share_waiting_now),
        cost(&advice.monthly_cost_now),
        advice.threshold,
        percent(advice.share_waiting_then),
        cost(&advice.monthly_cost_then),
    )
}

fn accuracy(advice: &Advice) -> Option<String> {
    let day = advice.accuracy.as_ref()?;
    let (needed, waited) = (day.needed?, day.waited?);
    Some(format!(
        "On {} a threshold of {} was advised; a stock of {needed} was needed, and {waited} would have waited.",
        day.day, day.advised
    ))
}

/// The pool's boosts that are not over.
fn boosts(services: &Services, pool: &PoolName) -> Vec<String> {
    let (config, now) = (services.config.load(), Utc::now());
    let begun = config.boosts_that_began();
    let unreachable = services.forecaster.unreachable();
    let coming = config.pool(pool).into_iter().flat_map(|of_pool| &of_pool.boosts).filter(|boost| boost.until > now);
    let lines = coming.map(|boost| {
        let stands = if boost.from <= now {
            "is in force"
        } else if begun.contains(&(pool.clone(), *boost)) {
            "is being bought for"
        } else {
            "is bought for in time"
        };
        let lacks = unreachable.iter().find(|lacks| lacks.pool == *pool && lacks.from == boost.from);
        let lacks = lacks.map(|lacks| format!(", and will lack {}", lacks.lacking)).unwrap_or_default();
        let (from, until) = (boost.from.format("%Y-%m-%d %H:%M"), boost.until.format("%Y-%m-%d %H:%M"));
        format!("The boost to {} from {from} to {until} UTC {stands}{lacks}.", boost.threshold_low)
    });
    lines.collect()
}

/// Some points of the curve, and the marks.
fn rows(forecast: &Forecast, configured: u32, monthly: Option<Decimal>) -> Vec<Row> {
    if forecast.signups == 0 {
        return Vec::new();
    }
    let mut points: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    let every = forecast.curve.len().div_ceil(POINTS).max(1);
    for (stock, _) in forecast.curve.iter().step_by(every) {
        points.entry(*stock).or_default();
    }
    for (stock, mark) in [
        (configured, "configured threshold"),
        (forecast.policy.threshold_low, "threshold in force"),
        (forecast.advice.threshold, "advised threshold"),
        (forecast.advice.base_stock, "the stock that it stands for"),
    ] {
        points.entry(stock).or_default().push(mark);
    }
    let row = |(stock, marks): (u32, Vec<&str>)| {
        let share = forecast.share_at(stock);
        let cost = monthly.and_then(|monthly| monthly.checked_mul(Decimal::from(stock))).map(amount);
        Row {
            stock,
            share: percent(share),
            bar: (share * 1000.0).round() as u32,
            cost: cost.unwrap_or_else(|| "unknown".to_owned()),
            mark: marks.join(", "),
        }
    };
    points.into_iter().map(row).collect()
}
