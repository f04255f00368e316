//! Where the daemon stands for whoever asks it: at the root of an address, or below a path of it.
//!
//! Invariants: the path is taken off what comes, once, before anything looks at it, and put before what leaves, at the doors
//! below; in between every path is as if there were none. What comes without it is answered, too: a proxy may have taken it off.
//! How to get it wrong: a link with the path in it. The door would put it there twice.

use http::Uri;
use http::header::{HeaderMap, HeaderValue, LOCATION};
use http::uri::PathAndQuery;
use url::Url;

/// The attributes of our pages that lead somewhere, as they begin when they lead to a path of ours. What people wrote can hold
/// none: on a page there is no quotation mark in it.
const LEADING: [&str; 4] = [" href=\"/", " src=\"/", " action=\"/", " data-stream=\"/"];

/// Where the daemon stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Empty, or `/callbunker`: never with a slash at its end.
    base: Box<str>,
    public: Option<Url>,
}

impl Place {
    /// Below `base` (empty = at the root), and known to browsers as `public`, if that is told.
    #[must_use]
    pub fn new(base: &str, public: Option<Url>) -> Self {
        Self { base: base.into(), public }
    }

    /// The path, without a slash at its end; empty at the root.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The root of the pages as browsers know it.
    pub(crate) fn public(&self) -> Option<&Url> {
        self.public.as_ref()
    }

    /// What a program puts before every path: the root URL as far as it is known.
    pub(crate) fn server(&self) -> String {
        match &self.public {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if self.base.is_empty() => "/".to_owned(),
            None => self.base.to_string(),
        }
    }

    /// The target without the path; `None` when it does not begin with it.
    pub(super) fn taken_off(&self, asked: &Uri) -> Option<Uri> {
        if self.base.is_empty() {
            return None;
        }
        let target = asked.path_and_query()?;
        let rest = target.path().strip_prefix(&*self.base)?;
        let path = match rest {
            "" => "/",
            rest if rest.starts_with('/') => rest,
            _ => return None,
        };
        let bare = match target.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let mut parts = asked.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(bare).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// A target that a page of ours sends along, without the path that it may have.
    pub(crate) fn inside<'t>(&self, target: &'t str) -> &'t str {
        target.strip_prefix(&*self.base).filter(|rest| rest.starts_with('/')).unwrap_or(target)
    }

    /// A path of ours as whoever is outside asks for it.
    pub(crate) fn outside(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A page whose links lead below the path.
    pub(super) fn led(&self, html: String) -> String {
        if self.base.is_empty() {
            return html;
        }
        LEADING.iter().fold(html, |html, attribute| {
            let led = format!("{}{}/", attribute.trim_end_matches('/'), self.base);
            html.replace(attribute, &led)
        })
    }

    /// Leads the answer's `Location` below the path, if it is one of ours.
    pub(super) fn lead(&self, headers: &mut HeaderMap) {
        let is_ours = |value: &&HeaderValue| value.as_bytes().starts_with(b"/");
        if self.base.is_empty() {
            return;
        }
        if let Some(location) = headers.get(LOCATION).filter(is_ours) {
            let led = [self.base.as_bytes(), location.as_bytes()].concat();
            // Proof: both are header characters, the path by the configuration's rule.
            headers.insert(LOCATION, HeaderValue::from_bytes(&led).expect("a path before a path is a header value"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below() -> Place {
        Place::new("/callbunker", None)
    }

    #[test]
    fn the_path_is_taken_off_once_and_only_as_a_whole_segment() {
        let off = |asked: &str| below().taken_off(&asked.parse().unwrap()).map(|uri| uri.to_string());
        let some = |bare: &str| Some(bare.to_owned());
        assert_eq!(off("/callbunker"), some("/"));
        assert_eq!(off("/callbunker/"), some("/"));
        assert_eq!(off("/callbunker?x=1"), some("/?x=1"));
        assert_eq!(off("/callbunker/admin/a%2Fb?x=/callbunker/y"), some("/admin/a%2Fb?x=/callbunker/y"));
        assert_eq!(off("/callbunker/callbunker/x"), some("/callbunker/x"));
        assert_eq!(off("http://host:80/callbunker/x"), some("http://host:80/x"));
        assert_eq!(off("/callbunker//x"), some("//x"));
        for other in ["/", "/admin", "/callbunkers/x", "/x/callbunker/", "/Callbunker/x", "*"] {
            assert_eq!(off(other), None, "{other}");
        }
        assert_eq!(Place::default().taken_off(&"/admin".parse().unwrap()), None);
    }

    #[test]
    fn what_leaves_has_the_path_before_it() {
        let html = r#"<a href="/a?b=/c">/d</a> <a href="?x">y</a><a href="https://e/f"><img src="/g"><i title="/h" data-copy="/i">"#;
        let led = r#"<a href="/callbunker/a?b=/c">/d</a> <a href="?x">y</a><a href="https://e/f"><img src="/callbunker/g"><i title="/h" data-copy="/i">"#;
        assert_eq!(below().led(html.to_owned()), led);
        assert_eq!(Place::default().led(html.to_owned()), html);
        let location = |place: &Place, location: &'static str| {
            let mut headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]);
            place.lead(&mut headers);
            headers[LOCATION].to_str().unwrap().to_owned()
        };
        assert_eq!(location(&below(), "/admin/login?next=%2Fadmin"), "/callbunker/admin/login?next=%2Fadmin");
        assert_eq!(location(&below(), "https://elsewhere/x"), "https://elsewhere/x");
        assert_eq!(location(&Place::default(), "/admin"), "/admin");
    }

    #[test]
    fn what_a_page_sends_along_may_have_the_path() {
        assert_eq!(below().inside("/callbunker/admin/x"), "/admin/x");
        assert_eq!(below().inside("/admin/x"), "/admin/x");
        assert_eq!(below().inside("/callbunkers/admin/x"), "/callbunkers/admin/x");
        assert_eq!(Place::default().inside("/admin/x"), "/admin/x");
    }

    #[test]
    fn the_server_is_the_public_url_or_the_path() {
        let public = |url: &str| Place::new("/p", Some(url.parse().unwrap())).server();
        assert_eq!(public("https://ops.example.com/p/"), "https://ops.example.com/p");
        assert_eq!(public("https://ops.example.com"), "https://ops.example.com");
        assert_eq!((below().server(), Place::default().server()), ("/callbunker".to_owned(), "/".to_owned()));
    }
}
