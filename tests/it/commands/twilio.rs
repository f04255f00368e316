//! `callbunker twilio setup-events`: a sink and its subscription are made once, found again, and replaced when the address changes.

use base64::Engine as _;
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On, Sink, Subscription};

use crate::world::command::Ended;
use crate::world::place::Place;

const EVENTS: &str = "https://numbers.example.com/hooks/twilio-events?from=twilio";

/// A place whose configuration has events.
fn with_events() -> Place {
    let mut place = Place::new();
    place.set("events.public_url", EVENTS);
    place
}

impl Place {
    fn set_up(&self) -> Ended {
        self.command(&["twilio", "setup-events"])
    }

    fn stream(&self) -> (Vec<Sink>, Vec<Subscription>) {
        let truth = self.twilio.truth();
        (truth.sinks, truth.subscriptions)
    }

    /// Somebody else's sink, made by hand.
    fn sink(&self, description: &str, destination: &str) -> String {
        let configuration = json!({"destination": destination, "method": "POST"}).to_string();
        let form = [("Description", description), ("SinkType", "webhook"), ("SinkConfiguration", &configuration)];
        self.post("Sinks", &form)
    }

    fn post(&self, what: &str, form: &[(&str, &str)]) -> String {
        let pair = format!("{}:{}", self.twilio.account_sid(), self.twilio.auth_token());
        let authorization = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let request = ureq::post(format!("{}/v1/{what}", self.twilio.url())).header("Authorization", authorization);
        let mut answer = request.send_form(form.iter().copied()).expect("Twilio makes it");
        let made: serde_json::Value =
            serde_json::from_str(&answer.body_mut().read_to_string().expect("JSON")).expect("JSON");
        made["sid"].as_str().expect("a SID").to_owned()
    }
}

#[test]
fn the_stream_is_made_once_and_found_again_without_a_post() {
    let place = with_events();
    let first = place.set_up().table();
    let (sinks, subscriptions) = place.stream();
    let ([sink], [subscription]) = (&sinks[..], &subscriptions[..]) else { panic!("{sinks:?} {subscriptions:?}") };
    assert_eq!((sink.destination.as_str(), sink.description.as_str()), (EVENTS, "callbunker:default"));
    assert_eq!(sink.configuration["batch_events"], false);
    assert_eq!(subscription.sink_sid, sink.sid);
    let types: Vec<(&str, u32)> =
        subscription.types.iter().map(|one| (one.name.as_str(), one.schema_version)).collect();
    assert_eq!(types.len(), 6, "{types:?}");
    for (name, version) in types {
        assert!(name.starts_with("com.twilio.messaging.compliance.number-") && version == 1, "{name}");
    }
    for line in [
        format!("Twilio sends events of numbers to https://numbers.example.com: sink {}", sink.sid),
        format!("made the sink {}", sink.sid),
        format!("made the subscription {} to 6 types of events", subscription.sid),
    ] {
        assert!(first.lines().any(|told| told == line), "{line}: {first}");
    }
    assert!(!first.contains("hooks") && !first.contains("from="), "of an address, scheme and host are shown: {first}");
    let asked = |place: &Place| {
        (place.twilio.truth().requests_of(On::Sink), place.twilio.truth().requests_of(On::Subscription))
    };
    let before = asked(&place);
    let second = place.set_up().table();
    assert!(second.ends_with("\nnothing to do\n"), "{second}");
    assert_eq!(place.stream(), (sinks, subscriptions), "nothing is made or changed");
    let after = asked(&place);
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 2), "three looks, and no POST");
}

#[test]
fn types_that_lack_are_added_to_what_is_subscribed() {
    let place = with_events();
    let sink = place.sink("made by hand", EVENTS);
    let pending = "com.twilio.messaging.compliance.number-registration.pending";
    let types = json!({"type": pending, "schema_version": 2}).to_string();
    let subscription = place.post("Subscriptions", &[("Description", "x"), ("SinkSid", &sink), ("Types", &types)]);
    let told = place.set_up().table();
    assert_eq!(told.lines().filter(|line| line.starts_with("added com.twilio.")).count(), 5, "{told}");
    let (sinks, subscriptions) = place.stream();
    assert_eq!((sinks.len(), subscriptions.len()), (1, 1), "whoever made it: it leads to us");
    assert_eq!((subscriptions[0].sid.as_str(), subscriptions[0].types.len()), (subscription.as_str(), 6));
    assert_eq!(subscriptions[0].types[0].schema_version, 2, "what is there stays");
    assert!(place.set_up().table().ends_with("nothing to do\n"));
}

