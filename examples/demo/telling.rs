//! Who is told of trouble: a mailbox and a webhook that nobody owns, and the page on which people see what came.
//!
//! Invariant: nothing leaves this machine. The far side keeps what it gets and sends nothing on.
//! How to get it wrong: the two minutes for which a state must last in real life. Nobody watches a demo for so long.

use far_side::{FarSide, FarSideOptions};

use super::parts::Ended;

/// How long a state must last, in seconds, until somebody is told.
const FOR_SECS: u32 = 3;
/// Signs what the webhook gets; as good as any, since nobody checks it.
const WEBHOOK_SECRET: &str = "whsec_ZGVtbyBvZiBjYWxsYnVua2VyLCBub3QgYSBzZWNyZXQ=";

pub fn start() -> Result<FarSide, Ended> {
    let far = FarSide::start(FarSideOptions::default());
    far.map_err(|error| Some(format!("the mailbox for alerts cannot start: {error}")))
}

/// What the daemon is told of it.
pub fn keys(far: &FarSide) -> [(&'static str, String); 6] {
    [
        ("CALLBUNKER__ALERTS__FOR_SECS", FOR_SECS.to_string()),
        ("CALLBUNKER__ALERTS__EMAIL__SMTP_URL", far.smtp_url()),
        ("CALLBUNKER__ALERTS__EMAIL__FROM", "callbunker@example.com".to_owned()),
        ("CALLBUNKER__ALERTS__EMAIL__TO", "you@example.com".to_owned()),
        ("CALLBUNKER__ALERTS__WEBHOOK__URL", format!("{}/webhook", far.url())),
        ("ALERT_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
    ]
}
