//! What a person at a terminal sees: width, colour, questions. On a terminal of their own, made by `script`'s like: a pty.

use serde_json::json;

use crate::world::World;
use crate::world::command::{Terminal, at_a_terminal, callbunker, program, run, seen};
use crate::world::{ADMIN_KEY, eventually};

fn letters(text: &str) -> String {
    console::strip_ansi_codes(text).replace('\r', "")
}

#[track_caller]
fn fits(shown: &str, columns: usize) {
    let shown = letters(shown);
    for line in shown.lines() {
        assert!(line.chars().count() <= columns, "{} of {columns}: {line}\n{shown}", line.chars().count());
    }
}

#[test]
fn lists_fit_eighty_columns_and_forty_and_are_whole_in_a_pipe() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    daemon.assign("u-1").ok();
    daemon.post_empty("/admin/phones/api/replenish").ok();
    daemon.post("/admin/phones/api/pause", &json!({"reason": "lunch"})).ok();
    eventually("the trail is written", || {
        daemon.get("/admin/phones/api/audit").ok()["items"].as_array().unwrap().len() > 2
    });
    for command in [&["numbers"][..], &["audit"], &["assignments"], &["passes"], &["status"]] {
        for columns in [80, 40] {
            let shown = seen(&daemon, command, Terminal { columns, ..Terminal::default() });
            assert!(shown.code == Some(0) && !shown.stdout.is_empty(), "{command:?}: {shown:?}");
            fits(&shown.stdout, usize::from(columns));
        }
        let narrow = seen(&daemon, command, Terminal { columns: 80, ..Terminal::default() });
        assert!(!letters(&narrow.stdout).contains("REQUEST"), "{narrow:?}");
    }
    let piped = callbunker(&daemon, &["audit"]).table();
    assert!(piped.starts_with("AT") && piped.lines().next().unwrap().ends_with("REQUEST"), "{piped}");
    assert!(piped.lines().all(|line| !line.starts_with(' ')), "one line each: {piped}");
}

#[test]
fn what_is_bad_is_coloured_on_a_terminal_and_where_it_is_asked_for() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.post("/admin/phones/api/pause", &json!({"reason": "lunch"})).ok();
    let is_coloured = |arguments: &[&str], env: &[(&'static str, &'static str)]| {
        let terminal = Terminal { env: env.to_vec(), ..Terminal::default() };
        seen(&daemon, arguments, terminal).stdout.contains("\u{1b}[")
    };
    assert!(is_coloured(&["status"], &[]));
    assert!(!is_coloured(&["status"], &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&["status"], &[("TERM", "dumb")]));
    assert!(!is_coloured(&["status", "--color", "never"], &[]));
    assert!(is_coloured(&["status", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!callbunker(&daemon, &["status"]).table().contains('\u{1b}'));
    assert!(
        callbunker(&daemon, &["status", "--color", "always"]).table().contains("\u{1b}[33mpaused") || {
            let told = callbunker(&daemon, &["status", "--color=always"]).table();
            told.contains("\u{1b}[33msince")
        }
    );
    assert!(!callbunker(&daemon, &["status", "--json", "--color", "always"]).table().contains('\u{1b}'));
}

#[test]
fn a_purchase_tells_its_price_and_asks_whoever_sits_there() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = ["purchase", "--count", "2", "--area-code", "415"];
    for typed in ["n\n", "\n", "sure\n"] {
        let refused = at_a_terminal(&daemon, &order, typed);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for words in ["2 numbers of area code 415: 1.15 USD each, 2.30 USD a month", "Buy? [y/N]", "nothing was bought"]
        {
            assert!(letters(&refused.stderr).contains(words), "{words}: {refused:?}");
        }
    }
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM purchases")), (0, 0));
    let agreed = at_a_terminal(&daemon, &order, "y\n");
    assert!(agreed.code == Some(0) && agreed.stdout.starts_with("Bought 2 of 2"), "{agreed:?}");
    let unasked = at_a_terminal(&daemon, &["purchase", "-n", "1", "-y"], "");
    assert!(unasked.code == Some(0) && !unasked.stderr.contains("[y/N]"), "{unasked:?}");
    let script = at_a_terminal(&daemon, &["purchase", "-n", "1", "--json"], "");
    assert!(script.code == Some(0) && !script.stderr.contains("[y/N]"), "{script:?}");
    assert_eq!(world.bought(), 4);
}

#[test]
fn a_release_names_the_number_and_asks_whoever_sits_there() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let number = daemon.assign("u-1").ok()["phone_number"].as_str().expect("a number").to_owned();
    let kept = at_a_terminal(&daemon, &["release", "u-1"], "n\n");
    assert_eq!(kept.code, Some(1), "{kept:?}");
    let shown = letters(&kept.stderr);
    assert!(shown.contains(&format!("u-1 has had {number} since 20")) && shown.contains("u-1 keeps"), "{kept:?}");
    let nobody = at_a_terminal(&daemon, &["release", "u-2"], "");
    assert!(nobody.code == Some(1) && nobody.stderr.contains("has no number"), "{nobody:?}");
    let gone = at_a_terminal(&daemon, &["release", "u-1"], "yes\n");
    assert!(gone.code == Some(0) && gone.stdout.starts_with(&format!("u-1 no longer has {number}")), "{gone:?}");
    daemon.assign("u-3").ok();
    callbunker(&daemon, &["release", "u-3"]).table();
}

#[test]
fn help_is_as_wide_as_the_terminal_and_has_examples() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for command in [&["--help"][..], &["purchase", "--help"], &["numbers", "show", "--help"], &["import", "-h"]] {
        for columns in [80, 60] {
            let shown = seen(&daemon, command, Terminal { columns, ..Terminal::default() });
            let lines = letters(&shown.stdout);
            // An example is pasted as it stands.
            let text: Vec<&str> = lines.lines().filter(|line| !line.starts_with("  callbunker ")).collect();
            if !command.contains(&"--help") || columns == 80 {
                assert!(lines.contains("callbunker"), "{lines}");
            }
            for line in text.iter().filter(|line| !line.contains("callbunker")) {
                assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}\n{lines}");
            }
        }
    }
    let help = run(&[], &["purchase", "--help"]).table();
    assert!(help.contains("Examples:") && help.contains("-n, --count") && !help.contains("--config"), "{help}");
    assert!(run(&[], &["serve", "--help"]).table().contains("--config"));
}

#[test]
fn shells_complete_values_and_manual_pages_are_of_the_commands_below_too() {
    let script = run(&[], &["completions", "bash"]).table();
    for words in ["available assigned quarantined missing released", "auto always never"] {
        assert!(script.contains(words), "{words}");
    }
    for words in [&["man", "numbers", "show"][..], &["man", "numbers show"], &["man", "orders", "show"]] {
        let page = run(&[], words).table();
        assert!(page.contains(".TH") && page.contains("Examples:") && page.contains("show"), "{words:?}: {page}");
    }
    let mut command = program(&[("ADMIN_API_KEY", ADMIN_KEY)], &["man", "nothing"]);
    assert_eq!(command.output().expect("it starts").status.code(), Some(64));
}
