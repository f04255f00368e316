//! The subject of a mail: the instance first, so that a mailbox sorts by it.

use crate::domain::alert::{AlertEvent, AlertSeverity, Told};

/// The longest subject that readers show.
const CHARACTERS_MAX: usize = 160;

/// Of one alert what it says; of several how many, and how bad.
pub(crate) fn subject(told: &[Told]) -> String {
    let instance = told.first().map_or("default", |first| first.instance.as_str());
    let words = match told {
        [one] => of_one(one),
        several => of_several(several),
    };
    let subject = format!("[callbunker {instance}] {words}");
    // A subject is one line, whatever anybody wrote.
    let line: String = subject.chars().filter(|character| !character.is_control()).collect();
    match line.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn of_one(told: &Told) -> String {
    let Told { kind, subject, severity, words, .. } = told;
    let of = if subject.is_empty() { String::new() } else { format!(" {subject}") };
    let how = match told.event {
        AlertEvent::Raised => severity.as_str().to_uppercase(),
        AlertEvent::Reminder => format!("STILL {}", severity.as_str().to_uppercase()),
        AlertEvent::Cleared => "OVER".to_owned(),
    };
    format!("{how} {kind}{of}: {}", words.summary)
}

fn of_several(told: &[Told]) -> String {
    let is_open = |told: &&Told| told.event != AlertEvent::Cleared;
    let open = told.iter().filter(is_open).count();
    let critical = told.iter().filter(is_open).filter(|told| told.severity == AlertSeverity::Critical).count();
    let over = told.len() - open;
    let alerts = |count: usize| if count == 1 { "1 alert".to_owned() } else { format!("{count} alerts") };
    let parts = [
        (open > 0).then(|| alerts(open)),
        (critical > 0).then(|| format!("{critical} critical")),
        (over > 0).then(|| format!("{over} over")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::lines::tests::told;
    use super::*;

    #[test]
    fn a_subject_sorts_by_instance_and_says_how_bad_it_is() {
        let of = |event, severity| told(event, severity, 0).0;
        let bad = of(AlertEvent::Raised, AlertSeverity::Critical);
        let over = of(AlertEvent::Cleared, AlertSeverity::Critical);
        let expected = "[callbunker production] CRITICAL pool.empty gb: Pool gb is empty: signups wait for a purchase.";
        assert_eq!(subject(std::slice::from_ref(&bad)), expected);
        assert!(subject(std::slice::from_ref(&over)).starts_with("[callbunker production] OVER pool.empty gb:"));
        let warning = of(AlertEvent::Reminder, AlertSeverity::Warning);
        assert_eq!(subject(&[bad, warning, over]), "[callbunker production] 2 alerts, 1 critical, 1 over");
        let mut long = of(AlertEvent::Raised, AlertSeverity::Warning);
        long.words.summary = format!("a\r\nBcc: x{}", "ü".repeat(500));
        let long = subject(&[long]);
        assert!(long.chars().count() == CHARACTERS_MAX + 1 && !long.contains(['\r', '\n']), "{long}");
    }
}
