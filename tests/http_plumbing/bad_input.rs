//! "Looked at in this order: path, method, key, media type, size, JSON, fields."

use std::sync::atomic::Ordering;

use crate::client::{Reply, get, post_json};
use crate::world::{ADMIN, SIGNUP, World};

const KIB_64: usize = 64 * 1024;

async fn once(world: &World, request: impl AsRef<[u8]>) -> Reply {
    world.client().await.ask(request).await
}

/// A request that is wrong in every way from the given one on, and right before it.
struct Wrong {
    path: bool,
    method: bool,
    key: bool,
    media_type: bool,
    size: bool,
    json: bool,
}

fn wrong_request(wrong: &Wrong) -> String {
    let path = if wrong.path { "/signup/api/assign/" } else { "/signup/api/assign" };
    let method = if wrong.method { "PUT" } else { "POST" };
    let key = if wrong.key { "nobody" } else { SIGNUP };
    let media_type = if wrong.media_type { "text/plain" } else { "application/json" };
    let mut body = if wrong.json { "{\"user_id\"".to_owned() } else { "{\"user_id\":7}".to_owned() };
    if wrong.size {
        body.push_str(&" ".repeat(KIB_64));
    }
    format!(
        "{method} {path} HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {key}\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn the_first_wrong_thing_is_told() {
    let world = World::new().await;
    let mut wrong = Wrong { path: true, method: true, key: true, media_type: true, size: true, json: true };
    let mut client = world.client().await;
    assert_eq!(client.ask(wrong_request(&wrong)).await.problem(), (404, "not_found".into()));
    wrong.path = false;
    assert_eq!(client.ask(wrong_request(&wrong)).await.problem(), (405, "method_not_allowed".into()));
    wrong.method = false;
    assert_eq!(client.ask(wrong_request(&wrong)).await.problem(), (401, "unauthorized".into()));
    wrong.key = false;
    assert_eq!(client.ask(wrong_request(&wrong)).await.problem(), (415, "unsupported_media_type".into()));
    wrong.media_type = false;
    assert_eq!(client.ask(wrong_request(&wrong)).await.problem(), (413, "payload_too_large".into()));
    wrong.size = false;
    let mut client = world.client().await;
    assert_eq!(client.ask(wrong_request(&wrong)).await.problem(), (400, "malformed_json".into()));
    wrong.json = false;
    let last = client.ask(wrong_request(&wrong)).await;
    assert_eq!(last.problem(), (422, "invalid_field".into()));
    assert_eq!(last.json()["field"], "user_id");
    assert_eq!(world.context.assigned.load(Ordering::SeqCst), 0, "nothing of it reaches a handler's work");
}

#[tokio::test]
async fn a_wrong_method_is_told_which_ones_there_are() {
    let world = World::new().await;
    for (method, path, allow) in [
        ("GET", "/signup/api/assign", "POST"),
        ("OPTIONS", "/signup/api/assign", "POST"),
        ("HEAD", "/signup/api/assign", "POST"),
        ("POST", "/list", "GET, HEAD"),
        ("BREW", "/panic", "GET, HEAD, POST"),
    ] {
        let mut client = world.client().await;
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")).await;
        let reply = if method == "HEAD" { client.reply_without_body().await } else { client.reply().await };
        assert_eq!((reply.status, reply.header("allow")), (405, Some(allow)), "{method} {path}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    }
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let world = World::new().await;
    for path in ["/", "/list/", "//list", "/LIST", "/signup/api/assignments/", "/signup/api/assignments/%FF", "/x?y"] {
        assert_eq!(once(&world, get(path, "")).await.problem(), (404, "not_found".into()), "{path}");
    }
    assert_eq!(once(&world, "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n").await.status, 404);
}

#[tokio::test]
async fn a_user_id_survives_the_path() {
    let world = World::new().await;
    let key = format!("X-Admin-API-Key: {SIGNUP}\r\n");
    for (path, user_id) in [("u-1", "u-1"), ("a%2Fb%3Fc%25", "a/b?c%"), ("%E7%94%A8%20%2B+", "用 ++"), ("%2E%2E", "..")]
    {
        let reply = once(&world, get(&format!("/signup/api/assignments/{path}"), &key)).await;
        assert_eq!((reply.status, &reply.json()["user_id"]), (200, &user_id.into()), "{path}");
    }
    let reply = once(&world, get("/signup/api/assignments/a%00", &key)).await;
    assert_eq!((reply.problem(), &reply.json()["field"]), ((422, "invalid_field".into()), &"user_id".into()));
}

#[tokio::test]
async fn the_size_counts_with_and_without_a_length() {
    let world = World::new().await;
    let body = |size: usize| {
        let frame = "{\"user_id\":\"u\",\"padding\":\"\"}".len();
        format!("{{\"user_id\":\"u\",\"padding\":\"{}\"}}", "x".repeat(size - frame))
    };
    let chunked = |body: &str| {
        let mut request = format!(
            "POST /signup/api/assign HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {SIGNUP}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        for piece in body.as_bytes().chunks(1000) {
            request.push_str(&format!("{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).unwrap()));
        }
        request + "0\r\n\r\n"
    };
    let mut client = world.client().await;
    for (size, status) in [(KIB_64, 200), (KIB_64 + 1, 413), (900_000, 413), (100, 200)] {
        // What is too long by its own word is hardly waited for, so its connection may end.
        let reply = once(&world, post_json("/signup/api/assign", SIGNUP, &body(size))).await;
        assert_eq!(reply.status, status, "{size} with a length");
        let reply = client.ask(chunked(&body(size))).await;
        assert_eq!(reply.status, status, "{size} without a length");
    }
    // A route may take more, and says how much.
    for (size, status) in [(KIB_64 + 1, 200), (100 * 1024, 200), (100 * 1024 + 1, 413)] {
        let reply = once(&world, post_json("/upload", SIGNUP, &body(size))).await;
        assert_eq!(reply.status, status, "{size} with a length");
        let reply = client.ask(chunked(&body(size)).replace("/signup/api/assign", "/upload")).await;
        assert_eq!(reply.status, status, "{size} without a length");
        assert!(status == 200 || reply.json()["detail"].as_str().unwrap().contains("100 KiB"));
    }
}

#[tokio::test]
async fn a_giant_body_is_refused_before_it_is_read() {
    let world = World::new().await;
    let mut client = world.client().await;
    client
        .send(format!(
            "POST /signup/api/assign HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {SIGNUP}\r\n\
             Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
        ))
        .await;
    client.send(" ".repeat(1024 * 1024 + 1)).await;
    let reply = client.reply().await;
    assert_eq!((reply.problem(), reply.header("connection")), ((413, "payload_too_large".into()), Some("close")));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_size_that_is_announced_is_refused_before_any_of_it_comes_and_the_client_may_finish() {
    let world = World::new().await;
    let began = std::time::Instant::now();
    for size in [KIB_64 + 1, 900_000, 5_000_000] {
        let mut client = world.client().await;
        client
            .send(format!(
                "POST /signup/api/assign HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {SIGNUP}\r\n\
                 Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
            ))
            .await;
        let reply = client.reply().await;
        assert_eq!((reply.problem(), reply.header("connection")), ((413, "payload_too_large".into()), Some("close")));
        // Whoever reads only after the last byte must not meet a reset on the way.
        if size <= 900_000 {
            for piece in vec![b' '; size].chunks(100_000) {
                client.send(piece).await;
            }
        }
        assert_eq!(client.rest().await, Some(0), "the end, not a reset");
    }
    // Each took five seconds once; now they take a second together, on a machine with nothing else to do.
    assert!(began.elapsed() < std::time::Duration::from_secs(14), "{:?}", began.elapsed());
}

#[tokio::test]
async fn whoever_sends_nothing_and_reads_to_the_end_has_it_soon() {
    let world = World::new().await;
    let began = std::time::Instant::now();
    // Too long for the route, too long to be discarded and refused for its key, and refused for its type.
    for (key, media_type, size, refused) in [
        (SIGNUP, "application/json", KIB_64 + 1, (413, "payload_too_large")),
        (SIGNUP, "application/json", 5_000_000, (413, "payload_too_large")),
        ("wrong", "application/json", 5_000_000, (401, "unauthorized")),
        (SIGNUP, "text/plain", 5_000_000, (415, "unsupported_media_type")),
        ("wrong", "application/json", 900_000, (401, "unauthorized")),
        (SIGNUP, "text/plain", 900_000, (415, "unsupported_media_type")),
    ] {
        let mut client = world.client().await;
        client
            .send(format!(
                "POST /signup/api/assign HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {key}\r\n\
                 Content-Type: {media_type}\r\nContent-Length: {size}\r\n\r\n"
            ))
            .await;
        let reply = client.reply().await;
        assert_eq!(reply.problem(), (refused.0, refused.1.to_owned()), "{size}");
        assert_eq!(reply.header("connection"), Some("close"), "{size}");
        assert_eq!(client.rest().await, Some(0), "the end, not a reset");
    }
    // Each took five seconds once, and takes less than one now.
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_anybody_may_send_is_small() {
    let world = World::new().await;
    let form = |size: usize| {
        format!(
            "POST /login HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {size}\r\n\r\n{}",
            "x".repeat(size)
        )
    };
    let plain = |size: usize| get("/list", &format!("Content-Length: {size}\r\n")) + &"x".repeat(size);
    for (request, status) in [(form(8192), 401), (form(8193), 413), (plain(8192), 200), (plain(8193), 413)] {
        let reply = once(&world, request).await;
        assert_eq!(reply.status, status);
        assert!(status != 413 || reply.json()["bytes_max"] == 8192, "{reply:?}");
    }
}

#[tokio::test]
async fn media_types() {
    let world = World::new().await;
    let body = "{\"user_id\":\"u\"}";
    let with = |headers: &str| {
        format!(
            "POST /signup/api/assign HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {SIGNUP}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    for (headers, status) in [
        ("Content-Type: application/json\r\n", 200),
        ("Content-Type: Application/JSON; charset=UTF-8\r\n", 200),
        ("Content-Type: application/json ;x=y\r\n", 200),
        ("", 415),
        ("Content-Type: application/x-www-form-urlencoded\r\n", 415),
        ("Content-Type: application/problem+json\r\n", 415),
        ("Content-Type: application/jsonx\r\n", 415),
        ("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 415),
        ("Content-Type: application/json\r\nContent-Encoding: identity\r\n", 200),
    ] {
        assert_eq!(once(&world, with(headers)).await.status, status, "{headers}");
    }
    let form = "POST /login HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let reply = once(&world, format!("{form}Content-Length: {}\r\n\r\nkey={ADMIN}", ADMIN.len() + 4)).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "welcome"));
}

#[tokio::test]
async fn a_post_without_a_body_needs_neither_type_nor_length() {
    let world = World::new().await;
    let post = |path: &str, headers: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {ADMIN}\r\n{headers}\r\n")
    };
    let any = "Content-Type: application/x-www-form-urlencoded\r\n";
    for path in ["/admin/cron", "/admin/pause"] {
        for headers in ["", "Content-Length: 0\r\n", any, &format!("{any}Content-Length: 0\r\n")] {
            assert_eq!(once(&world, post(path, headers)).await.status, 200, "{path} {headers:?}");
        }
        let chunked = post(path, &format!("{any}Transfer-Encoding: chunked\r\n")) + "0\r\n\r\n";
        assert_eq!(once(&world, chunked).await.status, 200, "{path}");
        assert_eq!(once(&world, format!("POST {path}?api_key={ADMIN} HTTP/1.0\r\n\r\n")).await.status, 200);
    }
    // A route that takes no body ignores one up to the limit; one that may take one wants JSON.
    let text = |path: &str, size: usize| post(path, &format!("Content-Length: {size}\r\n")) + &"x".repeat(size);
    assert_eq!(once(&world, text("/admin/cron", KIB_64)).await.json()["body"], 0);
    assert_eq!(once(&world, text("/admin/cron", KIB_64 + 1)).await.problem(), (413, "payload_too_large".into()));
    assert_eq!(once(&world, text("/admin/pause", 3)).await.problem(), (415, "unsupported_media_type".into()));
    let reply = once(&world, post_json("/admin/pause", ADMIN, "{\"reason\":\"x\"}")).await;
    assert_eq!((reply.status, &reply.json()["reason"]), (200, &"x".into()));
    // A required one that is missing.
    assert_eq!(once(&world, post("/signup/api/assign", "")).await.problem(), (400, "malformed_json".into()));
    assert_eq!(once(&world, post("/signup/api/assign", any)).await.problem(), (415, "unsupported_media_type".into()));
}

#[tokio::test]
async fn fields_and_query_parameters_are_named() {
    let world = World::new().await;
    for (body, status, code, field) in [
        ("{\"user_id\":\"\"}", 422, "invalid_field", "user_id"),
        ("{}", 422, "invalid_field", "user_id"),
        ("{\"user_id\":\"u\",\"area_code\":\"115\"}", 422, "invalid_field", "area_code"),
        ("{\"user_id\":\"u\",\"user_id\":\"v\"}", 422, "invalid_field", "user_id"),
        ("{\"user_id\":\"u\",\"areacode\":\"415\"}", 422, "unknown_field", "areacode"),
    ] {
        let reply = once(&world, post_json("/signup/api/assign", SIGNUP, body)).await;
        assert_eq!((reply.problem(), &reply.json()["field"]), ((status, code.into()), &field.into()), "{body}");
    }
    for body in ["[]", "null", "3"] {
        let reply = once(&world, post_json("/signup/api/assign", SIGNUP, body)).await;
        assert_eq!(reply.problem(), (422, "invalid_field".into()), "{body}");
    }
    let reply = once(&world, get("/list?limit=many", "")).await;
    assert_eq!((reply.problem(), &reply.json()["field"]), ((422, "invalid_field".into()), &"limit".into()));
    let reply = once(&world, get("/list?whatever=1&limit=%37", "")).await;
    assert_eq!((reply.status, &reply.json()["limit"]), (200, &7.into()));
}

#[tokio::test]
async fn malformed_chunks_end_the_connection_with_an_answer() {
    let world = World::new().await;
    let mut client = world.client().await;
    let head = "POST /admin/cron HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nX-Admin-API-Key: ";
    let reply = client.ask(format!("{head}{ADMIN}\r\n\r\nzz\r\n")).await;
    assert_eq!((reply.problem(), reply.header("connection")), ((400, "malformed_json".into()), Some("close")));
    assert!(client.is_closed().await);
}
