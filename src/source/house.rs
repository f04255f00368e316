//! The house stands as `lib.rs` draws it: who may use whom, and no circles.

use std::collections::{BTreeMap, BTreeSet};

use super::arrows::{Module, arrows};

/// The picture in `lib.rs`: each room, and the rooms that it may use.
fn drawn() -> Vec<(String, BTreeSet<String>)> {
    let text = include_str!("../lib.rs");
    let picture =
        text.split("//! ```text").find(|block| block.contains(" ─▶ ") && block.trim_start().starts_with("//! cli "));
    let picture = picture.expect("lib.rs draws the rooms").split("//! ```").next().unwrap();
    let lines = picture.lines().filter_map(|line| line.trim_start_matches("//!").split_once(" ─▶"));
    lines.map(|(room, uses)| (room.trim().to_owned(), uses.split_whitespace().map(str::to_owned).collect())).collect()
}

#[test]
fn every_room_uses_those_that_it_may_and_no_other() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in arrows() {
        let Some(room) = from.first().filter(|room| *room != "source" && *room != "main") else { continue };
        let uses = found.entry(room.clone()).or_default();
        uses.extend(to.iter().filter_map(|module| module.first()).filter(|other| *other != room).cloned());
    }
    let drawn = drawn();
    for (at, (room, allowed)) in drawn.iter().enumerate() {
        let uses = found.remove(room).unwrap_or_else(|| panic!("{room} is drawn, and is no room"));
        assert_eq!(&uses, allowed, "what {room} uses, beside what lib.rs draws");
        let above: Vec<&String> =
            uses.iter().filter(|other| drawn[..at].iter().any(|(above, _)| above == *other)).collect();
        assert!(above.is_empty(), "{room} leads back up to {above:?}");
    }
    assert!(found.is_empty(), "lib.rs does not draw {:?}", found.keys());
}

#[test]
fn no_file_leads_back_to_itself() {
    let mut arrows = arrows();
    // A file that leads nowhere is in no circle, nor is one to which nothing leads.
    loop {
        let led_to: BTreeSet<Module> = arrows.values().flatten().cloned().collect();
        let is_end = |module: &Module, to: &BTreeSet<Module>| to.is_empty() || !led_to.contains(module);
        let ends: Vec<Module> =
            arrows.iter().filter(|(module, to)| is_end(module, to)).map(|(module, _)| module.clone()).collect();
        if ends.is_empty() {
            break;
        }
        for end in ends {
            arrows.remove(&end);
            arrows.values_mut().for_each(|to| _ = to.remove(&end));
        }
    }
    let line = |(module, to): (&Module, &BTreeSet<Module>)| {
        format!("{} -> {}", module.join("::"), to.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(", "))
    };
    let left: Vec<String> = arrows.iter().map(line).collect();
    assert!(left.is_empty(), "in circles, or between them:\n{}", left.join("\n"));
}
