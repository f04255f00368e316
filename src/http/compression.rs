//! Answers that travel compressed: whole texts from a size on, for whoever accepts gzip.
//!
//! Invariants: what is small pays nothing but a look at its size (a signup's answer); what is sent piece by piece, such as events,
//! stays as it is; an answer that may come in two ways says so (`Vary`), and its tag is a weak one.
//! Why not always: the size of a compressed answer tells how much a text that somebody else chose (a search, say) is like one that
//! they must not know (a session's CSRF token, a user's id). Who can watch the line needs a page elsewhere that lets the browser
//! ask, with its cookie, again and again (BREACH). Browsers tell by `Sec-Fetch-Site` who wanted a request: with a cookie, only
//! what our own pages or the person wanted is compressed. A key that a program sends is nothing that a page elsewhere can make
//! a browser send, and what everybody may keep holds no secret.
//! How to get it wrong: taking the token out of pages, or masking it, and compressing for everybody. It is not the only secret there.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, ETAG, HeaderMap,
    HeaderName, HeaderValue, VARY,
};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;

use super::response::Response;

/// What is smaller fits in a packet anyway.
const BYTES_MIN: u64 = 1024;
/// What is larger is compressed where it holds nobody up.
const AT_ONCE_BYTES_MAX: usize = 128 * 1024;
/// Of 9: most of the gain, a millisecond for a page.
const LEVEL: u32 = 5;
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Content types that shrink, but for all of `text/`.
const TEXTS: [&str; 4] = ["application/json", "application/problem+json", "application/javascript", "image/svg+xml"];

/// The answer as it goes out to whoever sent these headers.
pub(crate) async fn compressed(asked: &HeaderMap, mut response: Response) -> Response {
    let has_size = response.body().size_hint().exact().is_some_and(|size| size >= BYTES_MIN);
    if !has_size || !is_text(response.headers()) || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if !accepts_gzip(asked) || !(is_for_everybody(response.headers()) || nobody_else_wanted_it(asked)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = body.collect().await else { return lost(parts) };
    let whole = whole.to_bytes();
    let smaller = if whole.len() > AT_ONCE_BYTES_MAX {
        let text = whole.clone();
        tokio::task::spawn_blocking(move || gzip(&text)).await.ok().flatten()
    } else {
        gzip(&whole)
    };
    let Some(smaller) = smaller.filter(|smaller| smaller.len() < whole.len()) else {
        return Response::from_parts(parts, whole.into());
    };
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(CONTENT_LENGTH);
    // Not the same bytes as without it.
    if let Some(tag) = parts.headers.get_mut(ETAG)
        && !tag.as_bytes().starts_with(b"W/")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        *tag = weak;
    }
    Response::from_parts(parts, smaller.into())
}

/// A body of a known size that breaks off: there is none.
fn lost(mut parts: http::response::Parts) -> Response {
    parts.status = http::StatusCode::INTERNAL_SERVER_ERROR;
    Response::from_parts(parts, Bytes::new().into())
}

fn gzip(text: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 3), Compression::new(LEVEL));
    encoder.write_all(text).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn is_text(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).map_or(b"".as_slice(), HeaderValue::as_bytes);
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.starts_with(b"text/") || TEXTS.iter().any(|text| essence == text.as_bytes())
}

fn is_for_everybody(headers: &HeaderMap) -> bool {
    headers.get(CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"public"))
}

/// Whether no page of somebody else's can have made a browser ask this with its cookie.
fn nobody_else_wanted_it(asked: &HeaderMap) -> bool {
    !asked.contains_key(COOKIE) || asked.get(FETCH_SITE).is_some_and(|site| site == "same-origin" || site == "none")
}

