//! What the numbers cost, for people: a month and its days, what comes next, what could go back, and Twilio's own count beside it.
//!
//! How to get it wrong: a figure that the API does not tell. This page shows its document, and the days of [`by_day`] are sums of the
//! charges that it lists.

mod by_day;

use std::sync::Arc;

use askama::Template;
use chrono::Utc;
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use by_day::ByDay;

use super::cells::number_url;
use super::choice::Choice;
use super::page::{Frame, page};
use crate::api::cost::{Cost, CostUsage, cost as read, month_asked};
use crate::api::services::Services;
use crate::db::charges::charges_by_day;
use crate::domain::PhoneNumber;
use crate::domain::money::{Month, Reason};
use crate::routing::{Outcome, Request};

/// So many months are offered.
const MONTHS: usize = 6;

/// A month that can be chosen.
pub(crate) struct MonthWay {
    pub(crate) to: String,
    pub(crate) name: String,
    pub(crate) is_chosen: bool,
}

#[derive(Template)]
#[template(path = "cost.html")]
struct CostPage {
    frame: Frame,
    months: Vec<MonthWay>,
    cost: Cost,
    sentence: String,
    usage_sentence: String,
    /// `None` = nothing was charged, or the month is so old that only its sums are kept.
    days: Option<ByDay>,
    /// The most numbers that are charged on one of the next days.
    most: u64,
}

impl CostPage {
    /// An amount, or a dash for what is not known.
    fn shown(&self, amount: &Option<String>) -> String {
        amount.clone().unwrap_or_else(|| "–".to_owned())
    }

    fn reason(&self, reason: &Reason) -> &'static str {
        match reason {
            Reason::Adopted => "the account had it before it was ours",
            Reason::Foreign => "it is not callbunker's",
            Reason::BoughtAndReleased => "somebody else bought it and gave it back",
            Reason::DayUncertain => "charged on the month's first or last day",
            Reason::Unknown => "nothing that is known",
        }
    }

    fn number_of(&self, number: &PhoneNumber) -> String {
        number_url(number.as_str())
    }

    /// The question before a number is given back.
    fn give_back(&self, number: &PhoneNumber) -> String {
        let number = utf8_percent_encode(number.as_str(), NON_ALPHANUMERIC);
        format!("/admin/phones/dashboard/acts/release-to-twilio?phone_number={number}")
    }
}

/// The amount with its currency.
fn money(amount: Option<&str>, currency: Option<&str>) -> String {
    match (amount, currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        (Some(amount), None) => amount.to_owned(),
        (None, _) => "not known yet".to_owned(),
    }
}

fn sentence(cost: &Cost) -> String {
    let currency = cost.currency.as_deref();
    let so_far = if cost.complete { "" } else { " so far" };
    let mut told = format!("Spent in {}{so_far}: {}.", cost.month, money(cost.spent.as_deref(), currency));
    if let Some(idle) = &cost.idle_cost {
        told += &format!(" Idle numbers cost {} of the month so far.", money(Some(idle), currency));
    }
    if let Some(each) = &cost.cost_per_signup {
        told += &format!(" {} for each number that a signup got.", money(Some(each), currency));
    }
    told
}

fn usage_sentence(usage: &CostUsage) -> String {
    format!(
        "As of {} Twilio had counted {} numbers charged, {} of them bought, for {}: {} charges more than here.",
        usage.as_of.format("%Y-%m-%d %H:%M UTC"),
        usage.rentals,
        usage.setups,
        usage.spent,
        usage.difference_count,
    )
}

/// This month and those before it.
fn months(chosen: Month, choice: &Choice) -> Vec<MonthWay> {
    let this = Month::of(Utc::now().date_naive());
    let way = |month: Month| MonthWay {
        to: choice.kept(&format!("?month={month}")),
        name: month.to_string(),
        is_chosen: month == chosen,
    };
    std::iter::successors(Some(this), |month| Some(month.previous())).take(MONTHS).map(way).collect()
}

pub(crate) async fn cost(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(&["month", "pool"])?;
    let (month, choice) = (month_asked(&request)?, Choice::of(&services, &request)?);
    let cost = Cost::from(read(&services, month, choice.pool().cloned()).await?);
    let pool = choice.pool().cloned();
    let days =
        services.db.run_patiently("charges_by_day", move |conn| charges_by_day(conn, month, pool.as_ref())).await;
    let days = days.map_err(|error| services.database_problem(&error))?;
    let cost_page = CostPage {
        months: months(month, &choice),
        days: ByDay::new(month, &days),
        sentence: sentence(&cost),
        usage_sentence: cost.usage.as_ref().map(usage_sentence).unwrap_or_default(),
        most: cost.next_30_days.iter().map(|day| day.count).max().unwrap_or(1),
        cost,
        frame: Frame::of_pools("Cost", &services, &request, choice),
    };
    page(StatusCode::OK, &cost_page, &cost_page.frame)
}
