//! What a number was attached to, and what the carriers made of it, in sentences of its history.
//!
//! `said` is a target with what Twilio said of it, as the line has it.
//! How to get it wrong: "not ready" for whatever lacks. Whoever reads it must know whether Twilio or the carriers said no.

pub(super) fn attached(said: Option<&str>) -> String {
    format!("it joined {}", target(said).0)
}

pub(super) fn refused(said: Option<&str>) -> String {
    let (target, because) = target(said);
    format!("Twilio does not take it into {target}{because}")
}

pub(super) fn conflict(said: Option<&str>) -> String {
    let (target, because) = target(said);
    format!("it did not join {target}, because it is in a messaging service of somebody else's{because}")
}

pub(super) fn detached(said: Option<&str>) -> String {
    let (target, because) = target(said);
    format!("it is in {target} no more{because}")
}

pub(super) fn registration_failed(reason: Option<&str>) -> String {
    let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("the carriers do not take it{because}")
}

/// To what, and why.
fn target(said: Option<&str>) -> (&str, String) {
    match said.map(|said| said.split_once(' ').unwrap_or((said, ""))) {
        Some((target, "")) => (target, String::new()),
        Some((target, words)) => (target, format!(": {words}")),
        None => ("what its pool wants", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_says_who_said_no_and_why() {
        for (told, expected) in [
            (attached(Some("MG1")), "it joined MG1"),
            (refused(Some("MG1 no SMS")), "Twilio does not take it into MG1: no SMS"),
            (conflict(Some("MG1")), "it did not join MG1, because it is in a messaging service of somebody else's"),
            (detached(Some("MG1 gone")), "it is in MG1 no more: gone"),
            (detached(None), "it is in what its pool wants no more"),
            (registration_failed(Some("Twilio's code 30126")), "the carriers do not take it: Twilio's code 30126"),
            (registration_failed(None), "the carriers do not take it"),
        ] {
            assert_eq!(told, expected);
        }
    }
}
