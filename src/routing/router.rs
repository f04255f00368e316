//! The route table as one warp filter.
//!
//! Invariants: the first route whose pattern matches answers; when none does, the answer is a 404; no rejection ever
//! leaves the filter.
//! How to get it wrong: a warp filter for each route, joined by `or`. Each is a future within the one before it, and a
//! connection that waits at the hundredth route then holds room for a hundred answers.

use std::collections::HashSet;
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::path::FullPath;

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
    let routes = Arc::new(routes);
    warp::path::full()
        .and(warp::ext::optional::<SharedExchange>())
        .then(move |path: FullPath, exchange: Option<SharedExchange>| {
            let (routes, context, guard) = (Arc::clone(&routes), Arc::clone(&context), Arc::clone(&guard));
            async move {
                let found = routes.iter().find_map(|route| Some((route, route.matches(path.as_str())?)));
                match (found, exchange) {
                    (Some((route, params)), Some(exchange)) => route.answer(context, guard, exchange, params).await,
                    (None, Some(exchange)) => nowhere(&exchange),
                    // Somebody serves this filter without our server.
                    (Some(_), None) => Problem::internal().into_response(),
                    (None, None) => Problem::no_such_path().into_response(),
                }
            }
        })
        .boxed()
}
