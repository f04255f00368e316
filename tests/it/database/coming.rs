//! What comes for those who wait, and what does not: whatever a number lacks, it is counted once, and nothing is bought in its place.

use std::time::Duration;

use callbunker::db::numbers::numbers_unready;
use callbunker::db::purchases::items::{Pace, items_pace};
use callbunker::db::stock::{Care, waitlist_lacks_at};
use callbunker::db::waiters::{Waiter, waiters_join};
use callbunker::domain::PoolName;
use uuid::Uuid;

use super::attachments::Rows;

impl Rows {
    fn wait(&self, user: &str, pool: &str) {
        let waiter = Waiter {
            user_id: user.parse().unwrap(),
            pool: pool.parse().unwrap(),
            wish: None,
            only_pool: false,
            patience: Duration::from_secs(600),
        };
        self.run(move |conn| waiters_join(conn, Uuid::new_v4(), std::slice::from_ref(&waiter)));
    }

    /// All numbers were bought for somebody who waited, just now.
    fn bought_for_somebody(&self) {
        self.world.sql(
            "INSERT INTO purchases (id, trigger, state, run_id, requested_count, requested_by, country, pool, expires_at)
             SELECT gen_random_uuid(), 'emergency', 'running', gen_random_uuid(), 99, 'test', 'US', pool, now() FROM (SELECT DISTINCT pool FROM numbers) AS p;
             INSERT INTO purchase_items (id, purchase_id, phone_number, state, pool, override_caps, attempts, first_sent_at, last_sent_at, ended_at)
             SELECT gen_random_uuid(), p.id, n.phone_number, 'bought', n.pool, false, 1, clock_timestamp(), clock_timestamp(), clock_timestamp()
               FROM numbers n JOIN purchases p ON p.pool = n.pool WHERE n.purchase_item_id IS NULL;
             UPDATE numbers n SET purchase_item_id = i.id FROM purchase_items i WHERE i.phone_number = n.phone_number",
        );
    }

    fn lacks(&self, care: Care, pool: &str) -> bool {
        let pool: PoolName = pool.parse().unwrap();
        self.run(move |conn| waitlist_lacks_at(conn, care, &pool))
    }
}

#[test]
fn a_number_bought_for_somebody_who_waits_keeps_their_place_once_whatever_it_lacks() {
    let rows = Rows::new(1);
    rows.wait("u-1", "default");
    rows.bought_for_somebody();
    let mut tried = 0;
    for held_back in ["NULL", "'attaching'", "'registering'", "'unattachable'", "'registration_failed'"] {
        for webhooks in ["configured", "drifted", "pending", "failed"] {
            for (capable, apart) in [(true, false), (true, true), (false, false), (false, true)] {
                rows.world.sql(&format!(
                    "UPDATE numbers SET webhook_status = '{webhooks}', capable = {capable}, apart = {apart}, held_back = NULL;
                     UPDATE numbers SET held_back = {held_back}"
                ));
                for care in [Care::Comes, Care::Stalls] {
                    let what = format!("{held_back} {webhooks} {capable} {apart} {care:?}");
                    assert!(
                        !rows.lacks(care, "default"),
                        "it keeps the place of the one for whom it was bought: {what}"
                    );
                    // Whoever came second has nothing, so it is counted once.
                    rows.wait("u-2", "default");
                    assert!(rows.lacks(care, "default"), "it serves one: {what}");
                    rows.world.sql("DELETE FROM waiters WHERE user_id = 'u-2'");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 5 * 4 * 4 * 2);
    // Whoever came after it was bought has no number that is kept for them.
    rows.world.sql(
        "UPDATE numbers SET apart = false, capable = true, webhook_status = 'configured', held_back = 'unattachable'",
    );
    rows.world.sql("UPDATE waiters SET created_at = clock_timestamp()");
    assert!(rows.lacks(Care::Comes, "default"));
}

#[test]
fn who_waits_longest_at_another_pool_keeps_no_place_at_this_one() {
    let rows = Rows::new(1);
    rows.world.sql("INSERT INTO pools (name, voice_url, sms_url, status_callback) VALUES ('gb', 'v', 's', 'c')");
    rows.wait("u-1", "gb");
    rows.bought_for_somebody();
    rows.world.sql("UPDATE numbers SET webhook_status = 'failed'");
    rows.wait("u-2", "default");
    assert!(rows.lacks(Care::Comes, "default"), "the number was bought for somebody who waits no more");
    assert!(rows.lacks(Care::Comes, "gb"));
}

#[test]
fn numbers_that_only_register_are_no_doubts_of_the_next_create() {
    let rows = Rows::new(6);
    rows.bought_for_somebody();
    let pace = || rows.run(|conn| items_pace(conn, &PoolName::default_pool()));
    for (what, expected) in [
        ("held_back = 'registering'", Pace::Free),
        ("held_back = 'unattachable'", Pace::Free),
        ("webhook_status = 'pending', held_back = NULL", Pace::Wait),
    ] {
        rows.world.sql(&format!("UPDATE numbers SET {what}"));
        assert_eq!(pace(), expected, "{what}");
    }
}

#[test]
fn what_failed_is_cared_for_after_the_others_and_what_rests_not_at_all() {
    let rows = Rows::new(9);
    rows.world.sql("UPDATE numbers SET webhook_status = 'drifted' WHERE id <> 9");
    let cared_for = |last: &'static [i64], resting: &'static [i64], limit: i64| -> Vec<i64> {
        rows.run(move |conn| numbers_unready(conn, last, resting, limit)).into_iter().map(|row| row.id).collect()
    };
    assert_eq!(cared_for(&[], &[], 20), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(cared_for(&[], &[], 3), [1, 2, 3]);
    assert_eq!(cared_for(&[3, 1, 9], &[], 20), [2, 4, 5, 6, 7, 8, 3, 1], "in the order in which they failed");
    assert_eq!(cared_for(&[3, 1], &[2, 3, 8], 20), [4, 5, 6, 7, 1]);
    assert_eq!(cared_for(&[1, 2, 3, 4, 5, 6, 7, 8], &[], 2), [1, 2], "if nothing else is there");
}
