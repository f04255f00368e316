//! Each step of the money path run twice: the second time changes nothing.
//!
//! The steps are called as the daemon calls them, over a connection of the daemon's own kind; the whole database is
//! compared before and after the second call.
//! How to get it wrong: comparing what the step answers. The second answer may differ, the state may not.

mod attaching;
mod comparing;
mod custody;
mod events;
mod purchases;
mod whole;

use std::sync::Arc;
use std::time::Duration;

use callbunker::db::numbers::NewNumber;
use callbunker::db::pool_halts::Keys;
use callbunker::db::pools::{PoolWanted, pool_wanted};
use callbunker::db::purchases::items::{Limits, Reason, RunOf, Settlement, item_settle, items_attempt, items_intend};
use callbunker::db::purchases::{Wish, purchase_open};
use callbunker::db::stock::Care;
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::{
    CapLimits, CountryCode, NumberType, PhoneNumber, PoolName, PoolPolicy, Trigger, WebhookStatus,
};
use callbunker::telemetry::Telemetry;
use uuid::Uuid;

use crate::world::World;

/// Every table, without what only says when somebody last looked.
const STATE: &str = "SELECT string_agg(line, chr(10)) FROM (
    SELECT 'purchase ' || p::text AS line FROM purchases p
    UNION ALL SELECT 'item ' || i::text FROM purchase_items i
    UNION ALL SELECT 'error ' || e::text FROM purchase_errors e
    UNION ALL SELECT 'number ' || n::text FROM numbers n
    UNION ALL SELECT 'assignment ' || a::text FROM assignments_ever a
    UNION ALL SELECT 'release ' || r::text FROM releases r
    UNION ALL SELECT 'ignored ' || g::text FROM ignored_numbers g
    UNION ALL SELECT 'waiter ' || w.user_id || w.instance_id || w.created_at FROM waiters w
    UNION ALL SELECT 'pool ' || p::text FROM pools p
    UNION ALL SELECT 'attachment ' || a::text FROM attachments a
    UNION ALL SELECT 'target ' || t::text FROM attachment_targets t
    UNION ALL SELECT 'failures ' || f::text FROM pool_failures f
    UNION ALL SELECT 'halt ' || h::text FROM pool_halts h
    UNION ALL SELECT 'gate ' || g::text FROM buying_gate g ORDER BY 1) AS lines";

/// The default pool under some keys.
fn keys() -> Keys {
    Keys { pool: PoolName::default_pool(), fingerprint: "0123456789abcdef".into() }
}

/// A ledger without a daemon: the schema, and the door to it.
struct Ledger {
    world: World,
    runtime: tokio::runtime::Runtime,
    db: Db,
}

impl Ledger {
    fn new() -> Self {
        let world = World::new().quiet();
        assert_eq!(world.daemon().stop(), Some(0));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = DatabaseUrl::new(&world.database.owner_url().to_owned().into());
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let db = Db::new(url, Duration::from_secs(5), runtime.handle().clone(), Telemetry::new(&[]), log);
        Self { world, runtime, db }
    }

    fn run<T: Send + 'static>(&self, step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static) -> T {
        self.runtime.block_on(self.db.run_patiently("torture", step)).expect("the step succeeds")
    }

    /// Runs `step` twice: the first time it changes something, the second time nothing.
    #[track_caller]
    fn twice<T: Send + 'static>(
        &self,
        step: impl Fn(&mut Connection) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> (T, T) {
        let step = Arc::new(step);
        let before = self.world.sql(STATE);
        let again = Arc::clone(&step);
        let first = self.run(move |conn| step(conn));
        let once = self.world.sql(STATE);
        assert_ne!(before, once, "the first time does something");
        let second = self.run(move |conn| again(conn));
        assert_eq!(once, self.world.sql(STATE), "the second time does nothing");
        (first, second)
    }

    /// Names a run as one that has the lock names itself.
    fn name(&self, run_id: Uuid) {
        self.world.sql(&format!("UPDATE purchase_holder SET run_id = '{run_id}', beat_at = clock_timestamp()"));
    }

    /// An order of three that runs.
    fn order(&self) -> RunOf {
        let wish = wish();
        let run_id = Uuid::new_v4();
        self.name(run_id);
        let order = self.run(move |conn| purchase_open(conn, &wish, run_id));
        RunOf { order_id: order.id, run_id }
    }

    /// An item of `run` with a committed intent.
    fn intended(&self, run: RunOf, number: &str) -> Uuid {
        let (id, number): (Uuid, PhoneNumber) = (Uuid::now_v7(), number.parse().unwrap());
        let limits = Limits { keys: keys(), policy: pool(), caps: caps(), care: Care::Comes };
        self.run(move |conn| items_intend(conn, run, &[(id, number)], &limits));
        id
    }

    /// An item that is on the wire.
    fn sent(&self, run: RunOf, number: &str) -> Uuid {
        let id = self.intended(run, number);
        self.run(move |conn| items_attempt(conn, run, &[id], &keys())).expect("it may be sent");
        id
    }

    /// What the default pool wants.
    fn wanted(&self) -> PoolWanted {
        self.run(|conn| pool_wanted(conn, &PoolName::default_pool()))
    }

    fn settlement(&self, number: &str, sid: u32) -> Settlement {
        let number = NewNumber {
            sid: format!("PN{sid:032}").parse().unwrap(),
            phone_number: number.parse().unwrap(),
            country: CountryCode::US,
            webhook_status: WebhookStatus::Configured,
            compared_with: Some(self.wanted().webhooks),
            capable: true,
            purchased_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            pool: PoolName::default_pool(),
            number_type: NumberType::Local,
        };
        Settlement { number, request_id: None }
    }

    /// A number in the pool; its id.
    fn stocked(&self, run: RunOf, number: &str, sid: u32) -> i64 {
        let (id, settlement) = (self.sent(run, number), self.settlement(number, sid));
        self.run(move |conn| item_settle(conn, id, &settlement));
        self.world.count(&format!("SELECT id FROM numbers WHERE purchase_item_id = '{id}'"))
    }
}

/// Three by hand.
fn wish() -> Wish {
    Wish {
        trigger: Trigger::Manual,
        count: 3,
        pool: PoolName::default_pool(),
        number_type: NumberType::Local,
        country: CountryCode::US,
        area_code: None,
        fallback: true,
        override_caps: false,
        requested_by: "test".to_owned(),
    }
}

fn pool() -> PoolPolicy {
    PoolPolicy { threshold_low: 0, replenishment_batch_size: 10, total_min: 0, available_max: 50, owned_max: 1000 }
}

fn caps() -> CapLimits {
    CapLimits::of_spend(100, 300)
}

fn failure(code: &str) -> Reason {
    Reason { code: code.to_owned(), message: code.to_owned(), ..Reason::default() }
}

const ONE: &str = "+14155550101";
const TWO: &str = "+14155550102";
const THREE: &str = "+14155550103";
