//! The life of a number is written in `db/numbers/` and nowhere else.

use super::rust_files;

/// What a statement outside may begin with: the place's own text follows.
const EMBEDS: [&str; 2] = ["SET {", "SET \");"];

#[test]
fn numbers_are_written_by_their_own_folder_or_with_its_texts() {
    let mut strays = Vec::new();
    for (path, text) in rust_files() {
        let is_home =
            path.components().any(|part| part.as_os_str() == "numbers") && path.to_string_lossy().contains("/db/");
        let is_test = path.ends_with("source/transitions.rs");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|_| !is_home && !is_test) {
            let lower = line.to_ascii_lowercase();
            let writes = ["update numbers ", "into numbers "].iter().any(|words| lower.contains(words));
            if writes && !EMBEDS.iter().any(|text| line.contains(text)) {
                strays.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(strays.is_empty(), "a number is written outside db/numbers:\n{}", strays.join("\n"));
}

#[test]
fn numbers_are_inserted_in_one_place() {
    let inserts: Vec<_> = rust_files()
        .into_iter()
        .filter(|(path, _)| !path.ends_with("source/transitions.rs"))
        .filter(|(_, text)| text.to_ascii_lowercase().contains("insert into numbers "))
        .map(|(path, _)| path)
        .collect();
    assert!(matches!(&inserts[..], [one] if one.ends_with("db/numbers/insert.rs")), "{inserts:?}");
}
