//! Numbers of the account that comparisons do not name, as a part of the list of numbers.

use super::number_fields::fields;
use super::table::{List, show};
use super::ways::Ways;
use crate::api::lists::Part;
use crate::api::lists::ignored::{count, ignored as read};
use crate::api::services::Services;
use crate::dashboard::cells::Cell;
use crate::dashboard::cells::{number, text, time};
use crate::dashboard::page::Frame;
use crate::db::ignored_numbers::IgnoredNumber;
use crate::routing::{Outcome, Request};

pub(super) async fn ignored(services: &Services, request: &Request, part: Part) -> Outcome {
    let sheet = read(services, part).await?;
    let counted = count(services, &sheet).await?;
    let row = |one: IgnoredNumber| {
        vec![
            number(&one.phone_number),
            text(Some(one.sid)),
            time(one.ignored_at),
            Cell::Who(request.person(&one.ignored_by)),
        ]
    };
    show(List {
        frame: Frame::new("Numbers", services, request),
        heading: "Ignored numbers",
        caption: "Numbers of the account that comparisons do not name",
        columns: vec!["Number", "SID", "Ignored", "By"],
        ways: Ways::of(request, &sheet, Some(counted), &["status"], part.limit),
        rows: sheet.items.into_iter().map(row).collect(),
        filters: fields(request),
        csv: None,
        beside: None,
    })
}
