//! Twilio's own libraries, unchanged, against the newer APIs, where they are at hand.
//!
//! `TWILIO_PYTHON=PROGRAM TWILIO_NODE=FOLDER cargo test -p twilio-simulator libraries`: PROGRAM is a Python that has the package `twilio`,
//! FOLDER a `node_modules` that has it. Without them the tests have nothing to say, and pass.

use std::process::Command;

use twilio_simulator::{CampaignStatus, ForeignNumber, ServiceOrder, TrustKind, TrustOrder};

use crate::client::start;

/// Runs a program of `tests/clients` with an account that it knows.
fn drive(program: &mut Command, script: &str) {
    let (simulator, _client) = start();
    let number = simulator.own(ForeignNumber::new("+14155550100"));
    let service = simulator.service(ServiceOrder::new().campaign(CampaignStatus::Verified));
    let full = simulator.service(ServiceOrder::new().capacity(0));
    let profile = simulator.trust(TrustOrder::new(TrustKind::CustomerProfile));
    let product = simulator.trust(TrustOrder::new(TrustKind::TrustProduct));
    let output = program
        .arg(format!("{}/tests/clients/{script}", env!("CARGO_MANIFEST_DIR")))
        .args([simulator.url(), simulator.account_sid(), simulator.auth_token()])
        .args([&number, &service, &full, &profile, &product])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.trim() == "done", "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_python_library_drives_services_trust_events_and_the_journal() {
    let Ok(python) = std::env::var("TWILIO_PYTHON") else { return };
    drive(&mut Command::new(python), "newer.py");
}

#[test]
fn the_node_library_drives_services_trust_events_and_the_journal() {
    let Ok(modules) = std::env::var("TWILIO_NODE") else { return };
    drive(Command::new("node").env("NODE_PATH", modules), "newer.js");
}
