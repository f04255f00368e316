//! Duties at the database: one instance at a time, again when it is due, and by anybody whose claim ran out.

use std::time::Duration;

use callbunker::db::duties::{DUTY_HOLD, duty_claim, duty_done, duty_hold};
use uuid::Uuid;

use super::attachments::Rows;

const HOUR: Duration = Duration::from_secs(3600);

impl Rows {
    fn claims(&self, who: Uuid) -> bool {
        self.run(move |conn| duty_claim(conn, "sweep", who, HOUR, DUTY_HOLD))
    }

    fn holds(&self, who: Uuid) -> bool {
        self.run(move |conn| duty_hold(conn, "sweep", who, DUTY_HOLD))
    }

    fn is_done(&self, who: Uuid) -> bool {
        self.run(move |conn| duty_done(conn, "sweep", who, "all of it"))
    }
}

#[test]
fn a_duty_is_one_instances_at_a_time_and_again_when_it_is_due() {
    let rows = Rows::new(0);
    let (me, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(rows.claims(me) && !rows.claims(other), "it is somebody's");
    assert!(!rows.claims(me), "whoever failed waits as the others do");
    assert!(rows.holds(me) && !rows.holds(other));
    assert!(!rows.is_done(other) && rows.is_done(me) && !rows.holds(me));
    assert!(!rows.claims(me) && !rows.claims(other), "it is done");
    assert_eq!(rows.world.sql("SELECT detail FROM duties WHERE claimed_by IS NULL"), "all of it");
    rows.world.sql("UPDATE duties SET done_at = done_at - interval '61 minutes'");
    assert!(rows.claims(other), "it is due again");
    // Whoever dies delays it by the length of a claim.
    rows.world.sql("UPDATE duties SET claimed_until = clock_timestamp()");
    assert!(rows.claims(me));
    assert!(!rows.holds(other) && !rows.is_done(other), "it is somebody else's by now");
    // Somebody set the clock back.
    rows.world.sql("UPDATE duties SET claimed_until = clock_timestamp() + interval '2 hours'");
    assert!(rows.claims(other) && rows.is_done(other));
    rows.world.sql("UPDATE duties SET done_at = clock_timestamp() + interval '2 hours'");
    assert!(rows.claims(me));
    // Many at once: one of them.
    rows.world.sql("DELETE FROM duties");
    let claimed = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| rows.claims(Uuid::new_v4()))).collect();
        tries.into_iter().map(|one| one.join().expect("it answers")).filter(|claimed| *claimed).count()
    });
    assert_eq!(claimed, 1);
}
