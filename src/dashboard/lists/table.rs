//! The page of a list: a heading, the form that narrows it, the rows, the ways on and back.

use askama::Template;
use http::StatusCode;

use super::ways::{Field, Ways};
use crate::dashboard::cells::Cell;
use crate::dashboard::page::{Frame, page};
use crate::routing::Outcome;

#[derive(Template)]
#[template(path = "list.html")]
pub(super) struct List {
    pub(super) frame: Frame,
    pub(super) heading: &'static str,
    pub(super) caption: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) ways: Ways,
    pub(super) filters: Vec<Field>,
    /// Where the same list is a file.
    pub(super) csv: Option<String>,
}

pub(super) fn show(list: List) -> Outcome {
    page(StatusCode::OK, &list, list.frame.said.as_ref())
}
