//! `/problems/CODE`: what a problem's `type` leads to, for people as a page and for programs as text.
//!
//! Invariant: every code has its section in `docs/problems.md`, in the order of the codes; what is served is that text.
//! How to get it wrong: telling of one case here. That is what `detail` is for; a page is the same for everybody.

use std::sync::Arc;

use http::StatusCode;

use super::assets::asset_url;
use super::paragraphs::{Part, page_or_text, paragraphs, sections};
use crate::api::services::Services;
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request};

const PAGES: &str = include_str!("../../docs/problems.md");

#[derive(askama::Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    code: &'static str,
    title: &'static str,
    status: u16,
    paragraphs: Vec<Vec<Part>>,
    style: String,
    icon: String,
}

/// What stands in the documentation about `code`.
fn text_of(code: ProblemCode) -> &'static str {
    sections(PAGES).find(|(known, _)| *known == code.as_str()).map_or("", |(_, text)| text)
}

pub(crate) async fn show(_services: Arc<Services>, request: Request) -> Outcome {
    let code = ProblemCode::spelled(request.param_text("code"));
    let code = code.ok_or_else(|| Problem::not_found("There is no such problem; /openapi.json lists every code."))?;
    let (text, status) = (text_of(code), code.status().as_u16());
    let page = || ProblemPage {
        code: code.as_str(),
        title: code.title(),
        status,
        paragraphs: paragraphs(text),
        style: asset_url("dashboard.css"),
        icon: asset_url("icon.svg"),
    };
    page_or_text(&request, page, format!("{} ({}, status {status})\n\n{text}\n", code.title(), code.as_str()))
}

pub(crate) fn about() -> About {
    use utoipa::openapi::schema::{Object, Type};
    About::new("problem", "Everybody", "Tells what a problem's code means, and what to do")
        .text(
            "A problem's `type` leads here. Whoever accepts `text/html` gets a page, everybody else the same as text.",
        )
        .path::<String>("code", "The `code` of a problem.")
        .answer_as(
            StatusCode::OK,
            "text/plain",
            "What it means.",
            Object::with_type(Type::String),
            "The pool is empty …",
        )
        .refuses(ProblemCode::NotFound, "There is no such code.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_text_in_the_order_of_the_codes() {
        let told: Vec<&str> = sections(PAGES).map(|(code, _)| code).collect();
        let codes: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(told, codes);
        for (code, text) in sections(PAGES) {
            assert!(text.len() > 40 && text.ends_with('.') && text.matches('`').count() % 2 == 0, "{code}: {text}");
            assert!(!text.contains("](") && !text.contains('*'), "{code}: only paragraphs and backticks are served");
        }
    }
}
