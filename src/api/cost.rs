//! What the numbers cost in a month, as the API tells it.
//!
//! How to get it wrong: a figure of its own. All of them are the books', which pages and metrics read, too.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;

use super::plan::amount;
use super::services::Services;
use crate::bookkeeping::{CostReport, PoolCost, UsageReport};
use crate::domain::money::{Because, DayAhead, Month, PriceSource, Reason, Saving};
use crate::domain::{CountryCode, NumberType, PhoneNumber, PoolName};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, MonthName, Outcome, Request, answer};

/// The cost of a month.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Cost {
    /// Which month, in UTC.
    #[schema(value_type = MonthName)]
    pub(crate) month: String,
    /// ISO 4217; null = several, or none yet.
    #[schema(required)]
    pub(crate) currency: Option<String>,
    /// The month is over, and each of its charges has an amount.
    pub(crate) complete: bool,
    /// All that was charged; null = not all of it is known.
    #[schema(required)]
    pub(crate) spent: Option<String>,
    /// What numbers cost while nobody had them: their price by the share of the month so far.
    #[schema(required)]
    pub(crate) idle_cost: Option<String>,
    /// `spent` for each number that a signup got in the month; null = none did.
    #[schema(required)]
    pub(crate) cost_per_signup: Option<String>,
    /// A line for each kind of number in each pool.
    pub(crate) pools: Vec<CostOfPool>,
    /// The charges of the numbers that are ours now, at today's prices, by day.
    pub(crate) next_30_days: Vec<CostAhead>,
    /// Idle numbers beyond the threshold in force, or the stock that was last advised where that is more, and a batch. Nothing is released by itself.
    pub(crate) savings: Vec<CostSaving>,
    /// Twilio's usage records of the month beside these books; null = of one pool, or Twilio has not told them.
    #[schema(required)]
    pub(crate) usage: Option<CostUsage>,
    /// Why something is null, or left out.
    pub(crate) why: Vec<String>,
}

/// What one kind of number in one pool cost.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct CostOfPool {
    pub(crate) pool: PoolName,
    pub(crate) country: CountryCode,
    pub(crate) number_type: NumberType,
    /// Numbers that are ours now,
    pub(crate) numbers: i64,
    /// and how many of them are nobody's.
    pub(crate) idle: i64,
    /// What one costs a month, as it was last seen.
    #[schema(required)]
    pub(crate) unit_price: Option<String>,
    /// `seen`: charges have the price that was seen before their day; `today`: some have one that was seen later.
    #[schema(required)]
    pub(crate) price_source: Option<PriceSource>,
    /// Numbers bought in the month.
    pub(crate) purchases: i64,
    /// Anniversaries in the month.
    pub(crate) renewals: i64,
    /// What both cost.
    #[schema(required)]
    pub(crate) spent: Option<String>,
    #[schema(required)]
    pub(crate) idle_cost: Option<String>,
}

/// What is charged on one of the next days.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct CostAhead {
    pub(crate) date: NaiveDate,
    pub(crate) count: u64,
    #[schema(required)]
    pub(crate) amount: Option<String>,
}

/// A number that could be given back.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct CostSaving {
    pub(crate) phone_number: PhoneNumber,
    /// Its pool.
    pub(crate) pool: PoolName,
    /// The last day on which that saves the next charge.
    pub(crate) release_before: NaiveDate,
    /// A month.
    #[schema(required)]
    pub(crate) saves: Option<String>,
}

/// Twilio's word on a month.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct CostUsage {
    /// Numbers that Twilio charged: local, mobile and toll-free.
    pub(crate) rentals: u64,
    /// Those of them that were bought.
    pub(crate) setups: u64,
    /// What both cost, by Twilio's records.
    pub(crate) spent: String,
    /// So many more charges at Twilio than in these books; below zero: fewer.
    pub(crate) difference_count: i64,
    /// So much more; null = these books do not know all amounts.
    #[schema(required)]
    pub(crate) difference: Option<String>,
    /// Until when Twilio had counted.
    pub(crate) as_of: DateTime<Utc>,
    /// What explains the difference: the parts add up to it.
    pub(crate) because: Vec<CostBecause>,
}

/// A part of a difference.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct CostBecause {
    pub(crate) reason: Reason,
    /// Which number, where it is one.
    #[schema(required)]
    pub(crate) phone_number: Option<PhoneNumber>,
    pub(crate) count: i64,
    #[schema(required)]
    pub(crate) amount: Option<String>,
}

fn told(amount_of: Option<Decimal>) -> Option<String> {
    amount_of.map(amount)
}

/// What is computed, to the cent.
fn computed(amount_of: Option<Decimal>) -> Option<String> {
    told(amount_of.map(|decimal| decimal.round_dp(2)))
}

