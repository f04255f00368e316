//! The audit trail, newest first.

use std::sync::Arc;

use http::StatusCode;

use super::super::context::Context;
use super::super::{Outcome, Request, json_response};
use super::lists::{cursor, limit, page};
use crate::db::audit::audit_list;

pub(crate) async fn audit(context: Arc<Context>, request: Request) -> Outcome {
    let (limit, cursor) = (limit(&request)?, cursor(&request)?);
    let items = context.read("audit_list", move |conn| audit_list(conn, cursor, limit + 1)).await?;
    json_response(StatusCode::OK, &page(items, limit, |line| line.id))
}
