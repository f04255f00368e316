//! How soon a release is sent again that Twilio does not answer for, and since when it is told.

use std::time::Duration;

use callbunker::db::releases::{Leaving, release_intend, release_send, releases_stuck, releases_unfinished};

use super::attachments::Rows;

const SENT: Duration = Duration::from_secs(30);
const INTENDED: Duration = Duration::from_secs(60);

impl Rows {
    fn releases_due(&self, sent: Duration) -> usize {
        self.run(move |conn| releases_unfinished(conn, sent, INTENDED, 20)).len()
    }

    fn silent_for(&self, attempts: i32, secs: i64) {
        self.world.sql(&format!(
            "UPDATE releases SET state = 'sent', attempts = {attempts}, last_sent_at = clock_timestamp() - interval '{secs} seconds'"
        ));
    }
}

#[test]
fn what_was_asked_for_often_is_asked_for_ever_more_seldom_and_by_hand_at_once() {
    let rows = Rows::new(1);
    let Leaving::Open(id) = rows.run(|conn| release_intend(conn, 1, "test")) else { panic!("it leaves") };
    for (attempts, silence) in
        [(1, 30), (2, 30), (3, 30), (4, 60), (5, 120), (9, 1920), (10, 3600), (11, 3600), (40, 3600), (1_000_000, 3600)]
    {
        rows.silent_for(attempts, silence - 10);
        assert_eq!(rows.releases_due(SENT), 0, "{attempts} attempts");
        assert_eq!(rows.run(move |conn| release_send(conn, id, Some(SENT))), None, "{attempts} attempts");
        rows.silent_for(attempts, silence + 1);
        assert_eq!(rows.releases_due(SENT), 1, "{attempts} attempts");
        let sending = rows.run(move |conn| release_send(conn, id, Some(SENT))).expect("it is due");
        assert_eq!(sending.attempt, attempts + 1);
        // Whoever asks by hand does not wait.
        let sending = rows.run(move |conn| release_send(conn, id, None)).expect("it is sent");
        assert_eq!(sending.attempt, attempts + 2);
    }
    // Where a call may last for long, nobody repeats it sooner.
    rows.silent_for(3, 90);
    assert_eq!((rows.releases_due(Duration::from_secs(120)), rows.releases_due(SENT)), (0, 1));
}

#[test]
fn what_is_open_for_more_than_an_hour_is_told_by_the_oldest() {
    let rows = Rows::new(3);
    for number in 1..=3 {
        rows.run(move |conn| release_intend(conn, number, "test"));
    }
    assert_eq!(rows.run(releases_stuck), None);
    rows.world.sql(
        "UPDATE releases SET intended_at = clock_timestamp() - interval '1 hour' * number_id, attempts = 7, state = 'sent',
                last_sent_at = clock_timestamp(), error_message = 'status 503' WHERE number_id > 1",
    );
    let stuck = rows.run(releases_stuck).expect("two are");
    assert_eq!((stuck.count, stuck.attempts, stuck.last_words.as_deref()), (2, 7, Some("status 503")));
    assert_eq!(stuck.phone_number.as_str(), rows.world.sql("SELECT phone_number FROM numbers WHERE id = 3"));
    rows.world.sql(
        "UPDATE releases SET state = 'refused', ended_at = clock_timestamp() WHERE number_id = 3;
         UPDATE releases SET state = 'withdrawn', ended_at = clock_timestamp() WHERE number_id = 2",
    );
    assert_eq!(rows.run(releases_stuck), None, "Twilio has answered");
}
