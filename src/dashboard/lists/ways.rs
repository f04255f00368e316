//! What is around a list: the form that narrows it, which part of how many is shown, and the ways on and back.
//!
//! Invariant: whatever narrows the list stays in each link.

use std::fmt::Display;

use crate::api::lists::Sheet;
use crate::dashboard::text::grouped;
use crate::db::slice::{COUNTED_MAX, Counted};
use crate::routing::Request;

/// A field of the form that narrows a list.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) value: String,
    /// What may be chosen, with its words; empty = a text of one's own.
    pub(super) choices: Vec<(&'static str, String)>,
    /// For a text: what it may look like.
    pub(super) hint: &'static str,
}

impl Field {
    /// One of several, or all.
    pub(super) fn choice(
        request: &Request,
        name: &'static str,
        label: &'static str,
        choices: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        let choices = [("", "all".to_owned())].into_iter().chain(choices).collect();
        Self { name, label, value: given(request, name), choices, hint: "" }
    }

    /// A text.
    pub(super) fn text(request: &Request, name: &'static str, label: &'static str, hint: &'static str) -> Self {
        Self { name, label, value: given(request, name), choices: Vec::new(), hint }
    }
}

fn given(request: &Request, name: &str) -> String {
    request.query_text(name).map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// The query with these parameters of the request's, and one more.
fn query(request: &Request, kept: &[&str], more: Option<(&str, String)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in kept.iter().copied().chain(["size"]) {
        let value = given(request, name);
        if !value.is_empty() && more.as_ref().is_none_or(|(other, _)| *other != name) {
            query.append_pair(name, &value);
        }
    }
    if let Some((name, value)) = more {
        query.append_pair(name, &value);
    }
    query.finish()
}

/// The file of a list, with the same filters.
pub(super) fn csv(request: &Request, path: &str, kept: &[&str]) -> Option<String> {
    let kept: Vec<&str> = kept.to_vec();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in kept {
        let value = given(request, name);
        if !value.is_empty() {
            query.append_pair(name, &value);
        }
    }
    Some(format!("{path}?{}", query.finish()).trim_end_matches('?').to_owned())
}

/// Which part of the list this is, and where it goes on.
#[derive(Default)]
pub(in crate::dashboard) struct Ways {
    /// `1–50 of 2,046`; empty when that is not known.
    pub(in crate::dashboard) range: String,
    pub(in crate::dashboard) next: Option<String>,
    pub(in crate::dashboard) previous: Option<String>,
    /// The beginning, from anywhere else.
    pub(in crate::dashboard) first: Option<String>,
    /// How many rows a page may have, with the link and whether it is so now.
    pub(in crate::dashboard) sizes: Vec<(i64, String, bool)>,
}

const SIZES: [i64; 3] = [20, 50, 200];

impl Ways {
    /// For a sheet of a list, narrowed by the parameters `kept`.
    pub(in crate::dashboard) fn of<T, K: Display>(
        request: &Request,
        sheet: &Sheet<T, K>,
        counted: Option<Counted>,
        kept: &[&str],
        limit: i64,
    ) -> Self {
        let link = |name: &str, key: &K| format!("?{}", query(request, kept, Some((name, key.to_string()))));
        let size =
            |size: i64| (size, format!("?{}", query(request, kept, Some(("size", size.to_string())))), size == limit);
        let is_long = sheet.next.is_some() || sheet.previous.is_some();
        Self {
            range: counted.map(|counted| range(counted, sheet.items.len())).unwrap_or_default(),
            next: sheet.next.as_ref().map(|key| link("cursor", key)),
            previous: sheet.previous.as_ref().map(|key| link("before", key)),
            first: sheet.previous.as_ref().map(|_| format!("?{}", query(request, kept, None))),
            sizes: if is_long || limit != 50 { SIZES.into_iter().map(size).collect() } else { Vec::new() },
        }
    }
}

fn range(Counted { total, ahead }: Counted, shown: usize) -> String {
    let shown = i64::try_from(shown).unwrap_or(i64::MAX);
    match total {
        0 => String::new(),
        _ if total > COUNTED_MAX => format!("{} of more than {}", grouped(shown), grouped(COUNTED_MAX)),
        _ => format!("{}–{} of {}", grouped(ahead + 1), grouped(ahead + shown), grouped(total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_which_of_how_many() {
        assert_eq!(range(Counted { total: 2046, ahead: 0 }, 50), "1–50 of 2,046");
        assert_eq!(range(Counted { total: 2046, ahead: 2000 }, 46), "2,001–2,046 of 2,046");
        assert_eq!(range(Counted { total: 3, ahead: 0 }, 3), "1–3 of 3");
        assert_eq!(range(Counted { total: 0, ahead: 0 }, 0), "");
        assert_eq!(range(Counted { total: COUNTED_MAX + 1, ahead: 7 }, 50), "50 of more than 100,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
