//! Moving the earlier service's numbers and users in.
//!
//! How to get it wrong: refusing the whole call for one bad row. Rows have problems, told all at once; only what is no
//! list of rows is refused.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;

use super::super::context::{Context, shutting_down};
use super::super::{Outcome, Problem, Request, RequestBody, json_response};
use super::custody::{apart, who};
use crate::custody::{ImportRequest, ImportRow};

/// A thousand rows with the longest users do not fit into the usual limit.
pub(crate) const BYTES_MAX: u64 = 1024 * 1024;
const ROWS_MAX: usize = 1000;

#[derive(Deserialize)]
struct ImportBody {
    numbers: Vec<ImportRow>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    configure_webhooks: bool,
}

impl RequestBody for ImportBody {
    const FIELDS: &'static [&'static str] = &["numbers", "dry_run", "configure_webhooks"];
}

pub(crate) async fn import(context: Arc<Context>, request: Request) -> Outcome {
    if context.is_stopping() {
        return Err(shutting_down());
    }
    let body: ImportBody = request.json()?;
    if body.numbers.len() > ROWS_MAX {
        return Err(Problem::invalid_field("numbers", format!("at most {ROWS_MAX} at a time; send several calls")));
    }
    let wanted = ImportRequest {
        rows: body.numbers,
        dry_run: body.dry_run,
        configure_webhooks: body.configure_webhooks,
        requested_by: who(&request),
    };
    let report = apart(&context, move |custody| async move { custody.import(wanted).await }).await?;
    json_response(StatusCode::OK, &report)
}
