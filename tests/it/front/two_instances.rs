//! Two instances behind Debian's nginx and Caddy, with the files of `docs/proxy`: one after the other is restarted, and no signup is refused
//! for it. nginx asks the other one, even when one was killed; Debian's Caddy sends no body twice, so that each has a socket which outlives it.
//! An order is never placed twice.

use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use twilio_simulator::On;

use super::{HERE, world};
use crate::world::daemon::Daemon;
use crate::world::front::{Asked, Front};
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, a_port_of_its_own, eventually};

const HOST: &str = "callbunker.example.com";
const JSON: (&str, &str) = ("Content-Type", "application/json");
const CLIENTS: usize = 4;

/// Two instances, each at a port of its own.
struct Two {
    world: World,
    ports: [u16; 2],
    /// Each outlives its instances, where there are any.
    sockets: Option<[TcpListener; 2]>,
    daemons: [Option<Daemon>; 2],
}

impl Two {
    /// None of them runs yet.
    fn new() -> Self {
        let ports = [a_port_of_its_own(), a_port_of_its_own()];
        Self { world: world(), ports, sockets: None, daemons: [None, None] }
    }

    fn with_sockets() -> Self {
        let two = Self::new();
        let sockets = two.ports.map(|port| TcpListener::bind(("127.0.0.1", port)).expect("it was free"));
        Self { sockets: Some(sockets), ..two }
    }

    fn begins(&mut self, which: usize) {
        self.world.change("http.listen", format!("127.0.0.1:{}", self.ports[which]));
        let daemon = match &self.sockets {
            None => self.world.daemon_at_once(),
            Some(sockets) => {
                let socket = sockets[which].try_clone().expect("its copy");
                let mut daemon = Daemon::spawn_on(socket, "1", self.world.settings());
                daemon.wait_until_it_serves();
                daemon
            }
        };
        self.daemons[which] = Some(daemon);
    }

    fn ends(&mut self, which: usize, signal: Signal) {
        let mut daemon = self.daemons[which].take().expect("it runs");
        daemon.signal(signal);
        daemon.wait();
    }

    fn behind(&self, front: fn([&str; 2]) -> Front) -> Front {
        let [one, two] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        front([&one, &two])
    }
}

fn post(front: &Front, path: &str, key: &str, body: String) -> u16 {
    let headers = vec![("X-Admin-API-Key", key), JSON];
    front.ask_from(HERE, HOST, &Asked { method: "POST", path, headers, body }).status
}

/// Each is ended by each of these, one after the other, while users sign up; then started again.
fn one_goes_after_the_other(mut two: Two, front: fn([&str; 2]) -> Front, signals: &[Signal]) {
    two.begins(0);
    two.begins(1);
    two.world.stock("default", 1, 5000);
    let front = two.behind(front);
    let (is_over, served, refused) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (front, is_over, served, refused) = (&front, &is_over, &served, &refused);
            scope.spawn(move || {
                for user in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    let user = format!("u-{client}-{user}");
                    match post(front, "/signup/api/assign", SIGNUP_KEY, format!(r#"{{"user_id":"{user}"}}"#)) {
                        200 => drop(served.fetch_add(1, Ordering::Relaxed)),
                        status => refused.lock().unwrap().push((user, status)),
                    }
                    thread::sleep(Duration::from_millis(30));
                }
            });
        }
        let go_on = || {
            let before = served.load(Ordering::Relaxed);
            eventually("signups go on", || served.load(Ordering::Relaxed) > before + 30);
        };
        for signal in signals {
            for which in 0..2 {
                go_on();
                two.ends(which, *signal);
                if two.sockets.is_none() {
                    go_on();
                }
                two.begins(which);
            }
        }
        go_on();
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(refused.into_inner().unwrap(), Vec::new());
    let users = two.world.count("SELECT count(DISTINCT user_id) FROM leases WHERE user_id IS NOT NULL");
    assert_eq!(users, served.into_inner().cast_signed());
}

/// The instance that was asked dies while it buys, and the other one is there.
fn an_order_is_placed_once(front: fn([&str; 2]) -> Front) {
    let mut two = Two::new();
    two.begins(0);
    let front = two.behind(front);
    eventually("the proxy knows who is there", || {
        (0..6).all(|_| front.ask_from(HERE, HOST, &Asked::get("/healthz", &[])).status == 200)
    });
    two.world.twilio.set_latency_on(On::Create, Duration::from_secs(6));
    let status = thread::scope(|scope| {
        let order = scope.spawn(|| post(&front, "/admin/phones/api/purchase", ADMIN_KEY, r#"{"count":1}"#.to_owned()));
        eventually("it is bought", || two.world.twilio.truth().creates_in_flight == 1);
        two.begins(1);
        two.ends(0, Signal::SIGKILL);
        order.join().expect("an answer")
    });
    assert_eq!(status, 502, "nobody knows");
    two.world.settle();
    assert_eq!((two.world.count("SELECT count(*) FROM purchases"), two.world.bought()), (1, 1));
}

#[test]
fn behind_nginx_one_instance_goes_after_the_other_and_no_signup_is_refused() {
    let signals = [Signal::SIGTERM, Signal::SIGKILL, Signal::SIGTERM];
    one_goes_after_the_other(Two::new(), Front::documented_nginx_for_two, &signals);
}

#[test]
fn behind_caddy_one_instance_is_restarted_after_the_other_and_no_signup_is_refused() {
    one_goes_after_the_other(Two::with_sockets(), Front::documented_caddy_for_two, &[Signal::SIGTERM; 3]);
}

#[test]
fn behind_nginx_an_order_whose_instance_dies_is_placed_once() {
    an_order_is_placed_once(Front::documented_nginx_for_two);
}

#[test]
fn behind_caddy_an_order_whose_instance_dies_is_placed_once() {
    an_order_is_placed_once(Front::documented_caddy_for_two);
}
