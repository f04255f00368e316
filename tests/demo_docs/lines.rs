//! The shell lines of the documentation, as a newcomer meets them: in the demo, in the order in which they stand.
//!
//! A block fenced as `sh` is run; what stands behind that word is invisible to readers: `exit-64` ends so, `until-ctrl-c`
//! goes on until somebody stops it, `no-demo` is not run and stands in [`NOT_IN_THE_DEMO`] with the reason.
//! How to get it wrong: a line that only looks like text. A block of another kind that holds a command is refused.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// In the order in which the README sends a reader through them.
const PAGES: [&str; 15] = [
    "README.md",
    "docs/first-day.md",
    "docs/CONCEPTS.md",
    "docs/API.md",
    "docs/CLI.md",
    "docs/OPERATING.md",
    "docs/runbook.md",
    "docs/MOVING-IN.md",
    "docs/PROXY.md",
    "docs/ARCHITECTURE.md",
    "docs/CHANGING.md",
    "docs/GLOSSARY.md",
    "docs/problems.md",
    "docs/scale.md",
    "CHANGELOG.md",
];

/// The blocks that cannot run in the demo: page, first words, why.
pub(crate) const NOT_IN_THE_DEMO: [(&str, &str, &str); 11] = [
    ("README.md", "make demo", "it is the demo"),
    ("README.md", "cargo build", "builds what runs already, and reads the configuration of a real account"),
    ("docs/first-day.md", "export PUBLIC_APP_URL", "a TwiML Bin of a real account"),
    ("docs/first-day.md", "export TWILIO_ACCOUNT_SID", "buys with a real account; tests/first_day.rs runs it"),
    ("docs/first-day.md", "cargo run", "a simulator of one's own, until somebody ends it"),
    ("docs/first-day.md", "export CALLBUNKER__TWILIO", "begins with that simulator; tests/first_day.rs does the same"),
    ("docs/OPERATING.md", "make deb", "builds and installs a package; make package-test does"),
    ("docs/OPERATING.md", "export CREDENTIALS_DIRECTORY", "is of that package; make package-test does the same"),
    ("docs/OPERATING.md", "cargo build", "builds what runs already"),
    ("docs/CHANGING.md", "make", "the tests, and this one among them"),
    ("docs/CHANGING.md", "UPGRADE_DATA", "writes what a release leaves"),
];

/// What begins a line that somebody would paste.
const COMMANDS: [&str; 9] = [
    "curl -",
    "callbunker purchase",
    "callbunker status",
    "make ",
    "cargo ",
    "source ",
    "export ",
    "systemctl ",
    "psql ",
];

/// What is run, or shown, with its place.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) page: &'static str,
    line: usize,
    /// The words behind the fence: `sh no-demo`, `json`; empty for an indented block.
    kind: String,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind.split(' ').any(|known| known == word)
    }

    fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }
}

/// All blocks of all pages, in order.
pub(crate) fn blocks() -> Vec<Block> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed: Vec<String> = fs::read_dir(root.join("docs"))
        .expect("docs")
        .map(|entry| format!("docs/{}", entry.expect("an entry").file_name().to_string_lossy()))
        .filter(|name| name.ends_with(".md"))
        .collect();
    assert!(listed.iter().all(|page| PAGES.contains(&page.as_str())), "a page that nobody reads here: {listed:?}");
    PAGES.iter().flat_map(|page| of_page(page, &fs::read_to_string(root.join(page)).expect("a page"))).collect()
}

fn of_page(page: &'static str, text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<Block> = None;
    let mut was_indented = false;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if let Some(kind) = trimmed.strip_prefix("```") {
            match fence.take() {
                Some(block) => blocks.push(block),
                None => {
                    fence = Some(Block { page, line: index + 1, kind: kind.trim().to_owned(), text: String::new() })
                }
            }
        } else if let Some(block) = &mut fence {
            block.text += trimmed;
            block.text.push('\n');
        } else if line.starts_with("    ") {
            if !was_indented {
                blocks.push(Block { page, line: index + 1, kind: String::new(), text: String::new() });
            }
            let last = blocks.last_mut().expect("just pushed");
            last.text += trimmed;
            last.text.push('\n');
        }
        was_indented = fence.is_none() && line.starts_with("    ");
    }
    assert!(fence.is_none(), "{page}: a fence is left open");
    blocks
}

/// Whether every command stands in a block that is run, or that says why not.
pub(crate) fn check_that_nothing_hides(blocks: &[Block]) {
    for block in blocks.iter().filter(|block| !block.is("sh")) {
        let hidden = block
            .text
            .lines()
            .find(|line| COMMANDS.iter().any(|command| line.trim_start_matches("$ ").starts_with(command)));
        assert!(hidden.is_none(), "{}: fence it as sh: {hidden:?}", block.place());
    }
    let left: Vec<(&str, &str)> =
        blocks.iter().filter(|block| block.is("no-demo")).map(|block| (block.page, block.text.as_str())).collect();
    assert_eq!(left.len(), NOT_IN_THE_DEMO.len(), "each with its reason: {left:?}");
    for ((page, text), (known, words, why)) in left.iter().zip(NOT_IN_THE_DEMO) {
        assert!(*page == known && text.starts_with(words), "{page}: {text} is not what is left out because {why}");
    }
}

/// Runs a block in the demo of this folder, and holds what came against what the page shows next.
pub(crate) fn run(block: &Block, shown: Option<&Block>, demo: &Path) {
    let place = block.place();
    let text = block.text.replace("target/demo/", &format!("{}/", demo.display()));
    let patience = if block.is("until-ctrl-c") { 3 } else { 120 };
    let script = format!(
        "set -eo pipefail\nsource '{}/env'\n\
         curl() {{ command curl -w '%{{stderr}}HTTP %{{http_code}}\\n' \"$@\"; }}\n{text}",
        demo.display()
    );
    let Output { status, stdout, stderr } = Command::new("timeout")
        .args([&patience.to_string(), "bash", "-c", &script])
        .env("no_proxy", "*")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("bash");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    let told = format!("{place}\n{text}\n{status}\n{stdout}\n{stderr}");
    let expected = if block.is("until-ctrl-c") {
        assert!(!stdout.trim().is_empty(), "{told}");
        124
    } else if block.is("exit-64") {
        64
    } else {
        0
    };
    assert_eq!(status.code(), Some(expected), "{told}");

    let shown =
        shown.filter(|shown| shown.is("json") && !block.is("until-ctrl-c")).map(|shown| shown.text.replace('\n', ""));
    let problem = shown.as_deref().filter(|shown| shown.starts_with(r#"{"type":"/problems/"#));
    let wanted = problem.and_then(|text| text.split(r#""status":"#).nth(1)).map(|rest| rest[..3].to_owned());
    let statuses: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("HTTP ")).collect();
    for (index, status) in statuses.iter().enumerate() {
        match &wanted {
            Some(wanted) if index + 1 == statuses.len() => assert_eq!(status, wanted, "{told}"),
            _ => assert!(status.starts_with('2'), "{told}"),
        }
    }
    // What is shown in full has these fields; a page that leaves some out has a mark that is no JSON.
    let Some(Ok(Value::Object(shown))) = shown.as_deref().map(serde_json::from_str::<Value>) else { return };
    let given: Value =
        serde_json::from_str(stdout.lines().last().unwrap_or_default()).unwrap_or_else(|_| panic!("{told}"));
    for name in shown.keys() {
        assert!(given.get(name).is_some(), "{name} is shown and does not come: {told}");
    }
}
