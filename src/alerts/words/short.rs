//! A text message: two segments at most, with the mark by which it is found again.
//!
//! How to get it wrong: a letter that is none of the short alphabet. The text would need twice as many segments. Or half a link.

use uuid::Uuid;

use super::lines::Lines;
use crate::domain::alert::Told;

/// Two segments.
const LETTERS_MAX: usize = 306;
const MARK_LETTERS: usize = 8;
const AND_MORE: &str = "And 1000 more. ";

/// What is told in one text, each with its lines, with the mark of its message at the end.
pub(crate) fn short(told: &[(Told, Lines)], message: Uuid) -> String {
    let instance = told.first().map_or("default", |(first, _)| first.instance.as_str());
    let mark = mark(message);
    let room = LETTERS_MAX - mark.len() - 1;
    let begins = plain(&format!("callbunker {instance}: "));
    let mut text = match told {
        [(told, lines)] => alone(begins, told, lines, room),
        several => together(begins, several, room),
    };
    text.truncate(room);
    format!("{} {mark}", text.trim_end())
}

/// What happened, and of the rest, in the order in which it is read, whatever fits as a whole.
fn alone(mut text: String, told: &Told, lines: &Lines, room: usize) -> String {
    let link = told.links.addresses().next().unwrap_or_default();
    let parts = [lines.what.as_str(), &lines.since, &told.words.means, &lines.todo, link].map(plain);
    let mut keeps = [false; 5];
    let mut left = room.saturating_sub(text.len());
    // By how much each is missed where it is left out: what happened, what to do, since when, what it means, where more stands.
    for part in [0, 3, 1, 2, 4] {
        let letters = parts[part].len() + 1;
        keeps[part] = part == 0 || (letters > 1 && letters <= left);
        left = left.saturating_sub(if keeps[part] { letters } else { 0 });
    }
    for (part, _) in parts.iter().zip(keeps).filter(|(_, keeps)| *keeps) {
        text.push_str(part);
        text.push(' ');
    }
    text
}

/// What happened, one after the other, and how many more there are.
fn together(mut text: String, told: &[(Told, Lines)], room: usize) -> String {
    for (place, (_, lines)) in told.iter().enumerate() {
        let line = plain(&format!("{} ", lines.what));
        let left = told.len() - place;
        // With room for how many more there are.
        let reserved = if left > 1 { AND_MORE.len() } else { 0 };
        if place > 0 && text.len() + line.len() + reserved > room {
            text.push_str(&format!("And {left} more. "));
            break;
        }
        text.push_str(&line);
    }
    text
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
    use super::super::lines::tests::told;
    use super::*;
    use crate::domain::alert::{AlertEvent, AlertSeverity, Links};

    fn lined((told, at): (Told, chrono::DateTime<chrono::Utc>)) -> (Told, Lines) {
        let lines = Lines::of(&told, at);
        (told, lines)
    }

    #[test]
    fn a_text_fits_into_two_segments_and_has_its_mark() {
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        let (one, at) = told(AlertEvent::Raised, AlertSeverity::Critical, 3);
        let text = short(&[lined((one.clone(), at))], id);
        let (begins, since, rest) = (
            "callbunker production: Pool gb is empty: signups wait for a purchase. Since 20",
            ", for 3 minutes. ",
            "Signups wait. End the pause. https://ops.example.com/x [89abcdef]",
        );
        assert!(text.starts_with(begins) && text.ends_with(&format!("{since}{rest}")), "{text}");
        // What has no room is left out as a whole, the least first; a document is no link.
        let mut long = one.clone();
        long.words.means = "It means much. ".repeat(12).trim_end().to_owned();
        let text = short(&[lined((long.clone(), at))], id);
        assert!(text.ends_with(", for 3 minutes. End the pause. https://ops.example.com/x [89abcdef]"), "{text}");
        long.words.todo = "Do much. ".repeat(18).trim_end().to_owned();
        let text = short(&[lined((long, at))], id);
        assert!(text.ends_with("Do much. Do much. [89abcdef]"), "{text}");
        assert!(!text.contains("It means") && !text.contains("http"), "{text}");
        let unknown = Told { links: Links::of(one.kind, None), ..one.clone() };
        assert!(short(&[lined((unknown, at))], id).ends_with("Signups wait. End the pause. [89abcdef]"));
        let mut odd = one.clone();
        odd.words.summary = format!("…4471 – ünï [x] {}", "y".repeat(400));
        let text = short(&[lined((odd, at))], id);
        assert!(text.contains("...4471 ? ?n? (x) yyy") && text.ends_with(" [89abcdef]"), "{text}");
        assert_eq!((text.len(), text.is_ascii()), (LETTERS_MAX, true));
        let many = short(&vec![lined((one, at)); 9], id);
        assert!(many.len() <= LETTERS_MAX && many.contains("And 4 more."), "{many}");
    }
}
