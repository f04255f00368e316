//! The page of a list: a heading, the form that narrows it, the rows, the ways on and back.

use askama::Template;
use http::StatusCode;

use super::ways::{Field, Ways};
use crate::dashboard::cells::Cell;
use crate::dashboard::choice::Choice;
use crate::dashboard::page::{Frame, page};
use crate::domain::PoolName;
use crate::routing::Outcome;

#[derive(Template)]
#[template(path = "list.html")]
pub(super) struct List {
    pub(super) frame: Frame,
    pub(super) heading: &'static str,
    pub(super) caption: &'static str,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) ways: Ways,
    pub(super) filters: Vec<Field>,
    /// Where the same list is a file.
    pub(super) csv: Option<String>,
    /// A list of their like, as its path and what the link says.
    pub(super) beside: Option<(&'static str, &'static str)>,
}

/// The columns of a list whose lines say of which pool they are, if they are of several.
pub(super) fn columns(choice: &Choice, columns: &[&'static str]) -> Vec<&'static str> {
    let of_pool = choice.is_mixed().then_some("Pool");
    columns.iter().copied().chain(of_pool).collect()
}

/// The last cell of such a line.
pub(super) fn pool_cell(choice: &Choice, pool: &PoolName) -> Option<Cell> {
    choice.told(pool).map(Cell::Text)
}

pub(super) fn show(list: List) -> Outcome {
    page(StatusCode::OK, &list, &list.frame)
}
