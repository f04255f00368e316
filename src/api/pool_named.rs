//! The pool that a request names: in its body, or in its query, where a request without a body says it.
//!
//! How to get it wrong: reading the body alone. Whoever wrote `?pool=gb` would be served from `default`, and pay for it.

use crate::domain::PoolName;
use crate::http::Problem;
use crate::routing::Request;

/// The name of the query's parameter, and of the field.
const POOL: &str = "pool";

/// The pool that is named, by the body's field or the query.
///
/// # Errors
/// 422 when they name two.
pub(crate) fn pool_named(request: &Request, in_body: Option<PoolName>) -> Result<Option<PoolName>, Problem> {
    let in_query: Option<PoolName> = request.query(POOL)?;
    match (in_body, in_query) {
        (Some(body), Some(query)) if body != query => Err(Problem::invalid_field(
            POOL,
            format!("is {body} in the body and {query} in the query; name one of them"),
        )),
        (body, query) => Ok(body.or(query)),
    }
}
