//! What an import prints: a few lines for people, one document for programs.

use serde_json::Value;

use crate::cli::args::ImportArgs;
use crate::cli::ending::{Ending, say};
use crate::cli::moving_in::told::{About, Outcome};
use crate::cli::tables::{clean, items, list};
use crate::domain::PoolName;

pub(super) fn print(outcome: &Outcome, about: &About, args: &ImportArgs, dry_run: bool) -> Ending {
    match args.remote.json {
        true => say(&format!("{}\n", outcome.document(about))),
        false => say(&(outcome.text(about, dry_run, &pools(&outcome.sum)) + &warnings(&outcome.sum))),
    }
}

/// What came into which pool, where there are several; with one the sums are its own.
fn pools(sum: &Value) -> String {
    let pools = items(sum, "pools");
    let are_several = pools.iter().any(|line| line["pool"] != PoolName::DEFAULT);
    if are_several { format!("\n{}\n", list(pools, POOL_COLUMNS)) } else { String::new() }
}

fn warnings(sum: &Value) -> String {
    let warnings = items(sum, "warnings").iter().filter_map(Value::as_str);
    warnings.map(|warning| format!("warning           {}\n", clean(warning))).collect()
}

/// What came into which pool.
const POOL_COLUMNS: &[(&str, &str)] =
    &[("POOL", "pool"), ("IMPORTED", "imported"), ("ASSIGNED", "assigned"), ("ALREADY", "already_imported")];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sum::add;
    use super::*;

    #[test]
    fn what_came_into_which_pool_is_summed_and_told_where_there_are_several() {
        let pool = |name: &str, imported: u32| json!({"pool": name, "imported": imported, "assigned": 0, "already_imported": 1});
        let mut sum = json!({ "imported": 0, "assigned": 0, "problems": [] });
        add(&mut sum, &json!({"imported": 3, "pools": [pool("default", 3)]}));
        assert_eq!(pools(&sum), "");
        add(&mut sum, &json!({"imported": 5, "pools": [pool("default", 1), pool("gb", 4)]}));
        assert_eq!(
            sum["pools"],
            json!([
            {"pool": "default", "imported": 4, "assigned": 0, "already_imported": 2},
            {"pool": "gb", "imported": 4, "assigned": 0, "already_imported": 1}])
        );
        let shown = pools(&sum);
        assert!(shown.contains("POOL     IMPORTED") && shown.contains("gb"), "{shown}");
    }
}
