//! A number given to another pool.
//!
//! How to get it wrong: asking about a pool that cannot take it. Only pools of its country and type are offered.

use std::sync::Arc;

use super::super::moving::{is_movable, pools_for};
use super::super::text::phone;
use super::number::{about, sent};
use super::question::{Question, given};
use super::required;
use crate::api::custody;
use crate::api::numbers::NumberView;
use crate::api::services::Services;
use crate::db::numbers::number_owned;
use crate::domain::{NumberStatus, PoolName};
use crate::http::Problem;
use crate::routing::Request;

pub(super) async fn ask(services: &Services, request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    let shown = phone(number.as_str());
    let owned = services.read("number_owned", move |conn| number_owned(conn, &number)).await?;
    let cannot =
        |question: Question, why: &str| question.heading(format!("{shown} cannot be moved")).says(why).impossible();
    let Some(number) = owned.filter(|owned| owned.status() != NumberStatus::Released).map(NumberView::from) else {
        return Ok(cannot(question, "It is not callbunker's."));
    };
    if !is_movable(&number) {
        return Ok(cannot(question, "It is missing, on hold or being given back. Decide about that first."));
    }
    let mut pools: Vec<String> = pools_for(services, &number).into_iter().map(|pool| pool.to_string()).collect();
    if pools.is_empty() {
        let (country, kind) = (number.country, number.number_type.words());
        return Ok(cannot(question, &format!("No other pool holds {country} numbers that are {kind}.")));
    }
    // What was chosen before a login came in between stands first.
    pools.sort_by_key(|pool| *pool != given(request, "pool"));
    let whose = match &number.user_id {
        Some(user) => format!(
            "It stays with {user}, and is set to the webhooks of its new pool only when webhooks are configured."
        ),
        None => "Signups of its new pool may get it, as soon as it carries that pool's webhooks.".to_owned(),
    };
    Ok(question
        .heading(format!("Move {shown} to another pool?"))
        .says(format!("It is of the pool {}. It costs nothing.", number.pool))
        .says(whose)
        .choice("pool", "To the pool", pools)
        .button("Move it"))
}

pub(super) async fn perform(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let number = sent(request)?;
    let pool: PoolName = required("pool", request.form("pool")?)?;
    let told = format!("{} is of the pool {pool} now.", phone(number.as_str()));
    custody::move_to_pool(services, &request.caller(), number, pool).await?;
    Ok(told)
}
