//! A server with one route for every kind of thing that the plumbing does.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callbunker::access::{Access, AuthFailure, FailureLimit, Fingerprint, Guard, Keys, Session, Sessions, Wanted, Who};
use callbunker::dashboard::refused;
use callbunker::domain::{AreaCode, UserId};
use callbunker::http::{
    Drained, Exchange, Lanes, Problem, RequestBody, ServerLimits, ServerOptions, json_response, page_response, serve,
    text_response,
};
use callbunker::routing::{BodyRule, Endpoint, Outcome, Request, Route, router};
use callbunker::telemetry::Telemetry;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use secrecy::SecretString;
use serde_json::json;
use slog::Logger;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use warp::Reply as _;

use crate::client::Client;

pub const ADMIN: &str = "admin-key-0123456789";
pub const SIGNUP: &str = "signup-key-0123456789";

/// What the handlers share.
#[derive(Default)]
pub struct Context {
    pub assigned: AtomicUsize,
}

pub struct World {
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub context: Arc<Context>,
    pub guard: Arc<Guard>,
    server: Option<JoinHandle<Drained>>,
}

pub fn limits() -> ServerLimits {
    ServerLimits {
        header_timeout: Duration::from_secs(60),
        body_timeout: Duration::from_secs(60),
        connections_max: 256,
        drain_timeout: Duration::from_secs(60),
    }
}

/// Three wrong keys from one address are enough.
struct ThreeWrongKeys(AtomicUsize);

impl FailureLimit for ThreeWrongKeys {
    fn failed(&self, _: std::net::IpAddr, failure: AuthFailure) -> Option<Duration> {
        let so_far = match failure {
            AuthFailure::Wrong => self.0.fetch_add(1, Ordering::SeqCst),
            AuthFailure::Missing => self.0.load(Ordering::SeqCst),
        };
        (so_far >= 3).then_some(Duration::from_secs(60))
    }
}

/// The cookie `session=good` is an admin's.
struct OneSession;

impl Sessions for OneSession {
    fn find<'a>(&'a self, exchange: &'a Exchange, _: &'a Keys, _: Wanted) -> BoxFuture<'a, Result<Session, Problem>> {
        Box::pin(async move {
            let is_good = exchange.headers().get("cookie").is_some_and(|cookie| cookie == "session=good");
            let (access, fingerprint) = (Access::Admin, Fingerprint::of(ADMIN.as_bytes()));
            let who = Who { access, name: None, fingerprint, by_session: true };
            Ok(if is_good { Session::Of(who) } else { Session::MadeUp })
        })
    }

    fn csrf_token(&self, _: &Exchange, _: &Keys) -> Option<String> {
        Some("the-token".to_owned())
    }
}

fn quiet() -> Logger {
    Logger::root(slog::Discard, slog::o!())
}

pub fn keys(admin: &str) -> Keys {
    Keys::new(&[SecretString::from(admin)], &[SecretString::from(SIGNUP)])
}

impl World {
    pub async fn new() -> Self {
        Self::with(limits(), &[]).await
    }

    pub async fn with(limits: ServerLimits, trusted_proxies: &[&str]) -> Self {
        Self::start(limits, trusted_proxies, Guard::new(keys(ADMIN)), quiet()).await
    }

    pub async fn with_key_limit() -> Self {
        let guard = Guard::new(keys(ADMIN)).with_limit(ThreeWrongKeys(AtomicUsize::new(0)));
        Self::start(limits(), &[], guard, quiet()).await
    }

    pub async fn with_sessions() -> Self {
        Self::start(limits(), &[], Guard::new(keys(ADMIN)).with_sessions(OneSession), quiet()).await
    }

    pub async fn with_log(log: Logger) -> Self {
        Self::start(limits(), &[], Guard::new(keys(ADMIN)), log).await
    }

    async fn start(limits: ServerLimits, trusted_proxies: &[&str], guard: Guard, log: Logger) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (context, guard, stop) = (Arc::new(Context::default()), Arc::new(guard), CancellationToken::new());
        let filter = router(routes(), Arc::clone(&context), Arc::clone(&guard));
        let options = ServerOptions {
            limits,
            lanes: Lanes::start(2).unwrap(),
            place: Arc::default(),
            trusted_proxies: trusted_proxies.iter().map(|network| network.parse().unwrap()).collect(),
            line_text: guard.line_text(),
            telemetry: Telemetry::new(&[]),
            log,
        };
        let server = tokio::spawn(serve(listener, warp::service(filter), options, stop.clone()));
        Self { address, stop, context, guard, server: Some(server) }
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    pub async fn stopped(mut self) -> Drained {
        self.stop.cancel();
        self.server.take().unwrap().await.unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[derive(serde::Deserialize)]
struct Assign {
    user_id: UserId,
    area_code: Option<AreaCode>,
    #[serde(default)]
    padding: String,
}

impl RequestBody for Assign {
    const FIELDS: &'static [&'static str] = &["user_id", "area_code", "padding"];
}

#[derive(serde::Deserialize)]
struct Pause {
    reason: Option<String>,
}

impl RequestBody for Pause {
    const FIELDS: &'static [&'static str] = &["reason"];
}