#[test]
fn with_another_address_the_earlier_sink_goes_and_those_of_others_stay() {
    let mut place = with_events();
    let others = place.sink("somebody else's", "https://others.example.com/events");
    let staging = place.sink("callbunker:staging", "https://staging.example.com/events");
    place.set_up().table();
    let former = place.stream().0.into_iter().find(|sink| sink.destination == EVENTS).expect("ours");
    place.set("CALLBUNKER__EVENTS__PUBLIC_URL", "https://new.example.com/twilio/events");
    let told = place.set_up().table();
    for line in ["made the sink ", "ended the subscription ", &format!("took the earlier sink {} away", former.sid)] {
        assert!(told.lines().any(|told| told.starts_with(line)), "{line}: {told}");
    }
    let (sinks, subscriptions) = place.stream();
    let sids: Vec<&str> = sinks.iter().map(|sink| sink.sid.as_str()).collect();
    assert_eq!(sids[..2], [others.as_str(), staging.as_str()]);
    assert_eq!((sinks.len(), sinks[2].destination.as_str()), (3, "https://new.example.com/twilio/events"));
    assert_eq!((subscriptions.len(), subscriptions[0].sink_sid.as_str()), (1, sids[2]));
    assert!(place.set_up().table().ends_with("nothing to do\n"));
}

#[test]
fn lists_are_read_to_their_end() {
    let place = with_events();
    place.set_up().table();
    // Newer ones stand before it, on pages of their own.
    for n in 0..99 {
        place.sink("somebody else's", &format!("https://others.example.com/{n}"));
    }
    assert!(place.set_up().table().ends_with("nothing to do\n"));
    assert_eq!(place.stream().0.len(), 100);
}

#[test]
fn what_breaks_off_is_told_and_the_next_run_goes_on_with_it() {
    let place = with_events();
    // The first of these requests is a look.
    let lost = Fault::new(On::Sink, FaultKind::CommitThenReset).after(1);
    place.twilio.fault(lost);
    let ended = place.set_up();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(69), ""), "{ended:?}");
    assert!(ended.stderr.contains("run it again"), "{ended:?}");
    assert_eq!(place.stream().0.len(), 1, "its answer was lost");
    place.twilio.fault(Fault::new(On::Subscription, FaultKind::Error500).after(1));
    assert_eq!(place.set_up().code, Some(69));
    place.twilio.fault(Fault::new(On::Subscription, FaultKind::Refuse).code(20001).message("not like this").after(1));
    let ended = place.set_up();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("not like this") && ended.stderr.contains("run it again"), "{ended:?}");
    let told = place.set_up().table();
    assert!(told.contains("made the subscription ") && !told.contains("made the sink"), "{told}");
    let (sinks, subscriptions) = place.stream();
    assert_eq!((sinks.len(), subscriptions.len()), (1, 1));
}

#[test]
fn a_bad_configuration_is_64_and_a_twilio_that_is_not_there_69() {
    let mut place = with_events();
    place.set("CALLBUNKER__TWILIO__API_BASE_URL", "http://127.0.0.1:1");
    assert_eq!(place.set_up().code, Some(69));
    let mut place = with_events();
    place.set("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdee");
    let ended = place.set_up();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("20003") && !ended.stderr.contains("0123456789abcdee"), "{ended:?}");
    // Nothing could tell whose an event is, and nobody says where it should go.
    place.with_a_key();
    place.unset("CALLBUNKER__EVENTS__PUBLIC_URL");
    let ended = place.set_up();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{ended:?}");
    for problem in ["events.public_url", "TWILIO_AUTH_TOKEN"] {
        assert!(ended.stderr.contains(problem), "{problem}: {ended:?}");
    }
    assert_eq!(place.stream(), (Vec::new(), Vec::new()));
}
