//! The answers to an import's chunks as one.
//!
//! How to get it wrong: adding up what is said of the whole, such as a warning. Each chunk says it again.

use serde_json::{Value, json};

/// Adds an answer: counts are summed, pool by pool too, lists are joined, of anything else the latest stays.
pub(super) fn add(sum: &mut Value, answer: &Value) {
    for (name, value) in answer.as_object().into_iter().flatten() {
        let so_far = &mut sum[name.as_str()];
        if name == "pools" {
            add_pools(so_far, value);
            continue;
        }
        // Each chunk tells the same of the pool as it is then.
        if name == "warnings" {
            *so_far = value.clone();
            continue;
        }
        match (so_far.as_u64(), value.as_u64(), value.as_array()) {
            (Some(before), Some(more), _) => *so_far = json!(before + more),
            (_, _, Some(more)) => match so_far.as_array_mut() {
                Some(before) => before.extend_from_slice(more),
                None => *so_far = value.clone(),
            },
            _ => *so_far = value.clone(),
        }
    }
}

/// Each pool's counts are summed; one that comes for the first time is added.
fn add_pools(so_far: &mut Value, more: &Value) {
    let mut all = so_far.as_array().cloned().unwrap_or_default();
    for line in more.as_array().into_iter().flatten() {
        match all.iter_mut().find(|known| known["pool"] == line["pool"]) {
            Some(known) => add(known, line),
            None => all.push(line.clone()),
        }
    }
    *so_far = Value::Array(all);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_chunks_are_summed() {
        let mut sum = json!({ "imported": 0, "assigned": 0, "problems": [] });
        add(&mut sum, &json!({"imported": 100, "assigned": 40, "problems": [{"code": "a"}], "unchanged": 1}));
        add(&mut sum, &json!({"imported": 7, "assigned": 0, "problems": [{"code": "b"}], "unchanged": 2}));
        let expected =
            json!({"imported": 107, "assigned": 40, "problems": [{"code": "a"}, {"code": "b"}], "unchanged": 3});
        assert_eq!(sum, expected);
    }
}
