//! A server that runs out of file descriptors goes on when there are some again.
//!
//! A program of its own, because the limit holds for the whole process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callbunker::http::{Lanes, LineText, Problem, ServerLimits, ServerOptions, serve};
use callbunker::telemetry::Telemetry;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use slog::{Drain, Logger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use warp::Filter;

/// A log that counts the lines that ask somebody to act.
struct CountErrors(Arc<AtomicUsize>);

impl Drain for CountErrors {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &slog::Record<'_>, _: &slog::OwnedKVList) -> Result<(), slog::Never> {
        self.0.fetch_add(usize::from(record.level() == slog::Level::Error), Ordering::SeqCst);
        Ok(())
    }
}

async fn ask(address: std::net::SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn no_free_descriptor_is_not_the_end() {
    let limits = ServerLimits {
        header_timeout: Duration::from_secs(60),
        body_timeout: Duration::from_secs(60),
        connections_max: 4096,
        drain_timeout: Duration::from_secs(5),
    };
    let errors = Arc::new(AtomicUsize::new(0));
    let log = Logger::root(CountErrors(Arc::clone(&errors)), slog::o!());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let filter = warp::any().map(|| Problem::no_such_path().into_response());
    let telemetry = Telemetry::new(&[]);
    let lanes = Lanes::start(1).unwrap();
    let line_text = LineText::default();
    let options =
        ServerOptions { limits, lanes, place: Arc::default(), trusted_proxies: Vec::new(), line_text, telemetry, log };
    let server = tokio::spawn(serve(listener, warp::service(filter), options, stop.clone()));
    assert!(ask(address).await.unwrap().starts_with("HTTP/1.0 404"));

    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 120, hard).unwrap();
    let mut held = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        held.push(file);
    }
    // Room for twenty clients, but for one connection of the server only. The server runs on this thread too, so it
    // accepts nothing before the sleep.
    held.truncate(held.len() - 21);
    let idle: Vec<_> = (0..20).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    timeout(Duration::from_secs(20), async {
        while errors.load(Ordering::SeqCst) == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("it noticed");
    sleep(Duration::from_millis(300)).await;
    assert_eq!(errors.load(Ordering::SeqCst), 1, "it noticed, and did not shout");
    drop((held, idle));
    let answer = timeout(Duration::from_secs(20), ask(address)).await.expect("served again").unwrap();
    assert!(answer.starts_with("HTTP/1.0 404"), "{answer}");
    stop.cancel();
    assert_eq!(server.await.unwrap().cut_off, 0);
}
