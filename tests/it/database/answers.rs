//! An order by hand is answered in its time (`http.sync_order_secs`), whatever becomes of the database while its create hangs.
//!
//! How to get it wrong: a create that is given up before the answer. Then nobody knows what the answer waited for.

use postgres_fixture::{Cluster, ClusterOptions};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::freezing::{SETTING, says};
use crate::world::{World, eventually};

type Outage = fn(&Cluster, &World);

#[test]
fn an_order_whose_create_hangs_is_answered_in_its_time_when_the_database_goes_away() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let outages: [(&str, Outage, Outage); 3] = [
        (
            "somebody makes it read-only",
            |cluster, world| says(cluster, &format!("ALTER DATABASE {} SET {SETTING} = on", world.database.name())),
            |cluster, world| says(cluster, &format!("ALTER DATABASE {} RESET {SETTING}", world.database.name())),
        ),
        ("it stands still", |cluster, _| cluster.freeze().expect("still"), |cluster, _| cluster.thaw().expect("moves")),
        (
            "it dies",
            |cluster, _| cluster.stop_immediate().expect("dead"),
            |cluster, _| cluster.start_again().expect("back"),
        ),
    ];
    for (what, goes, comes) in outages {
        let world = World::on(&cluster).quiet().set("http.sync_order_secs", 2).set("twilio.request_timeout_ms", 60_000);
        let daemon = world.daemon();
        world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenHang));
        let answer = std::thread::scope(|scope| {
            let order = scope.spawn(|| daemon.purchase(1));
            eventually("Twilio has sold it", || world.bought() == 1);
            goes(&cluster, &world);
            order.join().expect("an answer")
        });
        assert_eq!(world.twilio.truth().creates_in_flight, 1, "{what}: answered while the create hangs: {answer:?}");
        // Sessions that are there hear of a setting a little later, and tell the order until then.
        assert!(matches!(answer.status, 202 | 503) && answer.body["purchase_id"].is_string(), "{what}: {answer:?}");
        comes(&cluster, &world);
    }
}