/// Whether gzip is named with a weight above 0, or everything is and gzip is not excluded.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    let (mut gzip, mut any) = (None, None);
    for line in asked.get_all(ACCEPT_ENCODING) {
        for element in line.to_str().unwrap_or_default().split(',') {
            let (coding, weight) = element.split_once(';').unwrap_or((element, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
            match coding.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(weight > 0.0),
                "*" => any = Some(weight > 0.0),
                _ => {}
            }
        }
    }
    gzip.or(any).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use http::StatusCode;

    use super::*;
    use crate::http::response::text_response;

    const PAGE: &str = "text/html; charset=utf-8";

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        lines.iter().map(line).collect()
    }

    async fn answer(asked: &[(&'static str, &'static str)], response: Response) -> (HeaderMap, Bytes) {
        let response = compressed(&headers(asked), response).await;
        let (parts, body) = response.into_parts();
        (parts.headers, body.collect().await.unwrap().to_bytes())
    }

    fn text() -> String {
        "callbunker ".repeat(1000)
    }

    #[tokio::test]
    async fn a_text_is_smaller_for_whoever_accepts_that_and_the_same_for_all_others() {
        for kind in [
            PAGE,
            "text/css",
            "text/csv; charset=utf-8",
            "application/json",
            "application/problem+json",
            "image/svg+xml",
        ] {
            let (told, body) =
                answer(&[("accept-encoding", "br, gzip")], text_response(StatusCode::OK, kind, text())).await;
            assert!(told[CONTENT_ENCODING] == "gzip" && told[VARY] == "Accept-Encoding", "{kind}");
            let mut whole = String::new();
            GzDecoder::new(&body[..]).read_to_string(&mut whole).unwrap();
            assert!(whole == text() && body.len() < 200, "{kind}");
            let (told, body) = answer(&[], text_response(StatusCode::OK, kind, text())).await;
            assert!(
                told.get(CONTENT_ENCODING).is_none() && told[VARY] == "Accept-Encoding" && body == text(),
                "{kind}"
            );
        }
        let large = || text_response(StatusCode::OK, PAGE, "callbunker ".repeat(100_000));
        let (told, body) = answer(&[("accept-encoding", "gzip")], large()).await;
        assert!(told[CONTENT_ENCODING] == "gzip" && body.len() < 10_000, "elsewhere");
    }

    #[tokio::test]
    async fn what_is_small_no_text_or_sent_in_pieces_stays_as_it_is() {
        let small = text_response(StatusCode::OK, "application/json", "x".repeat(1023));
        let picture = text_response(StatusCode::OK, "image/png", text());
        let pieces = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(text()))]);
        let mut events = warp::Reply::into_response(warp::reply::stream(pieces));
        events.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        for response in [small, picture, events] {
            let (told, _) = answer(&[("accept-encoding", "gzip")], response).await;
            assert!(told.get(CONTENT_ENCODING).is_none() && told.get(VARY).is_none(), "{told:?}");
        }
    }

    #[tokio::test]
    async fn with_a_cookie_only_what_we_or_the_person_wanted_is_compressed() {
        let page = || text_response(StatusCode::OK, PAGE, text());
        let shrinks = |more: &'static [(&'static str, &'static str)], response: Response| async move {
            let asked: Vec<_> = [("accept-encoding", "gzip")].iter().chain(more).copied().collect();
            answer(&asked, response).await.0.contains_key(CONTENT_ENCODING)
        };
        assert!(shrinks(&[("cookie", "a=b"), ("sec-fetch-site", "same-origin")], page()).await);
        assert!(shrinks(&[("cookie", "a=b"), ("sec-fetch-site", "none")], page()).await);
        assert!(!shrinks(&[("cookie", "a=b"), ("sec-fetch-site", "same-site")], page()).await);
        assert!(!shrinks(&[("cookie", "a=b"), ("sec-fetch-site", "cross-site")], page()).await);
        assert!(!shrinks(&[("cookie", "a=b")], page()).await, "a browser that does not say");
        assert!(shrinks(&[("x-admin-api-key", "k"), ("sec-fetch-site", "cross-site")], page()).await, "a program");
        let mut asset = page();
        asset.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        asset.headers_mut().insert(ETAG, HeaderValue::from_static("\"abc\""));
        let (told, _) = answer(&[("accept-encoding", "gzip"), ("cookie", "a=b")], asset).await;
        assert!(told[CONTENT_ENCODING] == "gzip" && told[ETAG] == "W/\"abc\"", "{told:?}");
    }

    #[test]
    fn gzip_is_accepted_as_it_is_weighed() {
        for (line, accepts) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("*;q=0", false),
            ("identity", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(accepts_gzip(&headers(&[("accept-encoding", line)])), accepts, "{line}");
        }
    }
}
