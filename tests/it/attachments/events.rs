//! Twilio's events, late, doubled, out of order, lost and forged: a number is ready when the carriers know it, and not before.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use twilio_simulator::{EventOptions, EventRecord, Fault, FaultKind, On, RegistrationOutcome, Truth};

use crate::world::command::run;
use crate::world::daemon::Daemon;
use crate::world::events::{
    FAILED, PENDING, REGISTERED, at_the_database, deliver, event, lead_to, lines, register, send_events, service,
    standing, waiting,
};
use crate::world::scrape::Scrape;
use crate::world::session::Session;
use crate::world::{World, eventually};

/// Numbers that wait for the carriers, a daemon, and Twilio's stream to it.
struct Stage {
    world: World,
    daemon: Daemon,
    numbers: Vec<String>,
}

impl Stage {
    fn new(count: u32) -> Self {
        let world = waiting(World::new().quiet(), count);
        let numbers = world.sql("SELECT phone_number FROM numbers ORDER BY id").lines().map(str::to_owned).collect();
        let daemon = world.daemon();
        Self { world, daemon, numbers }
    }

    /// With a sink and its subscription, made as operators make them.
    fn streaming(count: u32) -> Self {
        let stage = Self::new(count);
        let env: Vec<(&str, &str)> =
            stage.world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run(&env, &["twilio", "setup-events"]).table();
        lead_to(&stage.world, &stage.daemon);
        stage
    }

    fn first(&self) -> &str {
        &self.numbers[0]
    }

    /// Waits until all that was told of a number came to its end at Twilio, and says so of its last event.
    #[track_caller]
    fn told(&self, number: &str, count: usize) -> Vec<EventRecord> {
        let over = |truth: &Truth| {
            let events: Vec<&EventRecord> =
                truth.events_of(number).filter(|event| !event.attempts.is_empty()).collect();
            events.len() >= count && events.iter().all(|event| event.waiting == 0)
        };
        eventually("Twilio is through with its events", || over(&self.world.twilio.truth()));
        self.world.twilio.truth().events_of(number).filter(|event| !event.attempts.is_empty()).cloned().collect()
    }

    fn counted(&self, outcome: &str) -> f64 {
        Scrape::of(&self.daemon).get("callbunker_events_total", &[("outcome", outcome)])
    }

    fn history(&self, number: &str) -> Vec<Value> {
        let document = self.daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
        document["history"].as_array().expect("a list").clone()
    }
}

#[test]
fn a_number_is_stock_from_the_carriers_word_on_and_until_they_take_it_back() {
    let stage = Stage::streaming(2);
    let (world, number) = (&stage.world, stage.first());
    assert_eq!(standing(world, number), "- registering false");
    assert_eq!(stage.daemon.status()["available"], 0);
    register(world, number, RegistrationOutcome::Registered);
    eventually("it is ready", || standing(world, number) == "registered - true");
    assert_eq!(stage.daemon.assign("u-1").ok()["phone_number"], number);
    let second = &stage.numbers[1];
    register(world, second, RegistrationOutcome::Failed);
    eventually("it failed", || standing(world, second) == "failed registration_failed false");
    assert_eq!(world.sql("SELECT in_a_row FROM pool_failures"), "1");
    assert!(world.sql("SELECT message FROM pool_failures").contains("30126"));
    let told = stage.history(second);
    let last = told.iter().find(|line| line["event"] == "registration_failed").expect("a line");
    let detail = last["detail"].as_str().expect("a sentence");
    assert!(detail.starts_with("the carriers do not take it: Twilio's code 30126, https://"), "{detail}");
    register(world, second, RegistrationOutcome::Registered);
    eventually("it is ready", || standing(world, second) == "registered - true");
    assert_eq!(world.sql("SELECT in_a_row FROM pool_failures"), "0");
    assert_eq!(lines(world, second), "attached registration_failed registered");
    assert!(stage.told(number, 2).iter().all(|event| event.delivered && !event.lost));
}

#[test]
fn events_that_come_twice_late_or_in_another_order_come_to_the_same() {
    for outcome in [RegistrationOutcome::Twice, RegistrationOutcome::Reordered, RegistrationOutcome::Delayed] {
        let stage = Stage::streaming(1);
        let (world, number) = (&stage.world, stage.first());
        register(world, number, outcome);
        eventually("it is ready", || standing(world, number) == "registered - true");
        assert!(stage.told(number, 2).iter().all(|event| event.delivered), "{outcome:?}");
        assert_eq!(standing(world, number), "registered - true", "{outcome:?}");
        assert_eq!(lines(world, number), "attached registered", "{outcome:?}");
        // Which of them overtakes which is the network's doing, too.
        let (deliveries, repeated_min) = match outcome {
            RegistrationOutcome::Twice => (3.0, 1.0),
            RegistrationOutcome::Reordered => (2.0, 1.0),
            _ => (2.0, 0.0),
        };
        let repeated = stage.counted("repeated");
        assert_eq!((stage.counted("stored") + repeated, stage.counted("rejected")), (deliveries, 0.0), "{outcome:?}");
        assert!(repeated >= repeated_min, "{outcome:?}: {repeated}");
    }
}

