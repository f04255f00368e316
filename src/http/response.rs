//! Answers that are not problems.
//!
//! How to get it wrong: building JSON by hand, or forgetting the content type.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response as HttpResponse, StatusCode};
/// What every handler returns in the end.
pub type Response = warp::reply::Response;

/// A text of any type, such as HTML or metrics.
#[must_use]
pub fn text_response(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    with_type(status, HeaderValue::from_static(content_type), body)
}

/// 303 to another page.
#[must_use]
pub fn see_other(location: HeaderValue) -> Response {
    let mut response = HttpResponse::new(String::new().into());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    response
}

/// An answer with these bytes.
pub(crate) fn with_type(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let body: Bytes = body.into();
    let mut response = HttpResponse::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
