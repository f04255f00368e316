//! Style, script and the chart library, built into the program.
//!
//! Invariant: a name holds a hash of its content, so a browser may keep it for ever and still never shows an old one.
//! How to get it wrong: naming an asset in a template by hand instead of asking [`asset_url`].

use std::sync::{Arc, LazyLock};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{Response as HttpResponse, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::api::services::Services;
use crate::http::Problem;
use crate::routing::{Outcome, Request};

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, extension, type, content.
const FILES: &[(&str, &str, &str, &[u8])] = &[
    ("dashboard", "css", STYLE, include_bytes!("../../assets/dashboard.css")),
    ("dashboard", "js", SCRIPT, include_bytes!("../../assets/dashboard.js")),
    ("live", "js", SCRIPT, include_bytes!("../../assets/live.js")),
    ("chart", "js", SCRIPT, include_bytes!("../../assets/chart.js")),
    ("uplot", "css", STYLE, include_bytes!("../../assets/vendor/uplot/uPlot.min.css")),
    ("uplot", "js", SCRIPT, include_bytes!("../../assets/vendor/uplot/uPlot.iife.min.js")),
    ("icon", "svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")),
];

/// The assets under their hashed names: a constant, made when the first page is.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.iter().map(Asset::of).collect());

struct Asset {
    plain: String,
    hashed: String,
    etag: String,
    content_type: &'static str,
    content: &'static [u8],
}

impl Asset {
    fn of(&(name, extension, content_type, content): &(&str, &str, &'static str, &'static [u8])) -> Self {
        let hash: String = Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self {
            plain: format!("{name}.{extension}"),
            hashed: format!("{name}.{hash}.{extension}"),
            etag: format!("\"{hash}\""),
            content_type,
            content,
        }
    }
}

/// Where a browser finds the asset that is called `plain` here.
///
/// # Panics
/// When there is none, which the first page of the tests finds.
pub(crate) fn asset_url(plain: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.plain == plain);
    format!("/admin/phones/assets/{}", asset.unwrap_or_else(|| panic!("there is no asset {plain}")).hashed)
}

/// Anybody may have an asset: the login page needs them too.
pub(crate) async fn asset(_services: Arc<Services>, request: Request) -> Outcome {
    let name = request.param_text("name");
    let found = ASSETS.iter().find(|asset| asset.hashed == name);
    let asset = found.ok_or_else(|| Problem::not_found("There is no such asset; load the page again."))?;
    let is_known = request.header(IF_NONE_MATCH.as_str()).is_some_and(|known| known.contains(&asset.etag));
    let mut response = if is_known {
        let mut response = HttpResponse::new(bytes::Bytes::new().into());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        HttpResponse::new(bytes::Bytes::from_static(asset.content).into())
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert(ETAG, HeaderValue::from_str(&asset.etag).map_err(|_| Problem::internal())?);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_a_name_of_its_own_that_changes_with_its_content() {
        let mut names: Vec<_> = ASSETS.iter().map(|asset| asset.hashed.clone()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), FILES.len());
        assert!(asset_url("dashboard.css").starts_with("/admin/phones/assets/dashboard."));
    }
}
