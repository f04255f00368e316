//! What is refused of a request's head before anything else looks at it.
//!
//! Invariants: past this check a target has a path, there is at most one `Host` (and one where HTTP/1.1 wants it), and a
//! body is framed by its length or by chunks alone. Whoever stands before us may read such a request in another way than
//! we do, so its connection ends with the answer.
//! How to get it wrong: letting a target without a path on to warp. `CONNECT host:443` has none, and neither has `GET host`:
//! its path filters panic.

use http::header::{HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Uri, Version};

use super::problem::Problem;
use super::problem_code::ProblemCode;

/// Whether this head can be understood in one way only, and says where it wants to go.
pub(crate) fn check(head: &Parts) -> Result<(), Problem> {
    check_codings(&head.headers)?;
    check_host(head.version, &head.headers)?;
    check_target(&head.uri)
}

/// `/path`, `http://host/path` and `*` have a path; `host:port` has none.
fn check_target(uri: &Uri) -> Result<(), Problem> {
    match uri.path_and_query() {
        Some(_) => Ok(()),
        None => Err(bad("The request's target has no path; ask for a path that begins with /.")),
    }
}

fn check_host(version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Err(bad("There is more than one Host header; send one.")),
        (None, None) if version >= Version::HTTP_11 => Err(bad("There is no Host header; send one.")),
        (Some(host), None) if !is_host(host) => Err(bad("The Host header is neither a name nor an address.")),
        _ => Ok(()),
    }
}

/// An empty one is allowed: whoever has a target without a host sends that.
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_empty() || (!bytes.contains(&b'@') && Authority::try_from(bytes).is_ok())
}

/// Chunks, once, and nothing else.
fn check_codings(headers: &HeaderMap) -> Result<(), Problem> {
    if !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(());
    }
    let lines = headers.get_all(TRANSFER_ENCODING).iter();
    let mut codings = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    // Empty elements of a list mean nothing.
    let mut codings = codings.by_ref().filter(|coding| !coding.is_empty());
    match (codings.next(), codings.next()) {
        (Some(only), None) if only.eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Problem::new(
            ProblemCode::NotImplemented,
            "No transfer coding but chunked is understood; send the body as it is, chunked or with its length.",
        )),
    }
}

fn bad(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::BadRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(target: &str, version: Version, headers: &[(&str, &[u8])]) -> Option<u16> {
        let mut request = http::Request::builder().uri(target).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        check(&head).err().map(|problem| problem.code().status().as_u16())
    }

    #[test]
    fn a_target_must_have_a_path() {
        for (target, refused) in [
            ("/a?b", None),
            ("http://host/a", None),
            ("http://host", None),
            ("http://host?q", None),
            ("*", None),
            ("host", Some(400)),
            ("host:443", Some(400)),
            ("a@b", Some(400)),
            ("[::1]", Some(400)),
        ] {
            assert_eq!(told(target, Version::HTTP_11, &[("host", b"t")]), refused, "{target}");
        }
    }

    #[test]
    fn one_host_and_a_plausible_one() {
        let of = |version, hosts: &[&[u8]]| {
            let headers: Vec<(&str, &[u8])> = hosts.iter().map(|host| ("host", *host)).collect();
            told("/", version, &headers)
        };
        let good: [&[u8]; 6] = [b"t", b"", b"t.example:8080", b"[::1]:80", b"10.0.0.1", b"under_score"];
        for host in good {
            assert_eq!(of(Version::HTTP_11, &[host]), None, "{host:?}");
        }
        let bad: [&[u8]; 5] = [b"a b", b"a/b", b"a@b", b"t, u@", b"\xff"];
        for host in bad {
            assert_eq!(of(Version::HTTP_11, &[host]), Some(400), "{host:?}");
        }
        assert_eq!(of(Version::HTTP_11, &[]), Some(400));
        assert_eq!(of(Version::HTTP_10, &[]), None);
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert_eq!(of(version, &[b"t", b"t"]), Some(400));
        }
    }

    #[test]
    fn chunked_is_the_only_coding() {
        let of = |lines: &[&str]| {
            let mut headers: Vec<(&str, &[u8])> = vec![("host", b"t")];
            headers.extend(lines.iter().map(|line| ("transfer-encoding", line.as_bytes())));
            told("/", Version::HTTP_11, &headers)
        };
        for lines in [&[][..], &["chunked"], &["Chunked"], &[", chunked ,"], &["", "chunked"]] {
            assert_eq!(of(lines), None, "{lines:?}");
        }
        for lines in [
            &["gzip, chunked"][..],
            &["gzip", "chunked"],
            &["chunked, chunked"],
            &["identity, chunked"],
            &["gzip"],
            &[""],
        ] {
            assert_eq!(of(lines), Some(501), "{lines:?}");
        }
    }
}
