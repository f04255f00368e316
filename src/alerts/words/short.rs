//! A text message: two segments at most, with the mark by which it is found again.
//!
//! How to get it wrong: a letter that is none of the short alphabet. The text would need twice as many segments.

use crate::domain::alert::{AlertEvent, Told};
use uuid::Uuid;

/// Two segments.
const LETTERS_MAX: usize = 306;
const MARK_LETTERS: usize = 8;
const AND_MORE: &str = "And 1000 more. ";

/// What is told in one text, with the mark of its message at the end.
pub(crate) fn short(told: &[Told], message: Uuid) -> String {
    let instance = told.first().map_or("default", |first| first.instance.as_str());
    let mark = mark(message);
    let room = LETTERS_MAX - mark.len() - 1;
    let mut text = plain(&format!("callbunker {instance}: "));
    for (place, one) in told.iter().enumerate() {
        let how = match one.event {
            AlertEvent::Raised => "",
            AlertEvent::Reminder => "Still: ",
            AlertEvent::Cleared => "Over: ",
        };
        let todo =
            if told.len() == 1 && !one.words.todo.is_empty() { format!(" {}", one.words.todo) } else { String::new() };
        let line = plain(&format!("{how}{}{todo} ", one.words.summary));
        let left = told.len() - place;
        // With room for how many more there are.
        let reserved = if left > 1 { AND_MORE.len() } else { 0 };
        if place > 0 && text.len() + line.len() + reserved > room {
            text.push_str(&format!("And {left} more. "));
            break;
        }
        text.push_str(&line);
    }
    text.truncate(room);
    format!("{} {mark}", text.trim_end())
}

/// By which a text is found again among those that were sent.
pub(crate) fn mark(message: Uuid) -> String {
    let letters: String = message.simple().to_string();
    format!("[{}]", &letters[letters.len() - MARK_LETTERS..])
}

/// In letters that count as one each.
fn plain(text: &str) -> String {
    let letter = |character: char| match character {
        '…' => "...".to_owned(),
        '·' => "-".to_owned(),
        '’' | '‘' => "'".to_owned(),
        // In the short alphabet, but as two.
        '[' | '{' => "(".to_owned(),
        ']' | '}' => ")".to_owned(),
        '\\' | '|' | '~' | '^' | '`' => "/".to_owned(),
        other if other.is_ascii_graphic() || other == ' ' => other.to_string(),
        _ => "?".to_owned(),
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;
    use super::*;
    use crate::domain::alert::AlertSeverity;

    #[test]
    fn a_text_fits_into_two_segments_and_has_its_mark() {
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        let (one, _) = told(AlertEvent::Raised, AlertSeverity::Critical, 0);
        let text = short(std::slice::from_ref(&one), id);
        assert_eq!(
            text,
            "callbunker production: Pool gb is empty: signups wait for a purchase. End the pause. [89abcdef]"
        );
        let mut odd = one.clone();
        odd.words.summary = format!("…4471 – ünï [x] {}", "y".repeat(400));
        let text = short(&[odd], id);
        assert!(text.contains("...4471 ? ?n? (x) yyy") && text.ends_with(" [89abcdef]"), "{text}");
        assert_eq!((text.len(), text.is_ascii()), (LETTERS_MAX, true));
        let many = short(&vec![one; 9], id);
        assert!(many.len() <= LETTERS_MAX && many.contains("And 4 more."), "{many}");
    }
}