fn routes() -> Vec<Route<Context>> {
    vec![
        Route::new("/signup/api/assign", vec![Endpoint::post(Access::Signup, BodyRule::Json, assign)]),
        Route::new("/signup/api/assignments/{user_id}", vec![Endpoint::get(Access::Signup, assignment)]),
        Route::new("/upload", vec![Endpoint::post(Access::Signup, BodyRule::Json, assign).up_to(100 * 1024)]),
        Route::new("/admin/cron", vec![Endpoint::post(Access::Admin, BodyRule::None, cron)]),
        Route::new("/admin/pause", vec![Endpoint::post(Access::Admin, BodyRule::OptionalJson, pause)]),
        Route::new("/admin/page", vec![Endpoint::get(Access::Admin, page).page(refused)]),
        Route::new("/admin/form", vec![Endpoint::post(Access::Admin, BodyRule::Form, form)]),
        Route::new("/login", vec![Endpoint::post(Access::Public, BodyRule::Form, login)]),
        Route::new("/list", vec![Endpoint::get(Access::Public, list)]),
        Route::new("/metrics", vec![Endpoint::get(Access::Public, metrics)]),
        Route::new("/slow", vec![Endpoint::get(Access::Public, slow)]),
        Route::new("/signup/slow", vec![Endpoint::get(Access::Signup, slow)]),
        Route::new("/held", vec![Endpoint::get(Access::Public, held)]),
        Route::new("/events", vec![Endpoint::get(Access::Public, events)]),
        Route::new(
            "/panic",
            vec![
                Endpoint::get(Access::Public, panic),
                Endpoint::post(Access::Public, BodyRule::Json, panic).up_to(64 * 1024),
            ],
        ),
    ]
}

async fn assign(context: Arc<Context>, request: Request) -> Outcome {
    let wish: Assign = request.json()?;
    context.assigned.fetch_add(1, Ordering::SeqCst);
    let answer = json!({ "user_id": wish.user_id, "area_code": wish.area_code, "padding": wish.padding.len() });
    json_response(StatusCode::OK, &answer)
}

async fn assignment(_: Arc<Context>, request: Request) -> Outcome {
    let user_id: UserId = request.param("user_id")?;
    json_response(StatusCode::OK, &json!({ "user_id": user_id }))
}

async fn cron(_: Arc<Context>, request: Request) -> Outcome {
    let by = request.who().map(|who| who.fingerprint.to_string());
    json_response(StatusCode::OK, &json!({ "by": by, "body": request.body().len() }))
}

async fn page(_: Arc<Context>, request: Request) -> Outcome {
    Ok(page_response(request.exchange().place(), StatusCode::OK, format!("token={:?}", request.csrf_token())))
}

async fn form(_: Arc<Context>, request: Request) -> Outcome {
    json_response(StatusCode::OK, &json!({ "field": request.form_text("field") }))
}

async fn pause(_: Arc<Context>, request: Request) -> Outcome {
    let Pause { reason } = request.json()?;
    json_response(StatusCode::OK, &json!({ "reason": reason }))
}

async fn login(_: Arc<Context>, request: Request) -> Outcome {
    let key = request.form_text("key").unwrap_or_default();
    match request.guard().find_key(key.as_bytes()) {
        Some(_) => Ok(text_response(StatusCode::OK, "text/plain", "welcome".to_owned())),
        None => Err(Problem::unauthorized()),
    }
}

async fn list(_: Arc<Context>, request: Request) -> Outcome {
    let limit: u32 = request.query("limit")?.unwrap_or(50);
    let about = json!({
        "limit": limit, "client": request.client(), "id": request.id(), "method": request.method().as_str(),
        "route": request.route(),
    });
    json_response(StatusCode::OK, &about)
}

async fn metrics(_: Arc<Context>, request: Request) -> Outcome {
    if !request.peer().ip().is_loopback() || request.exchange().is_by_a_proxy() {
        request.require(Access::Admin).await?;
    }
    Ok(text_response(StatusCode::OK, "text/plain", "up 1\n".to_owned()))
}

async fn slow(_: Arc<Context>, request: Request) -> Outcome {
    let millis: u64 = request.query("millis")?.unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(millis)).await;
    json_response(StatusCode::OK, &json!({ "slept": millis }))
}

async fn held(_: Arc<Context>, request: Request) -> Outcome {
    let _held = request.hold();
    tokio::time::sleep(Duration::from_secs(60)).await;
    json_response(StatusCode::OK, &json!({}))
}

async fn events(_: Arc<Context>, request: Request) -> Outcome {
    let first = stream::once(async { Ok::<_, Infallible>(warp::sse::Event::default().event("status").data("{}")) });
    let events = first.chain(stream::pending()).take_until(request.until_stop());
    Ok(warp::sse::reply(events).into_response())
}

async fn panic(_: Arc<Context>, _: Request) -> Outcome {
    panic!("on purpose")
}
