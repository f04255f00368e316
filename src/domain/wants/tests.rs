//! What a number lacks, and what is intended for it.

use super::super::attachment::RefusedFor;
use super::*;

fn service(digit: u8) -> MessagingServiceSid {
    format!("MG{}", digit.to_string().repeat(32)).parse().unwrap()
}

fn trust(digit: u8) -> TrustSid {
    format!("BU{}", digit.to_string().repeat(32)).parse().unwrap()
}

fn wants() -> Wants {
    Wants {
        services: vec![service(1), service(2)],
        profile: Some(trust(5)),
        products: vec![trust(6)],
        needs: Needs { attached: true, registered: false },
    }
}

fn one(target: Target, state: AttachmentState) -> Attachment {
    let refused_for = match state {
        AttachmentState::Refused | AttachmentState::Conflict => Some(RefusedFor::Number),
        AttachmentState::Intended | AttachmentState::Sent | AttachmentState::Attached | AttachmentState::Left => None,
    };
    Attachment { target, state, refused_for }
}

fn full(target: Target) -> Attachment {
    Attachment { target, state: AttachmentState::Refused, refused_for: Some(RefusedFor::Target) }
}

fn all_there() -> Vec<Attachment> {
    let targets = [Target::service(&service(2)), Target::profile(&trust(5)), Target::product(&trust(6))];
    targets.into_iter().map(|target| one(target, AttachmentState::Attached)).collect()
}

#[test]
fn a_pool_that_wants_nothing_lacks_nothing() {
    let nothing = Wants::default();
    assert!(nothing.is_nothing() && !wants().is_nothing());
    assert_eq!(nothing.status_of(&all_there()), AttachmentStatus::Attached);
    assert_eq!(nothing.status_of(&[]), AttachmentStatus::Attached);
    assert_eq!(nothing.intents(&[], &BTreeSet::new()), Intents::default());
}

#[test]
fn one_service_is_enough_and_of_all_others_each_is_wanted() {
    assert_eq!(wants().status_of(&all_there()), AttachmentStatus::Attached);
    for lacking in 0..3 {
        let mut rest = all_there();
        rest.remove(lacking);
        assert_eq!(wants().status_of(&rest), AttachmentStatus::Pending, "{lacking}");
        for (state, status) in [
            (AttachmentState::Intended, AttachmentStatus::Pending),
            (AttachmentState::Sent, AttachmentStatus::Pending),
            (AttachmentState::Left, AttachmentStatus::Pending),
            (AttachmentState::Refused, AttachmentStatus::Failed),
            (AttachmentState::Conflict, AttachmentStatus::Failed),
        ] {
            let mut some = all_there();
            some[lacking] = one(some[lacking].target.clone(), state);
            assert_eq!(wants().status_of(&some), status, "{lacking} {state}");
        }
    }
}

#[test]
fn a_number_in_a_service_that_the_pool_does_not_want_is_stuck_and_a_full_one_is_not_the_end() {
    let only = Wants { services: vec![service(1)], ..Wants::default() };
    let elsewhere = [one(Target::service(&service(9)), AttachmentState::Attached)];
    assert_eq!(only.status_of(&elsewhere), AttachmentStatus::Failed);
    assert_eq!(only.intents(&elsewhere, &BTreeSet::new()), Intents::default(), "never moved");
    let tried = [full(Target::service(&service(1)))];
    assert_eq!(only.status_of(&tried), AttachmentStatus::Pending, "it may have room again, or another is named");
    // Whatever was tried before: it is there.
    let both = [
        one(Target::service(&service(9)), AttachmentState::Conflict),
        one(Target::service(&service(1)), AttachmentState::Attached),
    ];
    assert_eq!(only.status_of(&both), AttachmentStatus::Attached);
}

#[test]
fn the_first_service_with_room_is_intended_and_everything_else_that_lacks() {
    let sids = |intents: Intents| -> Vec<String> {
        let short = |target: Target| target.sid()[..3].to_owned();
        intents.targets.into_iter().map(short).collect()
    };
    let none = BTreeSet::new();
    assert_eq!(sids(wants().intents(&[], &none)), ["MG1", "BU5", "BU6"]);
    let first = BTreeSet::from([Target::service(&service(1))]);
    assert_eq!(sids(wants().intents(&[], &first)), ["MG2", "BU5", "BU6"]);
    assert!(wants().intents(&[], &first).no_room.is_empty());
    let closed: BTreeSet<Target> = wants().targets().collect();
    let intents = wants().intents(&[], &closed);
    assert_eq!((intents.targets.len(), intents.no_room.len()), (0, 3));
    // One that was full, or that it left, may be tried again; what is open, there or has failed is left alone.
    let left = [full(Target::service(&service(1))), one(Target::profile(&trust(5)), AttachmentState::Left)];
    assert_eq!(sids(wants().intents(&left, &none)), ["MG1", "BU5", "BU6"]);
    for state in [AttachmentState::Intended, AttachmentState::Sent, AttachmentState::Refused, AttachmentState::Conflict]
    {
        let tried = [one(Target::service(&service(1)), state), one(Target::product(&trust(6)), state)];
        assert_eq!(sids(wants().intents(&tried, &none)), ["BU5"], "{state}");
    }
    assert_eq!(wants().intents(&all_there(), &closed), Intents::default());
}

#[test]
fn what_a_pool_needs_holds_a_number_back_and_what_it_only_wants_does_not() {
    use AttachmentStatus::{Attached, Failed, Pending};
    let voice = Needs::of(ReadyFor::Voice, SmsReadyWhen::Registered);
    assert_eq!(voice, Needs::default());
    let attached = Needs::of(ReadyFor::Sms, SmsReadyWhen::Attached);
    let registered = Needs::of(ReadyFor::Sms, SmsReadyWhen::Registered);
    let words: [Option<Registration>; 5] = [
        None,
        Some(Registration::Pending),
        Some(Registration::Registered),
        Some(Registration::Failed),
        Some(Registration::Unregistered),
    ];
    for status in [Attached, Pending, Failed] {
        for word in words {
            assert_eq!(voice.held_back(status, word), None);
            let expected = match status {
                Attached => None,
                Pending => Some(HeldBack::Attaching),
                Failed => Some(HeldBack::Unattachable),
            };
            assert_eq!(attached.held_back(status, word), expected);
            assert!(registered.held_back(status, word) == expected || status == Attached);
        }
    }
    let told = words.map(|word| registered.held_back(Attached, word));
    let (coming, failed) = (Some(HeldBack::Registering), Some(HeldBack::RegistrationFailed));
    assert_eq!(told, [coming, coming, None, failed, failed]);
    let passing: Vec<_> = HeldBack::ALL.iter().filter(|held| held.passes()).collect();
    assert_eq!(passing, [&HeldBack::Attaching, &HeldBack::Registering]);
}
