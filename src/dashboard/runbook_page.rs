//! `/runbook/KIND`: what an alert's link leads to, for people as a page and for programs as text.
//!
//! Invariant: every kind of alert has its section in `docs/runbook.md`, which Prometheus' rules share; what is served is that text.
//! How to get it wrong: a fact in it. Everybody may read this page; what is so now stands in the alert.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;

use super::assets::asset_url;
use super::paragraphs::{Part, page_or_text, paragraphs, sections};
use crate::api::services::Services;
use crate::domain::alert::AlertKind;
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request};

const RUNBOOK: &str = include_str!("../../docs/runbook.md");

#[derive(askama::Template)]
#[template(path = "runbook.html")]
struct RunbookPage {
    kind: AlertKind,
    means: &'static str,
    paragraphs: Vec<Vec<Part>>,
    style: String,
    icon: String,
}

/// What stands in the runbook about `kind`, as plain words: links and emphasis lead nowhere here.
fn text_of(kind: AlertKind) -> String {
    sections(RUNBOOK).find(|(heading, _)| *heading == kind.heading()).map_or_else(String::new, |(_, text)| plain(text))
}

fn plain(text: &str) -> String {
    let mut plain = Cow::Borrowed(text);
    // `[words](target)` keeps its words.
    while let Some((at, end)) = plain.find("](").and_then(|at| Some((at, at + plain[at..].find(')')?))) {
        let Some(begin) = plain[..at].rfind('[') else { break };
        plain = Cow::Owned(format!("{}{}{}", &plain[..begin], &plain[begin + 1..at], &plain[end + 1..]));
    }
    plain.replace("**", "").replace(" *", " ").replace("* ", " ").replace("*\n", "\n")
}

pub(crate) async fn show(_services: Arc<Services>, request: Request) -> Outcome {
    let kind: AlertKind = request
        .param_text("kind")
        .parse()
        .map_err(|_| Problem::not_found("There is no such kind of alert; /openapi.json lists every one."))?;
    let text = text_of(kind);
    let page = || RunbookPage {
        kind,
        means: kind.means(),
        paragraphs: paragraphs(&text),
        style: asset_url("dashboard.css"),
        icon: asset_url("icon.svg"),
    };
    page_or_text(&request, page, format!("{kind}\n\n{}\n\n{text}\n", kind.means()))
}

pub(crate) fn about() -> About {
    use utoipa::openapi::schema::{Object, Type};
    About::new("runbook", "Everybody", "Tells what an alert of a kind means, where to look and what to do")
        .text("An alert's `runbook` leads here. Whoever accepts `text/html` gets a page, everybody else the same as text.")
        .path::<AlertKind>("kind", "The `kind` of an alert.")
        .answer_as(
            StatusCode::OK,
            "text/plain",
            "What it means.",
            Object::with_type(Type::String),
            "pool.empty\n\nSignups wait for a purchase …",
        )
        .refuses(ProblemCode::NotFound, "There is no such kind.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_section_and_it_is_served_as_plain_words() {
        for kind in AlertKind::ALL {
            let text = text_of(*kind);
            assert!(
                text.len() > 40 && text.ends_with('.') && text.matches('`').count().is_multiple_of(2),
                "{kind}: {text}"
            );
            assert!(!text.contains("](") && !text.contains('*') && !text.contains("```"), "{kind}: {text}");
        }
        assert_eq!(
            plain("See [an empty pool](#x) and *No SMS* (1), *b*\nc **d**."),
            "See an empty pool and No SMS (1), b\nc d."
        );
    }
}
