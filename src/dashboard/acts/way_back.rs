//! Where an act was asked for, and so where its result is told.
//!
//! How to get it wrong: a redirect to wherever a form says. Only pages of the dashboard are gone back to.

use http::Uri;

use super::super::next::{acceptable, without_keys};
use super::super::page::HOME;
use crate::routing::Request;

/// The page on which the question was asked: as the script says, or the browser.
pub(super) fn asked_on(request: &Request) -> String {
    let place = request.exchange().place();
    let ours = |target: &str| page_of_ours(place.inside(target));
    let said = request.query_text("back").or_else(|| request.form_text("back")).and_then(|back| ours(&back));
    let from = || ours(request.header("referer")?.parse::<Uri>().ok()?.path_and_query()?.as_str());
    said.or_else(from).unwrap_or_else(|| HOME.to_owned())
}

/// The same, as its form sends it.
pub(super) fn sent_from(request: &Request) -> Option<String> {
    request.form_text("back").and_then(|back| page_of_ours(request.exchange().place().inside(&back)))
}

/// A page of the dashboard that is no question.
fn page_of_ours(target: &str) -> Option<String> {
    let page = without_keys(&acceptable(target)?.split('#').next()?.parse().ok()?);
    let rest = page.strip_prefix(HOME)?;
    let is_page = rest.is_empty() || rest.starts_with('?') || rest.starts_with('/') && !rest.starts_with("/acts/");
    is_page.then_some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_dashboard_are_gone_back_to() {
        for good in ["", "?hours=24", "/numbers?status=available&cursor=7", "/search?q=%2B14155550100"] {
            let page = format!("{HOME}{good}");
            assert_eq!(page_of_ours(&page).as_deref(), Some(page.as_str()));
        }
        assert_eq!(page_of_ours(&format!("{HOME}#h-buy")).as_deref(), Some(HOME));
        assert_eq!(page_of_ours(&format!("{HOME}?api_key=secret&hours=1")), Some(format!("{HOME}?hours=1")));
        let evil = [
            "",
            "https://evil.example/admin/phones/dashboard",
            "//evil.example/admin/phones/dashboard",
            "/admin/phones/dashboard.evil.example",
            "/admin/phones/dashboard/..//evil.example",
            "/admin/phones/dashboard/%2e%2E/logout",
            "/admin/phones/dashboard/\\evil.example",
            "/admin/phones/dashboard/acts/pause",
            "/admin/phones/api/status",
            "/admin/logout",
            "javascript:alert(1)",
        ];
        for bad in evil {
            assert_eq!(page_of_ours(bad), None, "{bad}");
        }
    }
}
