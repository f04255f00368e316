//! Sections of the documentation as pages show them: paragraphs of words and of what stands in backticks.
//!
//! How to get it wrong: more of Markdown. Whatever else stands in such a section is shown as it is written there.

use askama::Template;
use http::StatusCode;
use http::header::{HeaderValue, VARY};

use crate::http::{Problem, page_response, text_response, wants_html};
use crate::routing::{Outcome, Request};

/// A stretch of text, in backticks or not.
pub(super) struct Part {
    pub(super) is_code: bool,
    pub(super) text: String,
}

/// The sections of a document, each with its heading.
pub(super) fn sections(document: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = document.split("\n## ").skip(1);
    sections.filter_map(|section| section.split_once('\n')).map(|(heading, text)| (heading.trim(), text.trim()))
}

/// The paragraphs of a section.
pub(super) fn paragraphs(text: &str) -> Vec<Vec<Part>> {
    text.split("\n\n").map(parts).collect()
}

/// The page for whoever asks for one; the text for whoever takes anything, as programs do.
pub(super) fn page_or_text<P: Template>(request: &Request, page: impl FnOnce() -> P, text: String) -> Outcome {
    let mut response = if wants_html(request.headers()) {
        let page = page().render().map_err(|_| Problem::internal())?;
        page_response(request.exchange().place(), StatusCode::OK, page)
    } else {
        text_response(StatusCode::OK, "text/plain; charset=utf-8", text)
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

fn parts(paragraph: &str) -> Vec<Part> {
    let one_line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = one_line.split('`').enumerate();
    parts.map(|(index, text)| Part { is_code: index % 2 == 1, text: text.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_become_code_and_lines_one_paragraph() {
        let told: Vec<(bool, String)> =
            parts("send `A: b`\nagain").into_iter().map(|part| (part.is_code, part.text)).collect();
        assert_eq!(told, [(false, "send ".to_owned()), (true, "A: b".to_owned()), (false, " again".to_owned())]);
    }
}
