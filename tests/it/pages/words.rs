//! One word for each thing: what people read uses the words of `docs/GLOSSARY.md`, and none that was given up.
//!
//! What is read: pages, the script's own texts, the sentences of the rooms that speak to people, the API's description and
//! the help of every command. Names in JSON, in code and in the log are not for people and stay.
//! How to get it wrong: looking for a word in code. Only what stands between quotes and has a blank in it is a sentence.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What was given up, in small letters, and what is said instead.
const RETIRED: &[(&str, &str)] = &[
    ("mind:", "careful:"),
    ("under repair", "webhooks pending"),
    ("outcome unknown", "unconfirmed purchase"),
    ("outcome is unknown", "unconfirmed purchase"),
    ("caps set aside", "bought beyond the caps"),
    ("set off by", "cause"),
    ("untagged", "not callbunker's"),
    ("look by its sid", "Twilio has no such number"),
    ("unknown_item:", "a sentence without the code"),
    ("tag_conflict:", "a sentence without the code"),
    (" unfit", "missing capability"),
    ("a pass ", "check"),
    ("the pass ", "check"),
    ("each pass", "check"),
    ("next pass", "check"),
    ("last pass", "check"),
    ("all passes", "check"),
    ("_max binds", "what the cap still allows"),
    ("_hour binds", "what the cap still allows"),
    ("_day binds", "what the cap still allows"),
    ("raise spend.*", "the key's own name"),
];

/// Rooms whose sentences people read.
const ROOMS: &[&str] = &["alerts", "dashboard", "attention", "api", "cli", "domain", "reconciliation", "custody"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("its name").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|its| its == extension) {
            found.push(path);
        }
    }
    found
}

/// What a text says that was given up.
fn retired(place: &str, text: &str) -> Vec<String> {
    let small = format!(" {} ", text.to_lowercase());
    let found = RETIRED.iter().filter(|(word, _)| small.contains(word));
    found.map(|(word, instead)| format!("{place}: {text:?} says {word:?}; say {instead:?}")).collect()
}

/// What stands between quotes in code and is a sentence: comments and the tests at the end of a file are left out.
fn sentences(code: &str, quote: &[char]) -> Vec<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    let mut letters = lines.chars();
    while let Some(letter) = letters.next() {
        if !quote.contains(&letter) {
            continue;
        }
        let mut text = String::new();
        while let Some(next) = letters.next() {
            match next {
                '\\' => _ = letters.next(),
                end if end == letter => break,
                other => text.push(other),
            }
        }
        if text.trim().contains(' ') {
            found.push(text);
        }
    }
    found
}

/// What a page shows or tells a reader of screens: no tags, nothing of the template language.
fn shown(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some(begin) = rest.find(['<', '{']) {
        text.push_str(&rest[..begin]);
        let tag = &rest[begin..];
        let end = match tag.starts_with('{') {
            true => tag.find("}}").into_iter().chain(tag.find("%}")).min().map(|at| at + 2),
            false => tag.find('>').map(|at| at + 1),
        };
        let (inside, after) = tag.split_at(end.unwrap_or(tag.len()));
        for name in ["aria-label=\"", " title=\"", "placeholder=\""] {
            text.push_str(inside.split(name).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default());
        }
        text.push(' ');
        rest = after;
    }
    text + rest
}

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_callbunker")).args(arguments).output().expect("the program");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn pages_say_what_the_glossary_says() {
    let mut faults = Vec::new();
    for page in files(&root().join("templates"), "html") {
        let text = shown(&std::fs::read_to_string(&page).expect("a page"));
        faults.extend(text.lines().flat_map(|line| retired(&page.display().to_string(), line)));
    }
    let script = std::fs::read_to_string(root().join("assets/dashboard.js")).expect("the script");
    faults.extend(sentences(&script, &['"', '`']).iter().flat_map(|text| retired("dashboard.js", text)));
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn sentences_of_the_rooms_that_speak_to_people_do_too() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for file in ROOMS.iter().flat_map(|room| files(&root().join("src").join(room), "rs")) {
        let code = std::fs::read_to_string(&file).expect("a source");
        for text in sentences(&code, &['"']) {
            seen += 1;
            faults.extend(retired(&file.display().to_string(), &text));
        }
    }
    assert!(seen > 500, "{seen} sentences");
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_description_and_every_commands_help_do_too() {
    let described = said(&["openapi"]);
    let mut faults = retired_in(&described);
    let help = said(&["--help"]);
    let commands =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().map(str::to_owned));
    let mut seen = 0;
    for command in commands.filter(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')) {
        let output =
            Command::new(env!("CARGO_BIN_EXE_callbunker")).args([&command, "--help"]).output().expect("it runs");
        if output.status.success() {
            seen += 1;
            let text = String::from_utf8(output.stdout).expect("text");
            faults.extend(text.lines().flat_map(|line| retired(&command, line)));
        }
    }
    faults.extend(help.lines().flat_map(|line| retired("--help", line)));
    assert!(seen > 10, "{seen} commands");
    assert_eq!(faults, Vec::<String>::new());
}

/// Every text of the description.
fn retired_in(described: &str) -> Vec<String> {
    let texts = sentences(described, &['"']);
    assert!(texts.len() > 100, "{} texts", texts.len());
    texts.iter().flat_map(|text| retired("openapi", text)).collect()
}

#[test]
fn a_word_that_was_given_up_is_found() {
    assert_eq!(sentences("let a = \"not a \\\"pass\"; // \"x y\"\n// \"c d\"", &['"']), ["not a pass", "x y"]);
    assert_eq!(retired("here", "run a pass now").len(), 1);
    assert_eq!(retired("here", "the password is a pass").len(), 1, "at the end of a line, too");
    let page = shown("<p aria-label=\"Set off by\">{{ pass.why }}{% for pass in passes %}Why</p>");
    assert_eq!((retired("here", &page).len(), page.contains("Why"), page.contains("pass")), (1, true, false));
}