#[test]
fn what_nobody_with_the_token_signed_registers_nothing() {
    let stage = Stage::streaming(2);
    let (world, forged, overheard) = (&stage.world, stage.first(), &stage.numbers[1]);
    register(world, forged, RegistrationOutcome::Forged);
    let told = stage.told(forged, 2);
    assert!(told.iter().any(|event| event.forged && event.lost && event.attempts[0].status == Some(403)), "{told:#?}");
    assert_eq!(standing(world, forged), "pending registering false");
    // Somebody who overheard a URL sends another body with it.
    world.twilio.fault(Fault::new(On::EventDelivery, FaultKind::Stolen));
    register(world, overheard, RegistrationOutcome::Silent);
    let told = stage.told(overheard, 1);
    let statuses: Vec<Option<u16>> = told[0].attempts.iter().map(|attempt| attempt.status).collect();
    assert!(statuses.contains(&Some(200)) && statuses.contains(&Some(403)), "{told:#?}");
    assert_eq!(standing(world, overheard), "pending registering false");
    // One that took too long the first time came again.
    let taken = stage.counted("stored") + stage.counted("repeated");
    assert_eq!((taken, stage.counted("rejected")), (2.0, 2.0));
    eventually("it is told", || stage.daemon.has_logged("events are rejected"));
}

#[test]
fn an_event_that_is_lost_changes_nothing_and_the_next_one_counts() {
    let stage = Stage::streaming(1);
    let (world, number) = (&stage.world, stage.first());
    world.twilio.fault(Fault::new(On::EventDelivery, FaultKind::Omit).times(2));
    register(world, number, RegistrationOutcome::Registered);
    stage.told(number, 2);
    assert_eq!(standing(world, number), "- registering false");
    register(world, number, RegistrationOutcome::Registered);
    eventually("it is ready", || standing(world, number) == "registered - true");
}

#[test]
fn whatever_form_an_event_has_it_is_read() {
    let stage = Stage::streaming(4);
    let text = |text: &str| Some(text.to_owned());
    for (number, options) in stage.numbers.iter().zip([
        EventOptions { plus: Some(true), ..EventOptions::default() },
        EventOptions { reason_spelling: text("failurereason"), ..EventOptions::default() },
        EventOptions { data_as_text: Some(true), ..EventOptions::default() },
        EventOptions {
            content_type: text("application/cloudevents-batch+json; charset=utf-8"),
            ..EventOptions::default()
        },
    ]) {
        stage.world.twilio.events(options.clone());
        register(&stage.world, number, RegistrationOutcome::Failed);
        let failed = || standing(&stage.world, number) == "failed registration_failed false";
        eventually(&format!("it is read: {options:?}"), failed);
    }
    assert_eq!(stage.world.count("SELECT count(*) FROM numbers WHERE registration_reason LIKE '%30126%'"), 4);
}

#[test]
fn what_is_about_nothing_of_ours_is_taken_and_passed_by() {
    let stage = Stage::new(1);
    let (world, daemon, number) = (&stage.world, &stage.daemon, stage.first());
    let at = Utc::now();
    let ours = || event(world, number, REGISTERED, at);
    let with = |field: &str, value: Value| {
        let mut event = ours();
        event["data"][field] = value;
        event
    };
    let mut other_type = ours();
    other_type["type"] = "com.twilio.error-logs.error.logged".into();
    let others = [
        other_type,
        with("accountsid", "AC00000000000000000000000000000001".into()),
        with("phonenumbersid", "PN00000000000000000000000000000001".into()),
        with("messagingservicesid", "MG00000000000000000000000000000001".into()),
        with("updateddate", (at + TimeDelta::days(400)).timestamp_millis().into()),
        json!("no event"),
        json!(null),
    ];
    // The one from the future has another time that will do.
    assert_eq!(deliver(world, daemon, &others), [1, 0, 6]);
    assert_eq!(standing(world, number), "registered - true");
    assert_eq!(deliver(world, daemon, &[]), [0, 0, 0]);
    assert_eq!((stage.counted("stored"), stage.counted("ignored")), (1.0, 6.0));
}

#[test]
fn a_batch_is_taken_as_a_whole_each_by_its_own_time() {
    let stage = Stage::new(2);
    let (world, daemon) = (&stage.world, &stage.daemon);
    let [one, two] = [&stage.numbers[0], &stage.numbers[1]];
    let at = |second: i64| Utc::now() - TimeDelta::minutes(10) + TimeDelta::seconds(second);
    let (first, third, fifth) = (at(1), at(3), at(5));
    let batch = [
        event(world, two, FAILED, fifth),
        event(world, one, REGISTERED, third),
        event(world, two, REGISTERED, third),
        event(world, one, PENDING, first),
        event(world, one, PENDING, third),
        event(world, two, PENDING, first),
    ];
    assert_eq!(deliver(world, daemon, &batch), [2, 4, 0]);
    assert_eq!(standing(world, one), "registered - true");
    assert_eq!(standing(world, two), "failed registration_failed false");
    // All of it again, and the other way round.
    let backwards: Vec<Value> = batch.iter().rev().cloned().collect();
    assert_eq!(deliver(world, daemon, &backwards), [0, 6, 0]);
    assert_eq!(world.sql("SELECT in_a_row FROM pool_failures"), "1");
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], *one);
}

