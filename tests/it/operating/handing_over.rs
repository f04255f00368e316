//! A socket that outlives the daemon: what systemd does for `callbunker.socket` is done by these tests, with the real program.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use postgres_fixture::{Cluster, ClusterOptions};

use crate::world::daemon::Daemon;
use crate::world::{SIGNUP_KEY, World, eventually};

/// Those who keep a connection, and those who open one for each request.
const KEEPING: usize = 6;
const OPENING: usize = 2;
/// So some 200 sign up in a second.
const PAUSE: Duration = Duration::from_millis(40);

fn socket() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port")
}

fn served_on(socket: &TcpListener, world: &World) -> Daemon {
    let mut daemon = Daemon::spawn_on(socket.try_clone().expect("its copy"), "1", world.settings());
    daemon.wait_until_it_serves();
    daemon
}

/// Signs up new users until it is over; what went wrong.
fn sign_up(url: &str, name: &str, keeps: bool, is_over: &AtomicBool, served: &AtomicU64) -> Vec<String> {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .max_idle_connections(usize::from(keeps))
        .proxy(None)
        .build()
        .new_agent();
    let mut failures = Vec::new();
    for n in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let answer = agent
            .post(format!("{url}/signup/api/assign"))
            .header("X-Admin-API-Key", SIGNUP_KEY)
            .content_type("application/json")
            .send(format!(r#"{{"user_id": "{name}-{n}"}}"#));
        match answer.map(|mut answer| (answer.status().as_u16(), answer.body_mut().read_to_string())) {
            Ok((200, Ok(_))) => drop(served.fetch_add(1, Ordering::Relaxed)),
            other => failures.push(format!("{name}-{n}: {other:?}")),
        }
        thread::sleep(PAUSE);
    }
    failures
}

#[test]
fn twenty_restarts_that_hand_the_socket_over_refuse_reset_and_lose_nobody() {
    let restarts = 20;
    let world = World::new().quiet();
    world.daemon_at_once().stop();
    world.sql(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907' || (2000000 + n), 'US', '907', 'active', 'configured', true, now()
           FROM generate_series(1, 40000) AS n",
    );
    let socket = socket();
    let mut daemon = served_on(&socket, &world);
    assert_eq!(daemon.url, format!("http://{}", socket.local_addr().expect("its address")));
    assert!(daemon.has_logged("http.listen is not used"));
    let (is_over, served, failures) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::new(Vec::new()));
    let url = daemon.url.clone();
    // The last one goes on until every client has ended.
    let _last = thread::scope(|scope| {
        for n in 0..KEEPING + OPENING {
            let (url, is_over, served, failures) = (&url, &is_over, &served, &failures);
            scope.spawn(move || {
                let failed = sign_up(url, &format!("client-{n}"), n < KEEPING, is_over, served);
                failures.lock().expect("nobody panicked").extend(failed);
            });
        }
        for _ in 0..restarts {
            let before = served.load(Ordering::Relaxed);
            eventually("signups go on", || served.load(Ordering::Relaxed) > before + 50);
            assert_eq!(daemon.stop(), Some(0));
            daemon = served_on(&socket, &world);
        }
        let before = served.load(Ordering::Relaxed);
        eventually("signups go on", || served.load(Ordering::Relaxed) > before + 50);
        is_over.store(true, Ordering::Relaxed);
        daemon
    });
    let (failures, served) = (failures.into_inner().expect("nobody panicked"), served.into_inner());
    println!("{served} signups over {restarts} restarts, {} failed", failures.len());
    assert_eq!(failures, Vec::<String>::new());
    // What was acknowledged is there, for one user each.
    assert_eq!(
        world.count("SELECT count(DISTINCT user_id) FROM leases WHERE user_id IS NOT NULL"),
        served.cast_signed()
    );
}

