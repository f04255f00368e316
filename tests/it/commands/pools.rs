//! Every command that takes `--pool`: it says it to the daemon, and the daemon obeys.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use super::import::Csv;
use crate::world::World;
use crate::world::command::{callbunker, run};

const ADOPTED: &str = "+12125550100";
const IMPORTED: &str = "+12125550101";

/// What a command's document says of pools.
type PoolsOf = fn(&Value) -> Vec<&Value>;

fn its_own(document: &Value) -> Vec<&Value> {
    vec![&document["pool"]]
}

fn of_pools(document: &Value) -> Vec<&Value> {
    document["pools"].as_array().expect("pools").iter().map(|line| &line["pool"]).collect()
}

fn of_items(document: &Value) -> Vec<&Value> {
    document["items"].as_array().expect("items").iter().map(|line| &line["pool"]).collect()
}

/// Every command that shows `--pool` in its help, by its words.
fn commands_with_a_pool(path: &[String]) -> Vec<String> {
    let words: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let help = run(&[], &words).table();
    let takes_it = help.lines().any(|line| line.trim_start().starts_with("--pool "));
    let mut found: Vec<String> = takes_it.then(|| path.join(" ")).into_iter().collect();
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for name in below.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()) {
        if !name.is_empty() && name != "help" {
            found.extend(commands_with_a_pool(&[path, &[name.to_owned()]].concat()));
        }
    }
    found
}

/// In this order each of them finds what it is about. `default` and `twin` hold the same: only the name leads to `twin`.
#[test]
fn every_command_with_a_pool_says_so_and_the_daemon_obeys() {
    let world = World::new().quiet().pool("twin", &[("country", "US")]);
    for number in [ADOPTED, IMPORTED] {
        world.twilio.own(ForeignNumber::new(number));
    }
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    let csv = Csv::new("pools", &format!("phone_number\n{IMPORTED}\n"));
    let commands: [(&str, &[&str], PoolsOf); 15] = [
        ("plan", &["--count", "1"], its_own),
        ("plan", &[], of_pools),
        ("purchase", &["--count", "2"], its_own),
        ("status", &[], of_pools),
        ("replenish", &[], of_pools),
        ("orders", &[], of_items),
        ("assign", &["u-1"], its_own),
        ("assignments", &[], of_items),
        ("numbers", &[], of_items),
        ("numbers adopt", &[ADOPTED], its_own),
        ("import", &[csv.path()], of_pools),
        ("checks", &[], of_items),
        ("cost", &[], of_pools),
        ("advice", &[], its_own),
        ("what-if", &[], its_own),
    ];
    for (words, arguments, pools) in commands {
        let line = [&words.split(' ').collect::<Vec<_>>()[..], arguments, &["--pool", "twin", "--json"]].concat();
        let mut ended = callbunker(&daemon, &line);
        if words == "purchase" {
            ended = ended.placed();
        }
        let document = ended.json();
        let told = pools(&document);
        assert!(!told.is_empty() && told.iter().all(|pool| **pool == "twin"), "{line:?}: {document}");
    }
    let twins = world.count("SELECT count(*) FROM numbers WHERE pool = 'twin'");
    assert_eq!(twins, 4, "two bought, one adopted, one imported");
    let set = callbunker(&daemon, &["configure-webhooks", "--pool", "twin", "--json"]).json();
    assert_eq!(set["checked"], twins);
    for pool in ["default", "twin"] {
        world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(21_649));
        let refused = callbunker(&daemon, &["purchase", "--count", "1", "--pool", pool]).placed();
        assert!(refused.stderr.contains("bundle_sid"), "{refused:?}");
    }
    let resumed = callbunker(&daemon, &["resume", "--pool", "twin", "--json"]).json();
    let halted: Vec<bool> =
        resumed["pools"].as_array().unwrap().iter().map(|pool| pool["halted"].is_object()).collect();
    assert_eq!((of_pools(&resumed), halted), (vec![&json!("default"), &json!("twin")], vec![true, false]));
    let alike = commands.iter().map(|(words, ..)| *words);
    let mut tried: Vec<&str> = alike.chain(["configure-webhooks", "resume"]).collect();
    tried.sort_unstable();
    tried.dedup();
    let mut all = commands_with_a_pool(&[]);
    all.sort_unstable();
    assert_eq!(all, tried, "a command with --pool that is not tried here");
}
