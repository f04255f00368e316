//! What is unfit is counted exactly, however many numbers of users lack something.

use callbunker::db::stock::{Care, stock_read_all, stock_read_for_buying};
use callbunker::domain::{Needs, PoolName, PoolPolicy, Wants};

use super::attachments::{Rows, sid};
use super::pools::{FAR, keys};
use crate::world::eventually;

const USERS: u32 = 3000;

#[test]
fn a_count_of_what_is_unfit_does_not_read_what_users_have() {
    let rows = Rows::new(USERS + 20);
    let services = vec![sid("MG", 1).parse().unwrap()];
    rows.want(&Wants { services, needs: Needs { attached: true, registered: false }, ..Wants::default() });
    // All but ten are in a service of somebody else's; ten of these are nobody's, and so are the ten that only wait.
    rows.world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target, state) SELECT id, 'messaging_service', '{}', 'attached' FROM numbers WHERE id > 10;
         UPDATE leases SET user_id = 'u-' || number_id, assigned_at = now(), source = 'import', assignment_id = nextval('assignment_ids')
          WHERE number_id > 20",
        sid("MG", 2)
    ));
    let counted = || {
        let pool = PoolName::default_pool();
        let seen = rows.run(|conn| stock_read_all(conn, &[keys("default")])).pools[&pool].stock;
        let policy: &'static PoolPolicy = &FAR;
        let bought_for = rows.run(move |conn| stock_read_for_buying(conn, policy, Care::Comes, &keys("default"))).stock;
        [seen, bought_for].map(|stock| (stock.unfit, stock.registering, stock.available))
    };
    // Without statistics, and with them.
    assert_eq!(counted(), [(10, 10, 0); 2]);
    for table in ["numbers", "leases"] {
        rows.world.database.psql(&format!("VACUUM ANALYZE callbunker.{table}")).expect("it is vacuumed");
    }
    let read = |index: &str| {
        rows.world.count(&format!(
            "SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes WHERE indexrelname = '{index}'"
        ))
    };
    rows.world.sql("SELECT pg_stat_reset()");
    eventually("it is counted", || {
        // Before PostgreSQL 15 a session tells what it has read when it is asked the next time, and not while it rests.
        assert_eq!(counted(), [(10, 10, 0); 2]);
        read("leases_unready_idx") > 0
    });
    assert!(read("numbers_unmendable_idx") < i64::from(USERS), "those of users are read");
}