#[test]
fn a_request_on_a_connection_that_was_kept_is_answered_after_the_stop_began_and_told_to_close() {
    let world = World::new().quiet();
    let socket = socket();
    let mut daemon = served_on(&socket, &world);
    let ask = |stream: &mut TcpStream| {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: callbunker\r\n\r\n").expect("it is sent");
    };
    let connect = || {
        let stream = TcpStream::connect(socket.local_addr().expect("its address")).expect("it is let in");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        stream
    };
    let begins_well = |stream: &mut TcpStream| {
        let mut first = [0; 12];
        stream.read_exact(&mut first).expect("an answer");
        assert_eq!(&first, b"HTTP/1.1 200");
    };
    let (mut asks, mut silent) = (connect(), connect());
    for kept in [&mut asks, &mut silent] {
        ask(kept);
        begins_well(kept);
    }
    daemon.signal(Signal::SIGTERM);
    eventually("it stops", || daemon.has_logged("stopping"));
    let mut newcomer = connect();
    ask(&mut newcomer);
    ask(&mut asks);
    let (mut answers, mut rest) = (String::new(), String::new());
    asks.read_to_string(&mut answers).expect("an answer, and an end that is no reset");
    let (first, second) = answers.split_once("HTTP/1.1 200").expect("the second answer");
    assert!(!first.to_lowercase().contains("connection: close"), "{answers}");
    assert!(second.to_lowercase().contains("connection: close"), "{answers}");
    silent.read_to_string(&mut rest).expect("an end that is no reset");
    assert_eq!(daemon.wait().code(), Some(0));
    // Whoever comes while one daemon ends, or between two, waits for the next one.
    newcomer.set_nonblocking(true).expect("it does not wait");
    assert_eq!(newcomer.read(&mut [0]).map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock));
    newcomer.set_nonblocking(false).expect("it waits");
    let mut waits = connect();
    ask(&mut waits);
    let _next = served_on(&socket, &world);
    begins_well(&mut newcomer);
    begins_well(&mut waits);
}

#[test]
fn what_cannot_be_served_is_refused_with_64_and_what_to_do() {
    let world = World::new().quiet();
    let folder = tempfile::tempdir().expect("a folder");
    let tcp = socket();
    let connection = TcpStream::connect(tcp.local_addr().expect("its address")).expect("it is let in");
    let file = std::fs::File::open("/dev/null").expect("a file");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let unix = UnixListener::bind(folder.path().join("socket")).expect("a socket");
    let cases: [(OwnedFd, &str, &str); 6] = [
        (tcp.into(), "one", "\"one\" is not a number of sockets"),
        (socket().into(), "2", "2 sockets were handed over"),
        (file.into(), "1", "no TCP socket"),
        (udp.into(), "1", "no TCP socket"),
        (unix.into(), "1", "no TCP socket"),
        (connection.into(), "1", "does not listen"),
    ];
    for (socket, count, words) in cases {
        let mut daemon = Daemon::spawn_on(socket, count, world.settings());
        assert_eq!(daemon.wait().code(), Some(64), "{words}");
        eventually(words, || daemon.log_text().contains(words));
    }
    // None at all, as systemd says it to a service without a socket.
    let mut daemon = Daemon::spawn_on(socket(), "0", world.settings());
    daemon.wait_until_it_serves();
    assert!(!daemon.has_logged("http.listen is not used"));
}

#[cfg(feature = "failpoints")]
#[test]
fn systemd_is_told_that_the_daemon_lives_while_it_does_whatever_became_of_the_database() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).expect("a socket");
    systemd.set_read_timeout(Some(Duration::from_millis(100))).expect("a limit");
    let world = World::on(&cluster).quiet().set("NOTIFY_SOCKET", path.display()).set("WATCHDOG_USEC", 4_000_000);
    let daemon = world.daemon_at_once();
    // Whether it has said so since it was asked last.
    let lives = || {
        let (mut is_told, mut message) = (false, [0; 512]);
        while let Ok(length) = systemd.recv(&mut message) {
            is_told |= String::from_utf8_lossy(&message[..length]).contains("WATCHDOG=1");
        }
        is_told
    };
    eventually("it lives", lives);
    daemon.failpoints("handler=sleep(6000)");
    let url = daemon.url.clone();
    let asked =
        thread::spawn(move || ureq::get(format!("{url}/healthz")).call().map(|answer| answer.status().as_u16()));
    eventually("it is told which lane stands still", || daemon.has_logged("of the connections stands still"));
    daemon.failpoints("");
    assert_eq!(asked.join().expect("the client's thread").ok(), Some(200));
    let _before = lives();
    eventually("it lives again", lives);
    cluster.stop_fast().expect("it stops");
    for _ in 0..3 {
        let _before = lives();
        eventually("it lives without a database", lives);
    }
}
