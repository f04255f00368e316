//! Links of pages and scripts lead below whatever path the daemon is: pages through one door, scripts through `AT`.

use std::path::Path;

/// What the door leads below the path (`http::Place`); a template may let nothing else begin with a path.
const LEADING: [&str; 4] = ["href", "src", "action", "data-stream"];

fn texts(folder: &str, extension: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    files.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn a_path_in_a_template_stands_where_the_door_finds_it() {
    for (file, text) in texts("templates", "html") {
        for (at, _) in text.match_indices("=\"/") {
            let attribute = text[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap();
            let before = text[..at - attribute.len()].chars().next_back();
            assert!(
                LEADING.contains(&attribute) && before == Some(' '),
                "{file}: {}",
                &text[at - attribute.len()..at + 20]
            );
        }
        for quoted in ["href='", "src='", "action='", "formaction"] {
            assert!(!text.contains(quoted), "{file}: {quoted} is not led below the path");
        }
    }
}

#[test]
fn a_script_puts_the_path_before_every_path_that_it_makes() {
    for (file, text) in texts("assets", "js") {
        for (at, _) in text.match_indices("/admin/") {
            let is_led = text[..at].ends_with("${AT}") || text[..at].ends_with("${document.body.dataset.at}");
            assert!(is_led, "{file}: {}", text[at.saturating_sub(40)..].lines().next().unwrap());
        }
    }
}
