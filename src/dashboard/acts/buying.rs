//! A pass now; pause and resume, of all buying and of one pool.

use super::super::text::{counted, sentence};
use super::pool_named;
use super::question::Question;
use super::told::Told;
use crate::api::pause as api;
use crate::api::plan::{Thought, plan};
use crate::api::replenish::{self as passes, Replenished, ReplenishedPool};
use crate::api::services::Services;
use crate::db::pool_halts::pool_halt_read;
use crate::domain::{PoolName, Trigger, explain_reason};
use crate::http::{Problem, ProblemCode};
use crate::routing::Request;

pub(super) async fn ask_replenish(
    services: &Services,
    request: &Request,
    question: Question,
) -> Result<Question, Problem> {
    let pool = pool_named(services, request)?;
    let question = match &pool {
        None => question.heading("Replenish now?"),
        Some(pool) => question.heading(format!("Replenish {pool} now?")).hidden("pool", pool.as_str()),
    };
    let mut question = question.button("Check and buy now");
    question.tell_plan(&plan(services, Thought { pool, ..Thought::default() }).await?);
    Ok(question)
}

pub(super) async fn replenish(services: &Services, request: &Request) -> Result<Told, Problem> {
    let pool = pool_named(services, request)?;
    let report = passes::replenish(services, Trigger::Replenish, pool.as_ref()).await?;
    Ok(told(report))
}

fn told(report: Replenished) -> Told {
    let bought = counted(report.purchased_count.into(), "number");
    let of_pools = of_pools(&report.pools);
    let fell_short = report.error.is_some();
    let error = report.error.map(|error| format!(" {error}")).unwrap_or_default();
    let reason_of = report.pools.iter().find(|pool| pool.reason == report.reason);
    let whose = reason_of.map_or_else(PoolName::default_pool, |pool| pool.pool.clone());
    let its_error = reason_of.and_then(|pool| pool.error.clone());
    let none = |why: Option<String>| {
        let why = why.map(|why| explain_reason(&whose, &why, its_error.as_deref())).unwrap_or_default();
        format!("Nothing was bought: {why}.{error}")
    };
    match report.reason {
        _ if report.goes_on => Told::begun(format!("The check goes on; {bought} bought so far.")),
        _ if report.purchased_count > 0 && fell_short => Told::partly(format!("{bought} bought{of_pools}.{error}")),
        _ if report.purchased_count > 0 => Told::done(format!("{bought} bought{of_pools}.")),
        why if fell_short => Told::not_done(ProblemCode::Unavailable, none(why)),
        why => Told::done(none(why)),
    }
}

/// Which pool got how many, where several were looked at.
fn of_pools(pools: &[ReplenishedPool]) -> String {
    let [_, _, ..] = pools else { return String::new() };
    let some = pools.iter().filter(|pool| pool.purchased_count > 0);
    let told: Vec<String> = some.map(|pool| format!("{} for {}", pool.purchased_count, pool.pool)).collect();
    format!(": {}", told.join(", "))
}

pub(super) fn ask_pause(question: Question) -> Question {
    question
        .heading("Pause automatic buying?")
        .says(
            "Nothing is bought any more by threshold, schedule or emergency, on any instance, until somebody resumes.",
        )
        .warns("When the pool is empty, signups are refused.")
        .field("reason", "Reason", "shown to everybody who looks")
        .button("Pause buying")
}

pub(super) async fn pause(services: &Services, request: &Request) -> Result<String, Problem> {
    api::pause(services, &request.caller(), request.form("reason")?).await?;
    Ok("Automatic buying is paused on all instances.".to_owned())
}

pub(super) async fn ask_resume(
    services: &Services,
    request: &Request,
    question: Question,
) -> Result<Question, Problem> {
    let Some(pool) = pool_named(services, request)? else {
        return Ok(question
            .heading("Resume automatic buying?")
            .says("A check starts at once, and buys what is missing. A halt ends too.")
            .button("Resume buying"));
    };
    let question = question.heading(format!("Resume {pool}?")).hidden("pool", pool.as_str());
    let keys = services.config.load().keys_of(&pool).ok_or_else(Problem::internal)?;
    let halt = services.read("pool_halt_read", move |conn| pool_halt_read(conn, &keys)).await?;
    let Some(halt) = halt else {
        return Ok(question.says("It is not halted. A pause or a halt of all buying stays as it is.").impossible());
    };
    Ok(question
        .says(format!("It needs {}. Twilio said: {}", halt.needs, sentence(&halt.message)))
        .says("The next purchase goes alone: if that is still so, one is refused, it costs nothing, and the pool halts again.")
        .button(format!("Resume {pool}")))
}

pub(super) async fn resume(services: &Services, request: &Request) -> Result<String, Problem> {
    match pool_named(services, request)? {
        None => {
            api::resume(services, &request.caller(), None).await?;
            Ok("Automatic buying is on again.".to_owned())
        }
        Some(pool) => {
            let told = format!("{pool} is not halted any more, and is looked at now.");
            api::resume_pool(services, &request.caller(), pool, None).await?;
            Ok(told)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_pools_got_is_told_pool_by_pool() {
        let pool = |name: &str, purchased_count| ReplenishedPool {
            pool: name.parse().unwrap(),
            purchased_count,
            reason: None,
            error: None,
        };
        assert_eq!(of_pools(&[pool("default", 3)]), "", "one pool needs no name");
        assert_eq!(of_pools(&[pool("default", 10), pool("ca", 0), pool("gb", 3)]), ": 10 for default, 3 for gb");
    }
}
