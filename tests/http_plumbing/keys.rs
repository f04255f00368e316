//! Where keys stand, and what wrong ones get.

use crate::client::{Reply, get};
use crate::world::{ADMIN, SIGNUP, World, keys};

async fn cron(world: &World, query: &str, headers: &str) -> Reply {
    world.client().await.ask(format!("POST /admin/cron{query} HTTP/1.1\r\nHost: t\r\n{headers}\r\n")).await
}

#[tokio::test]
async fn each_source_opens_and_the_first_present_one_counts() {
    let world = World::new().await;
    let header = |key: &str| format!("X-Admin-API-Key: {key}\r\n");
    let bearer = |key: &str| format!("Authorization: Bearer {key}\r\n");
    let query = |key: &str| format!("?api_key={key}");
    for (query, headers, status) in [
        (String::new(), header(ADMIN), 200),
        (String::new(), bearer(ADMIN), 200),
        (query(ADMIN), String::new(), 200),
        (query(&ADMIN.replace('-', "%2D")), String::new(), 200),
        (query(ADMIN), "Authorization: Basic eDp5\r\n".to_owned(), 200),
        (query("wrong"), header(ADMIN), 200),
        (query(ADMIN), header("wrong"), 401),
        (query(ADMIN), bearer("wrong"), 401),
        (String::new(), header("wrong") + &bearer(ADMIN), 401),
        (String::new(), header(""), 401),
    ] {
        assert_eq!(cron(&world, &query, &headers).await.status, status, "{query} {headers}");
    }
    let fingerprint = cron(&world, "", &header(ADMIN)).await.json()["by"].as_str().unwrap().to_owned();
    assert!(fingerprint.len() == 12 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()), "{fingerprint}");
}

#[tokio::test]
async fn a_missing_and_a_wrong_key_get_the_same_answer() {
    let world = World::new().await;
    let missing = cron(&world, "", "").await;
    let wrong = cron(&world, "", "X-Admin-API-Key: secret-guess\r\n").await;
    assert_eq!(missing.problem(), (401, "unauthorized".into()));
    assert_eq!(missing.body, wrong.body);
    assert!(missing.header("www-authenticate").unwrap().starts_with("Bearer"));
    assert_eq!(missing.head.lines().count(), wrong.head.lines().count());
}

#[tokio::test]
async fn a_signup_key_opens_signup_only_and_an_admin_key_both() {
    let world = World::new().await;
    assert_eq!(cron(&world, "", &format!("X-Admin-API-Key: {SIGNUP}\r\n")).await.problem(), (403, "forbidden".into()));
    for key in [ADMIN, SIGNUP] {
        let request = get("/signup/api/assignments/u", &format!("Authorization: bearer {key}\r\n"));
        assert_eq!(world.client().await.ask(request).await.status, 200);
    }
}

#[tokio::test]
async fn keys_are_swapped_at_run_time() {
    let world = World::new().await;
    world.gate.replace_keys(keys("the-new-admin-key"));
    assert_eq!(cron(&world, "", &format!("X-Admin-API-Key: {ADMIN}\r\n")).await.status, 401);
    assert_eq!(cron(&world, "", "X-Admin-API-Key: the-new-admin-key\r\n").await.status, 200);
}

#[tokio::test]
async fn a_limit_turns_wrong_and_missing_keys_into_429_and_lets_right_ones_pass() {
    let world = World::with_key_limit().await;
    for _ in 0..3 {
        assert_eq!(cron(&world, "", "X-Admin-API-Key: wrong\r\n").await.status, 401);
    }
    for headers in ["X-Admin-API-Key: wrong\r\n", ""] {
        let reply = cron(&world, "", headers).await;
        assert_eq!((reply.problem(), reply.header("retry-after")), ((429, "rate_limited".into()), Some("60")));
    }
    assert_eq!(cron(&world, "", &format!("X-Admin-API-Key: {ADMIN}\r\n")).await.status, 200);
}

#[tokio::test]
async fn a_public_route_may_ask_the_door_itself() {
    let world = World::new().await;
    assert_eq!(world.client().await.ask(get("/metrics", "")).await.status, 200);
    for header in ["X-Forwarded-For: 192.0.2.1\r\n", "Forwarded: for=192.0.2.1\r\n", "X-Forwarded-Proto: https\r\n"] {
        assert_eq!(world.client().await.ask(get("/metrics", header)).await.status, 401, "{header}");
        let with_key = format!("{header}X-Admin-API-Key: {ADMIN}\r\n");
        assert_eq!(world.client().await.ask(get("/metrics", &with_key)).await.status, 200, "{header}");
    }
}

#[tokio::test]
async fn a_session_counts_when_no_key_is_there() {
    let world = World::with_sessions().await;
    assert_eq!(cron(&world, "", "Cookie: session=good\r\n").await.status, 200);
    assert_eq!(cron(&world, "", "Cookie: session=bad\r\n").await.problem(), (401, "unauthorized".into()));
    assert_eq!(cron(&world, "", "Cookie: session=good\r\nX-Admin-API-Key: wrong\r\n").await.status, 401);
}
