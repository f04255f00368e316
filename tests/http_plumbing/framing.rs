//! Requests that can be understood in more than one way, or that go nowhere: refused, and never a panic.

use crate::client::{Reply, get};
use crate::log::Lines;
use crate::world::{ADMIN, World};

async fn once(world: &World, request: &str) -> Reply {
    let mut client = world.client().await;
    client.send(request).await;
    if request.starts_with("HEAD") { client.reply_without_body().await } else { client.reply().await }
}

#[tokio::test]
async fn a_target_of_every_form_gets_an_answer_and_no_handler_panics() {
    let lines = Lines::default();
    let world = World::with_log(lines.logger()).await;
    for (request, status) in [
        // origin
        ("GET /list", 200),
        ("GET //list", 404),
        ("GET /?", 404),
        ("CONNECT /list", 405),
        // absolute
        ("GET http://elsewhere/list", 200),
        ("GET https://elsewhere:1/list?limit=3", 200),
        ("HEAD http://elsewhere/list", 200),
        ("GET http://elsewhere", 404),
        ("OPTIONS http://elsewhere?x", 404),
        ("GET urn:nothing", 400),
        // authority
        ("CONNECT elsewhere:443", 400),
        ("CONNECT 127.0.0.1:5432", 400),
        ("CONNECT [::1]:443", 400),
        ("GET evil", 400),
        ("POST evil:80", 400),
        ("OPTIONS a@b", 400),
        ("HEAD [::1]", 400),
        ("GET list", 400),
        ("BREW coffee", 400),
        // asterisk
        ("OPTIONS *", 404),
        ("GET *", 404),
        // none of them
        ("GET ?x", 400),
        ("GET #x", 400),
    ] {
        let reply = once(&world, &format!("{request} HTTP/1.1\r\nHost: t\r\n\r\n")).await;
        assert_eq!(reply.status, status, "{request}: {reply:?}");
    }
    assert_eq!(once(&world, "GET evil HTTP/1.1\r\nHost: t\r\n\r\n").await.problem(), (400, "bad_request".into()));
    assert!(!lines.text().contains("panicked"), "{}", lines.text());
}

#[tokio::test]
async fn without_exactly_one_usable_host_a_request_is_refused_and_its_connection_ends() {
    let world = World::new().await;
    for hosts in ["", "Host: t\r\nHost: t\r\n", "Host: t\r\nHOST: u\r\n", "Host: a b\r\n", "Host: u@t\r\n"] {
        let mut client = world.client().await;
        let reply = client.ask(format!("GET /list HTTP/1.1\r\n{hosts}\r\n")).await;
        assert_eq!(
            (reply.problem(), reply.header("connection")),
            ((400, "bad_request".into()), Some("close")),
            "{hosts}"
        );
        assert!(client.is_closed().await);
    }
    for good in ["GET /list HTTP/1.0\r\n\r\n", "GET /list HTTP/1.1\r\nHost:\r\n\r\n", &get("/list", "")] {
        assert_eq!(once(&world, good).await.status, 200, "{good}");
    }
    // Not even a right key makes it clear whom it is for.
    let two = format!("POST /admin/cron HTTP/1.1\r\nHost: t\r\nHost: t\r\nX-Admin-API-Key: {ADMIN}\r\n\r\n");
    assert_eq!(once(&world, &two).await.status, 400);
    assert_eq!(once(&world, "POST /admin/cron HTTP/1.0\r\nHost: t\r\nHost: t\r\n\r\n").await.status, 400);
}

#[tokio::test]
async fn a_transfer_coding_that_we_do_not_undo_is_not_implemented() {
    let world = World::new().await;
    let post = |codings: &str| {
        format!(
            "POST /admin/cron HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {ADMIN}\r\n{codings}\r\n3\r\nabc\r\n0\r\n\r\n"
        )
    };
    for codings in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: deflate, chunked\r\n",
    ] {
        let mut client = world.client().await;
        let reply = client.ask(post(codings)).await;
        let told = (reply.problem(), reply.header("connection"));
        assert_eq!(told, ((501, "not_implemented".into()), Some("close")), "{codings}");
        assert!(client.is_closed().await, "{codings}");
    }
    assert_eq!(once(&world, &post("Transfer-Encoding: Chunked\r\n")).await.status, 200);
}