#[test]
fn a_batch_that_is_too_large_for_its_time_is_through_sooner_or_later() {
    let stage = Stage::new(1);
    let (world, daemon, number) = (&stage.world, &stage.daemon, stage.first());
    // Each of them is the last word when it comes, and each takes its time.
    world.sql(
        "CREATE FUNCTION slows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$;
         CREATE TRIGGER slows BEFORE UPDATE OF registration_at ON numbers FOR EACH ROW EXECUTE FUNCTION slows()",
    );
    let begun = Utc::now() - TimeDelta::hours(1);
    let mut said = event(world, number, REGISTERED, begun);
    let mut next = |second: i64| {
        let at = begun + TimeDelta::seconds(second);
        (said["time"], said["data"]["updateddate"]) = (at.to_rfc3339().into(), at.timestamp_millis().into());
        said.clone()
    };
    let batch: Vec<Value> = (0..200).map(&mut next).collect();
    eventually("all of it stands", || send_events(world, daemon, &batch).status == 200);
    assert_eq!(standing(world, number), "registered - true");
    let last = (begun + TimeDelta::seconds(199)).timestamp_millis();
    let at = world.count("SELECT floor(extract(epoch FROM registration_at) * 1000) FROM numbers");
    assert_eq!(at, last);
}

#[test]
fn what_is_known_of_a_batch_is_told_whoever_is_at_its_numbers() {
    let stage = Stage::new(25);
    let (world, daemon) = (&stage.world, &stage.daemon);
    let (last, others) = stage.numbers.split_last().expect("some");
    let at = Utc::now() - TimeDelta::minutes(10);
    let front: Vec<Value> = others.iter().map(|number| event(world, number, REGISTERED, at)).collect();
    eventually("it stands", || send_events(world, daemon, &front).status == 200);
    // Somebody is at each of them for long.
    let held = Session::open(world, "SELECT FROM numbers WHERE id < (SELECT max(id) FROM numbers) FOR UPDATE");
    let mut batch = front.clone();
    let mut elsewhere = event(world, &others[0], FAILED, Utc::now());
    elsewhere["data"]["messagingservicesid"] = "MG00000000000000000000000000000001".into();
    batch.extend([
        elsewhere,
        event(world, &others[1], FAILED, at - TimeDelta::seconds(1)),
        event(world, last, REGISTERED, at),
    ]);
    assert_eq!(deliver(world, daemon, &batch), [1, 25, 1]);
    assert_eq!(standing(world, last), "registered - true");
    // The same of a few.
    assert_eq!(deliver(world, daemon, &front[..3]), [0, 3, 0]);
    drop(held);
    assert_eq!(standing(world, &others[1]), "registered - true");
}

#[test]
fn what_could_not_be_written_down_is_sent_again_and_then_stands() {
    let stage = Stage::streaming(1);
    let (world, number) = (&stage.world, stage.first());
    let held = Session::open(world, "SELECT FROM numbers FOR UPDATE");
    register(world, number, RegistrationOutcome::Registered);
    let refused = |truth: &Truth| {
        let attempts: Vec<_> = truth.events_of(number).flat_map(|event| &event.attempts).collect();
        attempts.iter().filter(|attempt| attempt.status == Some(503)).count() >= 2
    };
    eventually("it is refused for now", || refused(&world.twilio.truth()));
    assert_eq!(standing(world, number), "- registering false");
    drop(held);
    eventually("it is ready", || standing(world, number) == "registered - true");
    assert!(stage.told(number, 2).iter().all(|event| event.delivered && !event.lost));
    assert!(stage.counted("failed") >= 2.0);
}

#[test]
fn an_event_that_comes_before_our_own_answer_is_taken() {
    let stage = Stage::new(1);
    let (world, daemon, number) = (&stage.world, &stage.daemon, stage.first());
    // On hold nobody goes on with it: it was sent, and that is all that is known.
    world.sql(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict', held_since = now();
         UPDATE attachments SET state = 'left'; UPDATE attachments SET state = 'intended';
         UPDATE attachments SET state = 'sent', attempts = 1, last_sent_at = now()",
    );
    assert_eq!(deliver(world, daemon, &[event(world, number, REGISTERED, Utc::now())]), [1, 0, 0]);
    assert_eq!(standing(world, number), "registered attaching false");
    let target = service(world);
    let target =
        callbunker::domain::Target::parse(callbunker::domain::AttachmentKind::MessagingService, &target).unwrap();
    let id = world.count("SELECT id FROM numbers");
    at_the_database(world, move |conn| callbunker::db::attachments::attachment_found(conn, id, &target, None));
    assert_eq!(standing(world, number), "registered - false", "on hold, and lacks nothing");
}
