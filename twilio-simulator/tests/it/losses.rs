//! Checklist 9: answers that never come, with and without an effect, and what the truth says of them.

use std::time::{Duration, Instant};

use twilio_simulator::{Fault, FaultKind, On};

use crate::client::{Client, start};

const AFTER_COMMIT: &[FaultKind] = &[
    FaultKind::CommitThenHang,
    FaultKind::CommitThenReset,
    FaultKind::CommitThenClose,
    FaultKind::CommitThen500,
    FaultKind::CommitThen503,
    FaultKind::CommitThenHtml502,
];

#[test]
fn a_lost_answer_leaves_the_number_bought() {
    for kind in AFTER_COMMIT {
        let (simulator, client) = start();
        let impatient = Client::impatient(&simulator);
        let number = client.search("AreaCode=415").remove(0);
        simulator.fault(Fault::new(On::Create, *kind));
        let answer = impatient.try_buy(&number);
        assert!(answer.as_ref().is_err() || answer.unwrap().status >= 500, "{kind:?}");
        assert!(simulator.wait_until(Duration::from_secs(5), |truth| truth.purchases.len() == 1), "{kind:?}");
        let truth = simulator.truth();
        assert!(!truth.purchases[0].delivered, "{kind:?}");
        assert_eq!(truth.purchases[0].faults, [kind.name()]);
        assert_eq!(truth.faults_fired[kind.name()], 1);
        assert!(client.owned_sid(&number).is_some());
        assert_eq!(client.buy(&number).status, 201, "the repeat is an update");
        assert_eq!(simulator.truth().purchases.len(), 1);
    }
}

#[test]
fn a_loss_before_the_commit_leaves_nothing() {
    for kind in [FaultKind::Hang, FaultKind::Reset, FaultKind::Close, FaultKind::Error500, FaultKind::Html502] {
        let (simulator, client) = start();
        let number = client.search("AreaCode=415").remove(0);
        simulator.fault(Fault::new(On::Create, kind));
        let answer = Client::impatient(&simulator).try_buy(&number);
        assert!(answer.as_ref().is_err() || answer.unwrap().status >= 500, "{kind:?}");
        assert!(simulator.truth().owned.is_empty() && client.owned_sid(&number).is_none(), "{kind:?}");
        assert_eq!(client.buy(&number).status, 201);
        let truth = simulator.truth();
        assert_eq!((truth.purchases.len(), truth.creates.len()), (1, 2));
        assert!(truth.purchases[0].delivered);
    }
}

#[test]
fn a_reset_is_a_reset_and_a_close_is_a_close() {
    use std::io::{Read as _, Write as _};
    for (kind, reset) in [
        (FaultKind::Reset, true),
        (FaultKind::CommitThenReset, true),
        (FaultKind::Close, false),
        (FaultKind::CommitThenClose, false),
    ] {
        let (simulator, _client) = start();
        simulator.fault(Fault::new(On::Any, kind));
        let mut stream = std::net::TcpStream::connect(&simulator.url()[7..]).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let read = stream.read(&mut [0; 16]);
        if reset {
            assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset, "{kind:?}");
        } else {
            assert_eq!(read.unwrap(), 0, "{kind:?}");
        }
    }
}

#[test]
fn a_hang_lasts_as_long_as_it_is_told() {
    let (simulator, client) = start();
    simulator.fault(Fault::new(On::Balance, FaultKind::Hang).ms(150));
    let started = Instant::now();
    let path = format!("/2010-04-01/Accounts/{}/Balance.json", simulator.account_sid());
    assert!(client.send("GET", &path, None).is_err());
    assert!((150..5_000).contains(&started.elapsed().as_millis()));
}

#[test]
fn an_update_and_a_release_can_be_lost_too() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let sid = client.buy(&number).json()["sid"].as_str().unwrap().to_owned();
    simulator.fault(Fault::new(On::Update, FaultKind::CommitThenReset));
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    assert!(client.try_post(&path, &[("FriendlyName", "changed")]).is_err());
    assert_eq!(client.get(&path).json()["friendly_name"], "changed");
    simulator.fault(Fault::new(On::Delete, FaultKind::CommitThen500));
    assert_eq!(client.delete(&sid).refusal(), (500, 20500));
    assert_eq!(client.delete(&sid).refusal(), (404, 20404));
    assert_eq!(simulator.truth().releases.len(), 1);
}

#[test]
fn lag_and_a_lost_answer_go_together() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    simulator.fault(Fault::new(On::Create, FaultKind::Lag).requests(2));
    simulator.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    assert!(client.try_buy(&number).is_err());
    assert_eq!(client.owned_sid(&number), None);
    simulator.set_reown_mode(twilio_simulator::ReownMode::B);
    assert_eq!(client.buy(&number).refusal(), (400, 21422), "taken, by ourselves");
    assert_eq!(client.owned_sid(&number), None);
    assert!(client.owned_sid(&number).is_some());
}
