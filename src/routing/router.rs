//! The route table as one warp filter.
//!
//! Invariants: the first route whose pattern matches answers; when none does, the answer is a 404; no rejection ever
//! leaves the filter. The filters nest to the right, so a request pays only for the routes before its own.

use std::collections::HashSet;
use std::future::ready;
use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::{Filter, Rejection};

use super::route::Route;
use crate::access::Guard;
use crate::http::{Exchange, Problem, Response, SharedExchange};

/// The filter that answers everything, to be served by [`serve`](crate::http::serve) through `warp::service`.
///
/// Put hot routes first.
///
/// # Panics
/// When a pattern stands there twice: the second would never answer.
#[must_use]
pub fn router<C: Send + Sync + 'static>(
    routes: Vec<Route<C>>,
    context: Arc<C>,
    guard: Arc<Guard>,
) -> BoxedFilter<(Response,)> {
    router_or(routes, context, guard, |_exchange| Problem::no_such_path().into_response())
}

/// The same, where `nowhere` answers what no route matches: people who mistyped an address are shown the way.
///
/// # Panics
/// As [`router`].
#[must_use]
pub fn router_or<C: Send + Sync + 'static>(
    routes: Vec<Route<C>>,
    context: Arc<C>,
    guard: Arc<Guard>,
    nowhere: fn(&Exchange) -> Response,
) -> BoxedFilter<(Response,)> {
    let mut patterns = HashSet::new();
    for route in &routes {
        assert!(patterns.insert(route.pattern()), "{} stands in the route table twice", route.pattern());
    }
    let nothing_here =
        warp::ext::optional::<SharedExchange>().map(move |exchange: Option<SharedExchange>| match exchange {
            Some(exchange) => nowhere(&exchange),
            None => Problem::no_such_path().into_response(),
        });
    let nothing_here = nothing_here.boxed();
    routes.into_iter().rev().fold(nothing_here, |later, route| {
        filter(Arc::new(route), Arc::clone(&context), Arc::clone(&guard)).or(later).unify().boxed()
    })
}

fn filter<C: Send + Sync + 'static>(
    route: Arc<Route<C>>,
    context: Arc<C>,
    guard: Arc<Guard>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
    let matching = Arc::clone(&route);
    warp::path::full()
        .and_then(move |path: FullPath| ready(matching.matches(path.as_str()).ok_or_else(warp::reject::not_found)))
        .and(warp::ext::optional::<SharedExchange>())
        .then(move |params, exchange: Option<SharedExchange>| {
            let (route, context, guard) = (Arc::clone(&route), Arc::clone(&context), Arc::clone(&guard));
            async move {
                match exchange {
                    Some(exchange) => route.answer(context, guard, exchange, params).await,
                    // Somebody serves this filter without our server.
                    None => Problem::internal().into_response(),
                }
            }
        })
}
