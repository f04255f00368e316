//! The pages lead somewhere: every link of every page to a file, a heading or a URL, and none to what was moved.
//!
//! How to get it wrong: taking a heading's anchor for its words. GitHub lowers them, drops punctuation and puts a dash
//! for each blank.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::world::World;

/// The pages of the project, by their paths from its root.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["", "docs", "twilio-simulator", "postgres-fixture"];
    let mut pages: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).expect("a folder of the project"))
        .map(|entry| entry.expect("its name").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// The text without its indented and fenced blocks, which hold examples and no links.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence && !line.starts_with("    ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let text = prose(&std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display())));
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// The targets of `[words](target)`, pictures too.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains(char::is_whitespace)).map(str::to_owned).collect()
}

/// What is wrong with one link, if anything is.
fn fault(page: &Path, link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("http://") {
        return None;
    }
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let target = if file.is_empty() { page.to_owned() } else { page.parent().expect("a folder").join(file) };
    if !target.exists() {
        return Some(format!("{}: {link} is no file", page.display()));
    }
    let heading = heading?;
    let there = target.extension().is_some_and(|extension| extension == "md") && anchors(&target).contains(heading);
    (!there).then(|| format!("{}: {link} is no heading there", page.display()))
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    let pages = pages();
    let mut seen = 0;
    let mut faults = Vec::new();
    for page in &pages {
        let text = prose(&std::fs::read_to_string(page).expect("a page"));
        for link in links(&text) {
            seen += 1;
            faults.extend(fault(page, &link));
        }
    }
    assert!(pages.len() > 8 && seen > 40, "{} pages with {seen} links", pages.len());
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_link_to_nowhere_is_found() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    for link in ["docs/NOTHING.md", "#no-such-heading", "docs/GLOSSARY.md#no-such-word"] {
        assert!(fault(&readme, link).is_some(), "{link}");
    }
    assert_eq!(links("see [a](b.md#c), ![d](e.png)"), ["b.md#c", "e.png"]);
    assert_eq!(anchor(" What would it `buy` now?"), "what-would-it-buy-now");
}

/// The README is the door, not the house.
#[test]
fn the_readme_stays_short_and_leads_to_every_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("a README");
    assert!(readme.len() <= 12_288, "{} bytes", readme.len());
    for page in pages().iter().filter(|page| page.parent().is_some_and(|folder| folder.ends_with("docs"))) {
        let link = format!("(docs/{})", page.file_name().and_then(|name| name.to_str()).expect("a name"));
        assert!(readme.contains(&link), "nothing leads to {link}");
    }
}

/// A problem's `type` is a path of the daemon's, whatever was asked.
#[test]
fn a_problem_leads_to_its_page_as_text_and_for_people() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let refused = daemon.signup("/signup/api/release", &serde_json::json!({"user_id": "nobody"}));
    let kind = refused.problem(404, "not_assigned")["type"].as_str().expect("a type").to_owned();
    assert_eq!(kind, "/problems/not_assigned");

    let text = daemon.send("GET", &kind, &[], None);
    assert_eq!((text.status, text.headers["content-type"].as_str()), (200, "text/plain; charset=utf-8"));
    assert!(
        text.body
            .as_str()
            .unwrap_or_default()
            .starts_with("No number is assigned (not_assigned, status 404)\n\nThe user has no number"),
        "{text:?}"
    );
    let page = daemon.send("GET", &kind, &[("Accept", "text/html,application/xhtml+xml")], None);
    assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    assert!(
        page.body.as_str().unwrap_or_default().contains("<code>POST /signup/api/assign</code> gives one."),
        "{page:?}"
    );
    daemon.send("GET", "/problems/no_such_code", &[], None).problem(404, "not_found");
}
