//! Where somebody goes after the login: to the page that they wanted.
//!
//! How to get it wrong: a redirect to wherever a link says. Only our own pages are gone to.

use http::Uri;
use http::header::HeaderValue;
use percent_encoding::percent_decode_str;

use crate::http::{KEY_PARAMETER, Response, see_other};

pub(super) const LOGIN: &str = "/admin/login";
const DASHBOARD: &str = "/admin/phones/dashboard";
const LENGTH_MAX: usize = 2000;
/// Says to the login form that somebody meant to do something when their session had ended.
pub(super) const ENDED: &str = "ended";

/// Fields of a form that no login keeps: secrets, what proves that somebody meant it, and the name of one order.
const NEVER_KEPT: [&str; 5] = ["csrf_token", "confirm", "order", KEY_PARAMETER, "next"];

/// 303 to the login form, which leads back to this page; with what a form `posted`, to the question that it answers, filled
/// in as it was.
pub(super) fn login_first(wanted: &Uri, posted: Option<&[u8]>) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let kept = posted.map(|form| format!("{}{}", wanted.path(), fields(form)));
    let wanted = without_keys(wanted);
    if let Some(next) = kept.as_deref().and_then(acceptable).or_else(|| acceptable(&wanted)) {
        query.append_pair("next", next);
    }
    if posted.is_some() {
        query.append_pair(ENDED, "1");
    }
    let query = query.finish();
    see_other(header(&if query.is_empty() { LOGIN.to_owned() } else { format!("{LOGIN}?{query}") }))
}

/// What a form sent, as a query.
fn fields(form: &[u8]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let kept = form_urlencoded::parse(form).filter(|(name, value)| !NEVER_KEPT.contains(&&**name) && !value.is_empty());
    for (name, value) in kept {
        query.append_pair(&name, &value);
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// 303 to the page that was wanted, or to the dashboard.
pub(crate) fn welcome(next: Option<&str>) -> Response {
    see_other(header(next.and_then(acceptable).unwrap_or(DASHBOARD)))
}

/// 303 to the login form.
pub(super) fn farewell() -> Response {
    see_other(HeaderValue::from_static(LOGIN))
}

/// A local path below `/admin/` that is not about logging in or out.
pub(super) fn acceptable(next: &str) -> Option<&str> {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let is_plain = next.len() <= LENGTH_MAX && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Browsers read `%2e%2e` as `..`.
    let leads_up = |segment: &str| matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "." | "..");
    let is_ours = path.starts_with("/admin/") && !path.contains("//") && !path.split('/').any(leads_up);
    let is_about_sessions = path == LOGIN || path == "/admin/logout";
    (is_plain && is_ours && !is_about_sessions && next.parse::<Uri>().is_ok()).then_some(next)
}

pub(super) fn without_keys(uri: &Uri) -> String {
    let Some(query) = uri.query() else { return uri.path().to_owned() };
    let is_key = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        percent_decode_str(name).decode_utf8_lossy().eq_ignore_ascii_case(KEY_PARAMETER)
    };
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), rest.join("&")) }
}

fn header(target: &str) -> HeaderValue {
    // What is not a header value was not acceptable; the form leads on from there.
    HeaderValue::from_str(target).unwrap_or(HeaderValue::from_static(LOGIN))
}

#[cfg(test)]
mod tests {
    use http::header::LOCATION;

    use super::*;

    #[test]
    fn only_pages_of_ours_are_gone_to() {
        for good in ["/admin/phones/dashboard", "/admin/phones/dashboard?a=b&c", "/admin/x#y"] {
            assert_eq!(acceptable(good), Some(good));
        }
        for bad in [
            "",
            "/",
            "admin/x",
            "//evil.example/admin/",
            "https://evil.example/admin/",
            "/admin",
            "/admin//evil",
            "/admin/../x",
            "/admin/\\evil",
            "/admin/\r\nSet-Cookie: x",
            "/admin/ü",
            "/admin/login",
            "/admin/login?next=/admin/x",
            "/admin/logout",
        ] {
            assert_eq!(acceptable(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_way_back_is_kept_without_keys() {
        let location =
            |uri: &str| login_first(&uri.parse().unwrap(), None).headers()[LOCATION].to_str().unwrap().to_owned();
        assert_eq!(location("/admin/phones/dashboard"), "/admin/login?next=%2Fadmin%2Fphones%2Fdashboard");
        assert_eq!(location("/admin/x?api_key=secret&a=b"), "/admin/login?next=%2Fadmin%2Fx%3Fa%3Db");
        assert_eq!(location("/admin/x?api%5Fkey=secret"), "/admin/login?next=%2Fadmin%2Fx");
        assert_eq!(location("/other"), "/admin/login");
    }

    #[test]
    fn what_a_form_posted_is_kept_without_secrets_and_only_for_pages_of_ours() {
        let location = |uri: &str, form: &str| {
            let response = login_first(&uri.parse().unwrap(), Some(form.as_bytes()));
            response.headers()[LOCATION].to_str().unwrap().to_owned()
        };
        let form =
            "csrf_token=t&reason=ask+Dana+%26+co&confirm=0142&order=o&api_key=k&next=https://evil.example&empty=";
        assert_eq!(
            location("/admin/phones/dashboard/acts/pause", form),
            "/admin/login?next=%2Fadmin%2Fphones%2Fdashboard%2Facts%2Fpause%3Freason%3Dask%2BDana%2B%2526%2Bco&ended=1"
        );
        assert_eq!(location("/admin/logout", form), "/admin/login?ended=1");
        let long = format!("reason={}", "x".repeat(3000));
        assert!(location("/admin/x", &long).ends_with("?next=%2Fadmin%2Fx&ended=1"), "too long to be kept");
    }
}
