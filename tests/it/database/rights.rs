//! `DATABASE_URL` with the rights that providers give: of a role that owns its database, of one that may only create in it, and of
//! one that serves from what another one migrated.
//!
//! How to get it wrong: trying it as `postgres`, who may everything.

use std::process::{Command, Output};

use postgres_fixture::OWNER;

use crate::world::World;
use crate::world::comparing::reconcile;
use crate::world::daemon::Daemon;

const SUM: &str = "SELECT sum(more) FROM owned_changes";
/// As whom the daemons are there, and whether that role is a superuser, may make databases, roles, or pass by policies.
const THERE: &str = "SELECT DISTINCT usename, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_stat_activity
    JOIN pg_roles ON rolname = usename WHERE datname = current_database() AND application_name LIKE 'callbunker%'";

/// The world with another role, which may log in and nothing else.
fn as_role(world: World, kind: &str) -> (World, String) {
    let role = format!("{kind}_of_{}", world.database.name());
    world.sql(&format!("CREATE ROLE {role} LOGIN"));
    let place = world.database.url().split_once('@').expect("it names its user").1.to_owned();
    (world.set("DATABASE_URL", format!("postgres://{role}@{place}")), role)
}

/// Buys, assigns, compares, and sets right what is owned, after a hand that went past the triggers.
fn works(world: &World, daemon: &Daemon, role: &str) {
    daemon.purchase(2).ok();
    daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    daemon.assign("u-2").ok();
    world.sql("SET session_replication_role = replica; UPDATE owned_changes SET more = more + 5 WHERE more <> 0");
    reconcile(daemon);
    assert_eq!(world.count(SUM), 2);
    assert_eq!(world.sql(THERE), format!("{role}|f|f|f|f"));
    world.assert_nothing_lost_or_doubled();
}

fn migrate(world: &World) -> Output {
    let mut migrate = Command::new(env!("CARGO_BIN_EXE_callbunker"));
    migrate.arg("migrate").env_clear().envs(world.settings()).output().expect("the program runs")
}

fn is_refused(world: &World, what_to_do: &str) {
    let refused = migrate(world);
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(64), "{stderr}");
    assert!(stderr.contains(what_to_do), "{stderr}");
}

#[test]
fn a_role_that_owns_its_database_does_everything() {
    let world = World::unmigrated().quiet();
    world.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    works(&world, &world.daemon(), OWNER);
    // From one version to the next, it may change what it made.
    for statement in ["ALTER TABLE numbers ADD COLUMN more text", "DROP SCHEMA callbunker CASCADE"] {
        world.as_owner(statement);
    }
    assert_eq!(world.daemon().stop(), Some(0));
}

#[test]
fn a_role_that_may_create_in_the_database_does_everything() {
    let (world, role) = as_role(World::unmigrated().quiet(), "maker");
    let name = world.database.name();
    world.sql(&format!("REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT CREATE ON DATABASE {name} TO {role}"));
    works(&world, &world.daemon(), &role);
}

#[test]
fn a_role_that_serves_needs_no_right_to_create_where_another_one_has_migrated() {
    let world = World::unmigrated().quiet();
    let owner_url = world.settings()["DATABASE_URL"].clone();
    let (mut world, role) = as_role(world, "server");
    let its_url = world.settings()["DATABASE_URL"].clone();
    is_refused(&world, "GRANT CREATE ON DATABASE");
    // As the documentation says.
    world.as_owner(&format!(
        "CREATE SCHEMA callbunker; GRANT USAGE ON SCHEMA callbunker TO {role};
         ALTER DEFAULT PRIVILEGES IN SCHEMA callbunker GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
    ));
    is_refused(&world, "with the role that owns the schema");
    world.change("DATABASE_URL", owner_url);
    let migrated = migrate(&world);
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    world.change("DATABASE_URL", its_url);
    let nothing = migrate(&world);
    assert!(nothing.status.success(), "{}", String::from_utf8_lossy(&nothing.stderr));
    works(&world, &world.daemon(), &role);
    let refused = world.database.psql(&format!("SET ROLE {role}; DROP TABLE callbunker.audit"));
    assert!(refused.is_err_and(|error| error.to_string().contains("must be owner")), "it owns nothing");
}

#[test]
fn the_recounts_right_to_write_the_sum_ends_with_it() {
    let world = World::new().quiet();
    let count = |statement: &str| world.count(&format!("SET ROLE {OWNER}; {statement}"));
    for wrong in [0, 5] {
        world
            .sql(&format!("SET session_replication_role = replica; INSERT INTO owned_changes (more) VALUES ({wrong})"));
        let before = "SET search_path = callbunker; BEGIN; INSERT INTO numbers (sid, phone_number, country, status, webhook_status,
                      capable, purchased_at) VALUES ('PN00000000000000000000000000000999', '+14155550101', 'US', 'active', 'configured', true, now())";
        let by_hand = format!("{before}; SELECT owned_recount(); INSERT INTO owned_changes (more) VALUES (1)");
        let error = world.database.psql(&format!("SET ROLE {OWNER}; {by_hand}")).expect_err("it is over").to_string();
        assert!(error.contains("counted by the numbers themselves"), "{error}");
        assert_eq!(count("SELECT owned_recount()"), -wrong);
        let twice =
            "BEGIN; SELECT owned_recount(); SELECT owned_recount(); COMMIT; SELECT sum(more) FROM owned_changes";
        assert_eq!(count(twice), 0);
    }
}

#[cfg(feature = "failpoints")]
#[test]
fn an_ordinary_role_ends_the_connection_of_a_holder_that_froze() {
    use nix::sys::signal::Signal;
    use twilio_simulator::{Fault, FaultKind, On};

    use crate::world::eventually;

    let world = World::unmigrated().quiet().set("purchase.emergency_wait_ms", 20_000);
    let frozen = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).times(1));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| frozen.purchase(1));
        eventually("its create hangs", || world.twilio.truth().creates.len() == 1);
        frozen.signal(Signal::SIGSTOP);
        let other = world.daemon();
        other.failpoints("holder_looked=return(2000)");
        assert_eq!(other.assign("u-1").ok()["source"], "emergency");
        eventually("it says whom it ended", || other.has_logged("gave no sign of life"));
        assert_eq!(world.sql(THERE), format!("{OWNER}|f|f|f|f"));
        frozen.signal(Signal::SIGCONT);
        order.join().expect("its answer");
    });
    world.assert_nothing_lost_or_doubled();
}
