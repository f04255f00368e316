//! Users as files have them: an id to the letter, or nobody.
//!
//! How to get it wrong: trimming an id. `u-1` and `u-1 ` are two users. Or taking `12345.0` for one: the user is 12345, and would
//! get a second number.

use super::bare::{are_digits, decimal, protected};
use super::fault::{Fault, FaultKind, Note, Remedy, Written};
use super::reading::Reading;
use crate::domain::audience::UserId;

/// What programs write for "none", in any case.
const WORDS_FOR_NONE: [&str; 6] = ["null", "nan", "none", "n/a", "#n/a", "unassigned"];

/// Reads whose a number is; `None` = nobody's.
///
/// # Errors
/// When it is no user id, or none any more.
pub fn user_id(text: &str, reading: &Reading) -> Result<Written<Option<UserId>>, Fault> {
    if reading.as_is {
        return if text.is_empty() { Ok(Written::plain(None)) } else { literally(text) };
    }
    if text.trim().is_empty() {
        return Ok(Written::plain(None));
    }
    if let Some(inner) = protected(text) {
        return if inner.is_empty() { Ok(Written::plain(None)) } else { literally(&inner) };
    }
    let word = text.trim();
    if text == "\\N" || WORDS_FOR_NONE.iter().any(|none| word.eq_ignore_ascii_case(none)) {
        return Ok(Written { value: None, note: Some(Note::WordForNone) });
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(destroyed("letters of the user_id were lost in another encoding: export the file as UTF-8"));
    }
    if decimal(word).is_some_and(|(_, part)| part.bytes().all(|digit| digit == b'0')) {
        let fault = destroyed("a program made a decimal of this user_id: export the column as text");
        return Err(fault.or(Remedy::AsIs).of(word));
    }
    if is_rounded(word) {
        let cause = "a spreadsheet has rounded this user_id, its last digits are gone: export the column as text";
        return Err(destroyed(cause).or(Remedy::AsIs).of(word));
    }
    let mut read = literally(text)?;
    read.note = (word != text).then_some(Note::BlanksAround);
    Ok(read)
}

/// Whether an id that is written as it is would be doubted, or read as another one.
#[must_use]
pub fn is_doubtful(id: &str) -> bool {
    let plain = Reading::default();
    !user_id(id, &plain).is_ok_and(|read| read.note.is_none() && read.value.is_some_and(|read| read.as_str() == id))
}

fn literally(text: &str) -> Result<Written<Option<UserId>>, Fault> {
    let invalid = Fault::new(
        FaultKind::NoUser,
        "user_id must be 1 to 128 characters, none of them a control, format or line-separator character",
    );
    text.parse().map(|id| Written::plain(Some(id))).map_err(|_| invalid)
}

fn destroyed(cause: &'static str) -> Fault {
    Fault::new(FaultKind::Destroyed, cause)
}

/// `1.12421E+20`: programs that round write the plus; `4e21` may be an id.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, is_number) = match mantissa.split_once(['.', ',']) {
        Some((whole, part)) => (whole, are_digits(part)),
        None => (mantissa, true),
    };
    let exponent = exponent.strip_prefix('+').unwrap_or_default();
    is_number && whole.len() == 1 && are_digits(whole) && (2..=3).contains(&exponent.len()) && are_digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::super::fault::Sender;
    use super::*;

    fn read(text: &str) -> Result<(Option<String>, Option<Note>), FaultKind> {
        let read = user_id(text, &Reading::default()).map_err(|fault| fault.kind)?;
        Ok((read.value.map(|id| id.as_str().to_owned()), read.note))
    }

    #[test]
    fn an_id_is_taken_to_the_letter_and_words_for_nobody_are_nobody() {
        for text in ["u-1", "0012", "4e21", "1E5", "12.5", "Ünï@x.org", "nulls", "-", "12345.01", "1.5E+2x", "00.1"] {
            assert_eq!(read(text), Ok((Some(text.to_owned()), None)), "{text}");
        }
        for text in ["", " ", "\t ", "\u{a0}", "=\"\""] {
            assert_eq!(read(text), Ok((None, None)), "{text:?}");
        }
        for text in ["NULL", "null", " Null ", "\\N", "nan", "NaN", "None", "N/A", "#N/A", "Unassigned", "UNASSIGNED"] {
            assert_eq!(read(text), Ok((None, Some(Note::WordForNone))), "{text:?}");
        }
        assert_eq!(read("\\n"), Ok((Some("\\n".to_owned()), None)), "only \\N is PostgreSQL's word");
        for text in ["u-1 ", " u-1", "u-1\u{a0}"] {
            assert_eq!(read(text), Ok((Some(text.to_owned()), Some(Note::BlanksAround))), "{text:?}");
        }
    }

    #[test]
    fn what_a_program_has_destroyed_is_refused() {
        for text in
            ["12345.0", "12345,00", " 7.0 ", "1.12421E+20", "1,12e+20", "-4E+05", "1E+100", "Ren\u{fffd}", "\u{fffd}"]
        {
            assert_eq!(read(text), Err(FaultKind::Destroyed), "{text:?}");
        }
        for text in ["a\nb", "u\u{200b}", &"x".repeat(129)] {
            assert_eq!(read(text), Err(FaultKind::NoUser), "{text:?}");
        }
        // Each is told the way out by the name that it has there.
        for text in ["12345.0", "1.12421E+20"] {
            let fault = user_id(text, &Reading::default()).unwrap_err();
            let [to_a_person, to_a_program] = [Sender::Command, Sender::Program].map(|to| fault.told(to));
            assert!(to_a_person.contains("--as-is") && !to_a_person.contains("as_is"), "{to_a_person}");
            assert!(to_a_program.contains("\"as_is\":true") && !to_a_program.contains("--"), "{to_a_program}");
        }
    }

    #[test]
    fn a_protected_id_and_one_as_it_is_are_not_doubted() {
        for id in ["NULL", "12345.0", " u-1 ", "1.12E+20", "a\"b", "=\"x\"", " "] {
            let written = format!("=\"{}\"", id.replace('"', "\"\""));
            assert_eq!(read(&written), Ok((Some(id.to_owned()), None)), "{written}");
            let read = user_id(id, &Reading { as_is: true, ..Reading::default() }).unwrap();
            assert_eq!((read.value.unwrap().as_str(), read.note), (id, None));
            assert!(id == "a\"b" || is_doubtful(id), "{id}");
        }
        assert!(!is_doubtful("a\"b") && !is_doubtful("u-1") && !is_doubtful("00"));
        let nobody = user_id("", &Reading { as_is: true, ..Reading::default() }).unwrap();
        assert_eq!(nobody, Written { value: None, note: None });
    }
}
