//! The life of a number is written in `db/numbers/` and nowhere else, and whatever is written says of which pool it is.

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
        .filter(|(_, text)| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            code.to_ascii_lowercase().contains("insert into numbers ")
        })
        .map(|(path, _)| path)
        .collect();
    assert!(matches!(&inserts[..], [one] if one.ends_with("db/numbers/insert.rs")), "{inserts:?}");
}

/// Tables whose rows belong to a pool, in the database by default to `default`: for hands and tests, not for the program.
const OF_A_POOL: [&str; 7] =
    ["numbers", "purchases", "purchase_items", "waiters", "passes", "stock_samples", "signup_refusals"];

#[test]
fn every_insert_names_its_pool() {
    let mut found: Vec<(&str, usize)> = OF_A_POOL.iter().map(|table| (*table, 0)).collect();
    for (path, text) in rust_files().into_iter().filter(|(path, _)| !path.ends_with("source/transitions.rs")) {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (table, inserts) in &mut found {
            let columns = |after: &str| after.split_once(')').map(|(columns, _)| columns.to_owned());
            for after in text.split(&format!("INSERT INTO {table} (")).skip(1) {
                let columns = columns(after).expect("columns have an end");
                let is_named = columns.split(',').any(|column| column.trim() == "pool");
                assert!(is_named, "{}: a row of {table} of whichever pool: ({columns})", path.display());
                *inserts += 1;
            }
            for after in text.split(&format!("insert_into({table}::table)")).skip(1) {
                let until = after.split_once(";").map_or(after, |(insert, _)| insert);
                // One that writes rows made before: they are made in the same function.
                let rows = if until.contains(".values(rows)") { text } else { until };
                assert!(rows.contains(&format!("{table}::pool.eq(")), "{}: a row of {table}", path.display());
                *inserts += 1;
            }
        }
    }
    assert!(found.iter().all(|(_, inserts)| *inserts > 0), "the inserts are found: {found:?}");
}
