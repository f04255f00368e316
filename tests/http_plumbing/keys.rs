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
    world.guard.replace_keys(keys("the-new-admin-key"));
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

const GOOD: &str = "Cookie: session=good\r\n";
const TOKEN: &str = "Cookie: session=good\r\nX-CSRF-Token: the-token\r\n";

#[tokio::test]
async fn a_session_counts_when_no_key_is_there() {
    let world = World::with_sessions().await;
    assert_eq!(cron(&world, "", TOKEN).await.status, 200);
    assert_eq!(cron(&world, "", "Cookie: session=bad\r\n").await.problem(), (401, "unauthorized".into()));
    assert_eq!(cron(&world, "", &format!("{TOKEN}X-Admin-API-Key: wrong\r\n")).await.status, 401);
}

#[tokio::test]
async fn a_session_ends_with_the_key_that_opened_it() {
    let world = World::with_sessions().await;
    world.guard.replace_keys(keys("the-new-admin-key"));
    assert_eq!(cron(&world, "", TOKEN).await.problem(), (401, "unauthorized".into()));
    world.guard.replace_keys(keys(SIGNUP));
    assert_eq!(cron(&world, "", TOKEN).await.status, 401, "another key is not this one");
}

#[tokio::test]
async fn a_sessions_post_needs_its_token_and_a_page_of_ours() {
    let world = World::with_sessions().await;
    let token = |token: &str| format!("{GOOD}X-CSRF-Token: {token}\r\n");
    for headers in [
        GOOD.to_owned(),
        token(""),
        token("the-toke"),
        token("the-token2"),
        format!("{TOKEN}Origin: https://evil.example\r\n"),
        format!("{TOKEN}Origin: null\r\n"),
        format!("{TOKEN}Sec-Fetch-Site: cross-site\r\n"),
        format!("{TOKEN}Sec-Fetch-Site: same-site\r\n"),
    ] {
        assert_eq!(cron(&world, "", &headers).await.problem(), (403, "forbidden".into()), "{headers}");
    }
    for headers in [format!("{TOKEN}Origin: http://t\r\n"), format!("{TOKEN}Sec-Fetch-Site: same-origin\r\n")] {
        assert_eq!(cron(&world, "", &headers).await.status, 200, "{headers}");
    }
    let key = format!("X-Admin-API-Key: {ADMIN}\r\nOrigin: https://evil.example\r\n");
    assert_eq!(cron(&world, "", &key).await.status, 200, "a key needs no token");
}

#[tokio::test]
async fn a_form_may_carry_the_token_in_a_field() {
    let world = World::with_sessions().await;
    let send = async |headers: &str, body: &str| {
        let head = format!("POST /admin/form HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n", body.len());
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        world.client().await.ask(format!("{head}{form}{headers}\r\n{body}")).await
    };
    assert_eq!(send(GOOD, "field=x&csrf_token=the-token").await.json()["field"], "x");
    assert_eq!(send(TOKEN, "field=x").await.status, 200);
    for body in ["field=x", "field=x&csrf_token=other", "csrf_token=", ""] {
        assert_eq!(send(GOOD, body).await.problem(), (403, "forbidden".into()), "{body}");
    }
    assert_eq!(send(&format!("{GOOD}Origin: https://evil.example\r\n"), "csrf_token=the-token").await.status, 403);
}

#[tokio::test]
async fn a_page_leads_to_the_login_and_back_when_neither_key_nor_session_is_there() {
    let world = World::with_sessions().await;
    let page =
        async |query: &str, headers: &str| world.client().await.ask(get(&format!("/admin/page{query}"), headers)).await;
    for (query, headers, next) in [
        ("", "", "%2Fadmin%2Fpage"),
        ("?tab=audit", "Cookie: session=bad\r\n", "%2Fadmin%2Fpage%3Ftab%3Daudit"),
        ("?api_key=wrong", "", "%2Fadmin%2Fpage"),
    ] {
        let reply = page(query, headers).await;
        assert_eq!(reply.status, 303, "{query}");
        assert_eq!(reply.header("location").unwrap(), format!("/admin/login?next={next}"));
    }
    let with_session = page("", GOOD).await;
    assert_eq!((with_session.status, with_session.body.as_str()), (200, "token=Some(\"the-token\")"));
    assert!(with_session.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let with_key = page("", &format!("X-Admin-API-Key: {ADMIN}\r\n")).await;
    assert_eq!((with_key.status, with_key.body.as_str()), (200, "token=None"));
    assert_eq!(page("", &format!("X-Admin-API-Key: {SIGNUP}\r\n")).await.problem(), (403, "forbidden".into()));
}
