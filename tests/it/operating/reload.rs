//! SIGHUP: what may change does, what may not is named, and a bad file changes nothing.

use serde_json::json;

use crate::world::eventually;
use crate::world::reloading::{KEY, NEXT_KEY, Reloading};

const QUIET: &str = "[pool]\nthreshold_low = 0\ntotal_min = 0\n";

#[test]
fn a_new_threshold_is_in_force_at_once() {
    let reloading = Reloading::new(QUIET);
    assert_eq!(reloading.daemon.status()["threshold"], 0);
    reloading.write("callbunker.toml", "[pool]\nthreshold_low = 3\ntotal_min = 0\nreplenishment_batch_size = 4\n");
    let line = reloading.reload();
    assert_eq!(line["changed"], "pool.replenishment_batch_size, pool.threshold_low");
    assert_eq!(line["needs_restart"], "");
    assert!(line["notes"].as_str().is_some_and(|notes| notes.contains("DATABASE_URL")), "{line}");
    assert_eq!(reloading.daemon.status()["threshold"], 3);
    eventually("the pool follows it", || reloading.daemon.status()["available"] == 4);
    assert_eq!(reloading.world.bought(), 4);
}

#[test]
fn keys_rotate_without_a_gap() {
    let reloading = Reloading::new(QUIET);
    reloading.status_with(KEY).ok();
    reloading.status_with(NEXT_KEY).problem(401, "unauthorized");
    reloading.write("keys", &format!("{KEY},{NEXT_KEY}"));
    assert_eq!(reloading.reload()["changed"], "ADMIN_API_KEY");
    reloading.status_with(KEY).ok();
    reloading.status_with(NEXT_KEY).ok();
    reloading.write("keys", NEXT_KEY);
    reloading.reload();
    reloading.status_with(KEY).problem(401, "unauthorized");
    reloading.status_with(NEXT_KEY).ok();
    let log = reloading.daemon.log_text();
    assert!(!log.contains(KEY) && !log.contains(NEXT_KEY), "a key in the log");
}

#[test]
fn a_bad_new_file_is_refused_with_all_its_problems_and_the_old_one_stays() {
    let reloading = Reloading::new("[pool]\nthreshold_low = 0\ntotal_min = 0\navailable_max = 33\n");
    for (name, text, words) in [
        ("callbunker.toml", "[pool]\nthreshold_low = -4\nnonsense = 1\n", &["threshold_low", "nonsense"][..]),
        ("callbunker.toml", "[pool", &["callbunker.toml"]),
        ("keys", "short", &["ADMIN_API_KEY"]),
        ("keys", "", &["ADMIN_API_KEY"]),
    ] {
        let before = std::fs::read_to_string(reloading.folder.join(name)).unwrap();
        reloading.write(name, text);
        let line = reloading.reload();
        assert_eq!(line["level"], "error", "{line}");
        for word in words {
            assert!(line["problems"].as_str().is_some_and(|problems| problems.contains(word)), "{word}: {line}");
        }
        reloading.write(name, &before);
        reloading.status_with(KEY).ok();
    }
    assert_eq!(reloading.reload()["changed"], "", "nothing of it was taken over");
}

#[test]
fn what_needs_a_restart_is_named_and_stays_as_it_is() {
    let reloading = Reloading::new(QUIET);
    reloading.write(
        "callbunker.toml",
        &format!("{QUIET}[http]\nheader_timeout_ms = 5000\n[supervisor]\nrestarts_max = 9\n[shutdown]\ngrace_secs = 7\n[spend]\npurchases_per_day_max = 77\n"),
    );
    let line = reloading.reload();
    assert_eq!(line["needs_restart"], "http.header_timeout_ms, shutdown.grace_secs, supervisor.restarts_max");
    assert_eq!(line["changed"], "spend.purchases_per_day_max");
    assert_eq!(reloading.daemon.status()["spend"]["day"]["max"], 77);
}

#[test]
fn a_new_schedule_is_in_force_without_a_restart_and_the_earlier_one_ends() {
    let reloading = Reloading::new(&format!("{QUIET}[schedule]\nreplenish_cron = \"0 0 0 1 1 *\"\n"));
    let cron_passes = || reloading.world.count("SELECT count(*) FROM passes WHERE trigger = 'cron'");
    reloading.write("callbunker.toml", &format!("{QUIET}[schedule]\nreplenish_cron = \"* * * * * *\"\n"));
    assert_eq!(reloading.reload()["changed"], "schedule.replenish_cron");
    eventually("cron fires", || cron_passes() >= 2);
    assert_eq!(reloading.daemon.status()["last_replenishment"]["trigger"], "cron");
    assert_eq!(reloading.daemon.status()["last_replenishment"]["reason"], "above_threshold");
    reloading.write("callbunker.toml", &format!("{QUIET}[schedule]\nreplenish_cron = \"0 0 0 1 1 *\"\n"));
    reloading.reload();
    eventually("the earlier schedule has ended", || {
        let before = cron_passes();
        std::thread::sleep(std::time::Duration::from_millis(2500));
        cron_passes() == before
    });
    assert_eq!(
        reloading.daemon.send("GET", "/readyz", &[], None).body,
        json!({"ready": true, "failing": [], "warnings": []})
    );
}
