//! Answers that are not problems.
//!
//! How to get it wrong: building JSON by hand, or forgetting the content type.

use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response as HttpResponse, StatusCode};
use serde::Serialize;

use super::problem::Problem;

/// What every handler returns in the end.
pub type Response = warp::reply::Response;

/// A JSON answer.
///
/// # Errors
/// 500 when the value does not serialise, which only a map with non-text keys can cause.
pub fn json_response<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|_| Problem::internal())?;
    Ok(with_type(status, HeaderValue::from_static("application/json"), body))
}

/// A text of any type, such as HTML or metrics.
#[must_use]
pub fn text_response(status: StatusCode, content_type: &'static str, body: String) -> Response {
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

fn with_type<B>(status: StatusCode, content_type: HeaderValue, body: B) -> Response
where
    B: Into<bytes::Bytes>,
{
    let body: bytes::Bytes = body.into();
    let mut response = HttpResponse::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
