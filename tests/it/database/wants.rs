//! A pool that wants something else: nothing that lacks it is handed out from the moment it does, and what broke off begins anew.

use callbunker::db::numbers::{numbers_take_back, numbers_tell_wants};
use callbunker::db::pool_wants::{wants_begin, wants_stored, wants_switch, wants_told};
use callbunker::domain::{Needs, PoolName, Wants};

use super::attachments::{Rows, sid};

fn services(digits: &[u32]) -> Wants {
    let services = digits.iter().map(|digit| sid("MG", *digit).parse().unwrap()).collect();
    Wants { services, needs: Needs { attached: !digits.is_empty(), registered: false }, ..Wants::default() }
}

fn ready(rows: &Rows) -> i64 {
    rows.world.count("SELECT count(*) FROM leases WHERE pool = 'default' AND user_id IS NULL AND ready")
}

/// As many steps of the change as `steps` says, two numbers at a time.
fn change(rows: &Rows, wants: &Wants, steps: usize) {
    let pool = PoolName::default_pool;
    rows.run(move |conn| wants_begin(conn, &pool()));
    if steps == 0 {
        return;
    }
    loop {
        let new = wants.clone();
        if rows.run(move |conn| numbers_take_back(conn, &pool(), &new, 2)) == 0 {
            break;
        }
        if steps == 1 {
            return;
        }
    }
    let new = wants.clone();
    assert!(rows.run(move |conn| wants_switch(conn, &pool(), &new)));
    if steps == 2 {
        return;
    }
    let mut after = 0;
    while let Some(last) = rows.run(move |conn| numbers_tell_wants(conn, &pool(), after, 2)) {
        after = last;
        if steps == 3 {
            return;
        }
    }
    let (told, others) = (wants.clone(), services(&[8]));
    assert!(!rows.run(move |conn| wants_told(conn, &pool(), &others)), "it wants something else");
    assert!(rows.run(wants_stored)[&pool()].telling);
    assert!(rows.run(move |conn| wants_told(conn, &pool(), &told)));
}

#[test]
fn what_is_stored_is_what_was_wanted() {
    let rows = Rows::new(0);
    let stored = |rows: &Rows| rows.run(wants_stored).remove(&PoolName::default_pool()).expect("it was configured");
    assert_eq!((stored(&rows).wants, stored(&rows).telling), (Wants::default(), false));
    let all = Wants {
        services: vec![sid("MG", 2).parse().unwrap(), sid("MG", 1).parse().unwrap()],
        profile: Some(sid("BU", 5).parse().unwrap()),
        products: vec![sid("BU", 7).parse().unwrap(), sid("BU", 6).parse().unwrap()],
        needs: Needs { attached: true, registered: true },
    };
    change(&rows, &all, 9);
    assert_eq!((stored(&rows).wants, stored(&rows).telling), (all, false), "each kind in its order");
    change(&rows, &services(&[3]), 2);
    assert_eq!((stored(&rows).wants, stored(&rows).telling), (services(&[3]), true));
    change(&rows, &Wants::default(), 9);
    assert_eq!((stored(&rows).wants, stored(&rows).telling), (Wants::default(), false));
    let unknown: PoolName = "gb".parse().unwrap();
    assert!(!rows.run(move |conn| wants_switch(conn, &unknown, &Wants::default())));
}

#[test]
fn a_change_that_breaks_off_anywhere_hands_out_nothing_that_lacks_what_is_wanted_and_is_begun_anew() {
    // 1 and 2 are of service 1, 3 of service 2, 4 and 5 of none, 6 is a user's, 7 rests, 8 is of another pool.
    let rows = Rows::new(7);
    rows.world.sql("INSERT INTO pools (name, voice_url, sms_url, status_callback) VALUES ('gb', 'v', 's', 'c')");
    rows.world.stock("gb", 8, 1);
    rows.world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target, state)
         SELECT id, 'messaging_service', CASE id WHEN 3 THEN '{}' ELSE '{}' END, 'attached' FROM numbers WHERE id <= 3;
         UPDATE leases SET user_id = 'u-6', assigned_at = now(), source = 'pool', assignment_id = nextval('assignment_ids') WHERE number_id = 6;
         UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() WHERE id = 7",
        sid("MG", 2),
        sid("MG", 1)
    ));
    for steps in 0..=3 {
        change(&rows, &Wants::default(), 9);
        assert_eq!(ready(&rows), 5, "{steps}");
        change(&rows, &services(&[1]), steps);
        // Until the switch the former wants hold, and nothing is handed out after it.
        let lacking = rows.world.sql("SELECT string_agg(number_id::text, ' ' ORDER BY number_id) FROM leases WHERE ready AND user_id IS NULL AND pool = 'default'");
        match steps {
            0 => assert_eq!(lacking, "1 2 3 4 5"),
            1 => assert!(lacking.starts_with("1 2"), "what lacks nothing stays: {lacking}"),
            _ => assert_eq!(lacking, "1 2"),
        }
        assert!(rows.run(wants_stored)[&PoolName::default_pool()].telling);
        // Begun anew, it ends as it should.
        change(&rows, &services(&[1]), 9);
        let told = rows.told();
        assert_eq!(told[..3], ["1 attached - true", "2 attached - true", "3 failed unattachable false"], "{steps}");
        assert!(told[3..6].iter().all(|line| line.contains("pending attaching false")), "{told:?}");
        assert_eq!(told[6], "7 pending attaching false", "at rest");
        assert_eq!(told[7], "8 attached - true", "another pool's");
        assert_eq!(
            rows.world.count("SELECT count(*) FROM leases WHERE user_id = 'u-6'"),
            1,
            "whoever has one keeps it"
        );
        rows.assert_leases_agree();
    }
    // What is wanted only later on holds nothing back.
    let voice = Wants { needs: Needs::default(), ..services(&[2]) };
    change(&rows, &voice, 9);
    assert_eq!(rows.told_of(4), "pending - true");
    assert_eq!(ready(&rows), 5);
}

#[test]
fn what_the_carriers_must_know_is_taken_back_unless_they_do_or_an_operator_says_so() {
    let rows = Rows::new(4);
    rows.world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target, state) SELECT id, 'messaging_service', '{}', 'attached' FROM numbers;
         UPDATE numbers SET registration = 'registered', registration_at = now() WHERE id = 1;
         UPDATE numbers SET marked_ready_at = now(), marked_ready_by = 'test' WHERE id IN (2, 3);
         UPDATE numbers SET registration = 'failed', registration_at = now() + interval '1 s' WHERE id = 3",
        sid("MG", 1)
    ));
    let registered = Wants { needs: Needs { attached: true, registered: true }, ..services(&[1]) };
    let new = registered.clone();
    assert_eq!(rows.run(move |conn| numbers_take_back(conn, &PoolName::default_pool(), &new, 9)), 2);
    change(&rows, &registered, 9);
    assert_eq!(
        rows.told(),
        [
            "1 attached - true",
            "2 attached - true",
            "3 attached registration_failed false",
            "4 attached registering false"
        ]
    );
}
