//! Recycling: what contradicts itself is refused, and no address is shown.

use super::{World, assert_holds};
use crate::config::describe_effective;

const SIGNING: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const URL: &str = "https://app.example.com/sesame-4711";

fn recycling(keys: &str) -> World {
    World::new().toml(&format!("[recycling]\n{keys}"))
}

#[test]
fn what_would_take_numbers_untold_or_unknown_does_not_start() {
    let apply = format!("mode = \"apply\"\nnotice_url = \"{URL}\"");
    for (world, parts) in [
        (recycling("mode = \"apply\"\nby_touch = true"), &["recycling.mode", "nobody would be told", "notice_url"][..]),
        (recycling(&apply).with("ALERT_WEBHOOK_SECRET", SIGNING), &["recycling.mode", "nothing tells", "sweep_cron"]),
        (
            recycling(&format!("notice_url = \"{URL}\"")),
            &["recycling.notice_url", "nothing signs", "ALERT_WEBHOOK_SECRET"],
        ),
        (
            recycling("notice_url = \"http://app.example.com\"").with("ALERT_WEBHOOK_SECRET", SIGNING),
            &["recycling.notice_url", "plain http"],
        ),
        (
            recycling("notice_url = \"https://u:p@app.example.com\"").with("ALERT_WEBHOOK_SECRET", SIGNING),
            &["recycling.notice_url", "a password", "RECYCLING_NOTICE_URL"],
        ),
        (
            recycling(&format!("notice_url = \"{URL}\""))
                .with("ALERT_WEBHOOK_SECRET", SIGNING)
                .with("RECYCLING_NOTICE_URL", "https://other.example.com/"),
            &["RECYCLING_NOTICE_URL", "differ"],
        ),
        (recycling("sweep_cron = \"0 4 * * *\""), &["recycling.sweep_cron", "six fields"]),
        (recycling("mode = \"always\""), &["recycling.mode", "off, suggest or apply"]),
        (recycling("inactive_days = 6"), &["recycling.inactive_days", "7 to 400 days"]),
        (recycling("notice_days = 91"), &["recycling.notice_days", "0 to 90 days"]),
        (recycling("per_day_max = 0"), &["recycling.per_day_max", "1 to 10000"]),
    ] {
        let problem = world.problem();
        assert_holds(&problem, parts);
        assert!(!problem.contains("sesame"), "{problem}");
    }
}

#[test]
fn notices_go_where_the_file_or_a_secret_says_and_the_address_is_not_shown() {
    let apply = format!("mode = \"apply\"\nsweep_cron = \"0 0 4 * * *\"\nnotice_url = \"{URL}\"");
    let config = recycling(&apply).with("ALERT_WEBHOOK_SECRET", SIGNING).load().expect("it is sound");
    let (to, fingerprint) = config.notices().expect("somebody is told");
    assert_eq!(to.secrets.len(), 1);
    assert!(!describe_effective(&config).contains("sesame") && !fingerprint.contains("sesame"));
    let secret = World::new()
        .with("RECYCLING_NOTICE_URL", URL)
        .with("ALERT_WEBHOOK_SECRET", SIGNING)
        .load()
        .expect("it is sound");
    assert_eq!(secret.notices().map(|(_, fingerprint)| fingerprint), Some(fingerprint));
    assert!(World::new().load().expect("it is sound").notices().is_none());
}
