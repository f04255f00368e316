//! Where somebody goes after the login: to the page that they wanted.
//!
//! How to get it wrong: a redirect to wherever a link says. Only our own pages are gone to.

use http::Uri;
use http::header::HeaderValue;
use percent_encoding::percent_decode_str;

use crate::http::{KEY_PARAMETER, Response, see_other};

const LOGIN: &str = "/admin/login";
const DASHBOARD: &str = "/admin/phones/dashboard";
const LENGTH_MAX: usize = 2000;

/// 303 to the login form, which leads back to this page.
pub(super) fn login_first(wanted: &Uri) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let target = match acceptable(&without_keys(wanted)) {
        Some(next) => format!("{LOGIN}?{}", query.append_pair("next", next).finish()),
        None => LOGIN.to_owned(),
    };
    see_other(header(&target))
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
    let is_ours =
        path.starts_with("/admin/") && !path.contains("//") && !path.split('/').any(|segment| segment == "..");
    let is_about_sessions = path == LOGIN || path == "/admin/logout";
    (is_plain && is_ours && !is_about_sessions && next.parse::<Uri>().is_ok()).then_some(next)
}

fn without_keys(uri: &Uri) -> String {
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
        let location = |uri: &str| login_first(&uri.parse().unwrap()).headers()[LOCATION].to_str().unwrap().to_owned();
        assert_eq!(location("/admin/phones/dashboard"), "/admin/login?next=%2Fadmin%2Fphones%2Fdashboard");
        assert_eq!(location("/admin/x?api_key=secret&a=b"), "/admin/login?next=%2Fadmin%2Fx%3Fa%3Db");
        assert_eq!(location("/admin/x?api%5Fkey=secret"), "/admin/login?next=%2Fadmin%2Fx");
        assert_eq!(location("/other"), "/admin/login");
    }
}