impl From<PoolCost> for CostOfPool {
    fn from(line: PoolCost) -> Self {
        Self {
            pool: line.pool,
            country: line.kind.country,
            number_type: line.kind.number_type,
            numbers: line.numbers,
            idle: line.idle,
            unit_price: told(line.unit.map(|unit| unit.amount)),
            price_source: line.price_source,
            purchases: line.purchases,
            renewals: line.renewals,
            spent: told(line.spent),
            idle_cost: computed(line.idle_cost),
        }
    }
}

impl From<UsageReport> for CostUsage {
    fn from(UsageReport { usage, difference, why: _ }: UsageReport) -> Self {
        let because = |Because { reason, phone_number, count, amount }| CostBecause {
            reason,
            phone_number,
            count,
            amount: told(amount),
        };
        Self {
            rentals: usage.rentals,
            setups: usage.setups,
            spent: amount(usage.price),
            difference_count: difference.count,
            difference: told(difference.amount),
            as_of: usage.as_of,
            because: difference.because.into_iter().map(because).collect(),
        }
    }
}

impl From<CostReport> for Cost {
    fn from(report: CostReport) -> Self {
        let ahead = |DayAhead { date, count, amount }| CostAhead { date, count, amount: told(amount.ok()) };
        let saving = |(pool, Saving { phone_number, release_before, saves }): (PoolName, Saving)| CostSaving {
            phone_number,
            pool,
            release_before,
            saves: told(saves.map(|saves| saves.amount)),
        };
        Self {
            month: report.month.to_string(),
            currency: report.currency,
            complete: report.complete,
            spent: told(report.spent),
            idle_cost: computed(report.idle_cost),
            cost_per_signup: computed(report.cost_per_signup),
            pools: report.pools.into_iter().map(Into::into).collect(),
            // A day without charges says nothing.
            next_30_days: report.ahead.into_iter().filter(|day| day.count > 0).map(ahead).collect(),
            savings: report.savings.into_iter().map(saving).collect(),
            usage: report.usage.map(Into::into),
            why: report.why,
        }
    }
}

/// The month that is asked about; this one unless it is said.
pub(crate) fn month_asked(request: &Request) -> Result<Month, Problem> {
    let this = Month::of(Utc::now().date_naive());
    let month = request.query("month")?.unwrap_or(this);
    if month > this {
        return Err(Problem::invalid_field(
            "month",
            format!("must be {this} or earlier: what comes is in next_30_days"),
        ));
    }
    Ok(month)
}

/// What a month cost, of one pool if one is named.
pub(crate) async fn cost(services: &Services, month: Month, pool: Option<PoolName>) -> Result<CostReport, Problem> {
    let is_configured = pool.as_ref().is_none_or(|pool| services.config.load().pool(pool).is_some());
    let report = services.bookkeeper.report(month, pool.clone(), true).await;
    let report = report.map_err(|error| services.database_problem(&error))?;
    match pool {
        Some(pool) if !is_configured && report.pools.is_empty() => Err(Problem::not_found(format!(
            "No pool {pool} is configured, and none of that name had numbers in {month}; GET …/api/status names the pools."
        ))),
        Some(_) | None => Ok(report),
    }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(&["month", "pool"])?;
    let (month, pool) = (month_asked(&request)?, request.query("pool")?);
    answer(cost(&services, month, pool).await.map(Cost::from))
}

pub(crate) fn about() -> About {
    let example = json!({"month": "2026-10", "currency": "USD", "complete": true, "spent": "42.55", "idle_cost": "11.20",
        "cost_per_signup": "1.64",
        "pools": [{"pool": "default", "country": "US", "number_type": "local", "numbers": 31, "idle": 9, "unit_price": "1.15",
            "price_source": "seen", "purchases": 12, "renewals": 25, "spent": "42.55", "idle_cost": "11.20"}],
        "next_30_days": [{"date": "2026-12-03", "count": 2, "amount": "2.30"}],
        "savings": [{"phone_number": "+14155550100", "pool": "default", "release_before": "2026-12-02", "saves": "1.15"}],
        "usage": {"rentals": 38, "setups": 12, "spent": "43.70", "difference_count": 1, "difference": "1.15",
            "as_of": "2026-11-02T06:00:00Z",
            "because": [{"reason": "foreign", "phone_number": "+14155550199", "count": 1, "amount": "1.15"}]},
        "why": []});
    About::new("cost", "Money", "What the numbers cost in a month, what comes next, and Twilio's own count beside it")
        .text(
            "A number costs a month when it is bought and on each anniversary, in UTC, while it is ours: the same day of the next month, or \
             that month's last day, which then stays. What is not known is null, and `why` says so. Each sum adds up what \
             `GET …/api/charges` lists.",
        )
        .query::<MonthName>("month", "Which; this month unless given.")
        .query::<PoolName>("pool", "Only this pool; `usage` is null then, because Twilio's records know no pools.")
        .answer::<Cost>("The cost.", example)
        .refuses(ProblemCode::NotFound, "There is no such pool.")
        .refuses(ProblemCode::UnknownField, "It takes no such parameter.")
}
