//! Phone numbers as files have them, made E.164.
//!
//! How to get it wrong: holding a number with a plus against tables. Area codes are younger than any table; whether a number exists,
//! Twilio's list says.

use std::collections::BTreeSet;

use phonenumber::Type;
use phonenumber::metadata::DATABASE;
use unicode_general_category::{GeneralCategory, get_general_category};

use super::bare::{are_digits, bare, decimal};
use super::fault::{Fault, FaultKind, Remedy};
use super::reading::Reading;
use crate::domain::number::PhoneNumber;
use crate::domain::region::CountryCode;

/// What a number may be of that somebody has.
const KINDS: [Type; 10] = [
    Type::FixedLine,
    Type::Mobile,
    Type::TollFree,
    Type::PremiumRate,
    Type::SharedCost,
    Type::PersonalNumber,
    Type::Voip,
    Type::Pager,
    Type::Uan,
    Type::Voicemail,
];

/// Reads a number; one without its plus by the rules of `reading.default_country`, if there is one.
///
/// # Errors
/// When it is no number that can be meant in one way only.
pub fn phone_number(text: &str, reading: &Reading) -> Result<PhoneNumber, Fault> {
    let text = without_scheme(&bare(text));
    if text.is_empty() {
        return Err(Fault::new(FaultKind::NoNumber, "the row has no phone number: write one, or leave the row out"));
    }
    destroyed(&text)?;
    behind(&text)?;
    let plain = separators_out(&text)?;
    match plain.strip_prefix('+') {
        Some(digits) => international(digits),
        None => national(&plain, reading.default_country),
    }
    .map_err(|fault| if fault.detail.is_none() { fault.of(shown(&text)) } else { fault })
}

/// The country, if its numbers' rules are known.
#[must_use]
pub fn known_country(country: CountryCode) -> bool {
    DATABASE.by_id(country.as_str()).is_some()
}

fn without_scheme(text: &str) -> String {
    let is_tel = text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    if is_tel { text[4..].trim().to_owned() } else { text.to_owned() }
}

fn destroyed(text: &str) -> Result<(), Fault> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some((mantissa, exponent)) = unsigned.split_once(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if are_digits(exponent) && (are_digits(mantissa) || decimal(mantissa).is_some()) {
            let cause = "a spreadsheet has rounded this number, its last digits are gone: export the column as text";
            return Err(Fault::new(FaultKind::Destroyed, cause).of(shown(text)));
        }
    }
    let decimals = decimal(text.strip_prefix('+').unwrap_or(text));
    if decimals.is_some_and(|(whole, part)| whole.len() >= 7 && part.bytes().all(|digit| digit == b'0')) {
        let cause = "a spreadsheet made a decimal of this number: export the column as text";
        return Err(Fault::new(FaultKind::Destroyed, cause).of(shown(text)));
    }
    Ok(())
}

/// Refuses an extension, or a second number, that stands behind a number.
fn behind(text: &str) -> Result<(), Fault> {
    let lower = text.to_ascii_lowercase();
    let digits_of = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let Some(at) = lower.find(|character: char| ",;#x/|&".contains(character) || character.is_ascii_lowercase()) else {
        return second_plus(text);
    };
    let (number, rest) = lower.split_at(at);
    if digits_of(number) < 7 {
        return second_plus(text);
    }
    let stripped = rest.trim_start_matches([',', ';', '#', '/', '|', '&', ' ']);
    let word = ["extension", "extn", "ext", "x"].iter().find_map(|word| stripped.strip_prefix(word));
    let number_of_it = word.unwrap_or(stripped).trim_matches(|c: char| " .:=()#".contains(c));
    let is_short = (1..7).contains(&digits_of(number_of_it)) && number_of_it.bytes().all(|byte| byte.is_ascii_digit());
    let may_extend = word.is_some() || rest.starts_with([',', ';', '#']);
    if is_short && may_extend {
        let cause =
            "an extension stands behind the number, and numbers of Twilio have none: write the number without it";
        return Err(Fault::new(FaultKind::Extension, cause).of(shown(&format!("extension {number_of_it}"))));
    }
    if word.is_none() && digits_of(stripped) >= 7 {
        return Err(two_numbers(text));
    }
    second_plus(text)
}

fn second_plus(text: &str) -> Result<(), Fault> {
    let plusses = text.chars().filter(|character| ['+', '\u{ff0b}'].contains(character)).count();
    if plusses > 1 { Err(two_numbers(text)) } else { Ok(()) }
}

fn two_numbers(text: &str) -> Fault {
    Fault::new(FaultKind::TwoNumbers, "two numbers stand in one field: write a row for each").of(shown(text))
}

/// The plus and the digits; a `(0)` right behind a country code is kept as `z`, which [`international`] judges.
fn separators_out(text: &str) -> Result<String, Fault> {
    let mut plain = String::new();
    let marked = text.replace("(0)", "\u{1}");
    for character in marked.chars() {
        match character {
            '0'..='9' => plain.push(character),
            '+' | '\u{ff0b}' => plain.push('+'),
            '\u{1}' => plain.push(if is_country_code(&plain) { 'z' } else { '0' }),
            separator if is_separator(separator) => {}
            other => {
                let cause = "a character in it belongs to no phone number: write + and 7 to 15 digits";
                return Err(Fault::new(FaultKind::NoNumber, cause).of(format!("{other:?} in {}", shown(text))));
            }
        }
    }
    Ok(plain)
}

fn is_separator(character: char) -> bool {
    // Dots and brackets of other scripts beside those of ours; a hyphen bullet and a minus are no dashes to Unicode.
    const OTHERS: &str = "()[].\u{b7}\u{2024}\u{2027}\u{22c5}\u{ff0e}\u{ff08}\u{ff09}\u{ff3b}\u{ff3d}\u{2212}\u{2043}";
    character.is_whitespace()
        || OTHERS.contains(character)
        || get_general_category(character) == GeneralCategory::DashPunctuation
}

fn is_country_code(plain: &str) -> bool {
    let code = plain.strip_prefix('+').and_then(|digits| digits.parse::<u16>().ok());
    code.is_some_and(|code| DATABASE.region(&code).is_some_and(|countries| !countries.is_empty()))
}

fn international(digits: &str) -> Result<PhoneNumber, Fault> {
    let Some((code, rest)) = digits.split_once('z') else { return e164(digits) };
    let (with, without) = (format!("{code}0{rest}"), format!("{code}{rest}"));
    if is_of_the_plan(&without) && !is_of_the_plan(&with) {
        return e164(&without);
    }
    Err(Fault::new(FaultKind::Ambiguous, "it cannot be told whether the 0 of (0) is dialled: write it without (0)"))
}

fn national(digits: &str, country: Option<CountryCode>) -> Result<PhoneNumber, Fault> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'z');
    let Some(country) = country.filter(|_| is_number) else {
        let no_plus = || {
            let cause = "the number lacks its + and country code: write them";
            Fault::new(FaultKind::NoPlus, cause).or(Remedy::DefaultCountry)
        };
        return Err(zeros_for_plus(digits).unwrap_or_else(no_plus));
    };
    let digits = digits.replace('z', "0");
    let Some(rules) = DATABASE.by_id(country.as_str()) else { return Err(ambiguous()) };
    let code = rules.country_code();
    // The tables may be older than an area code.
    if code == 1 {
        let ten = digits.strip_prefix('1').filter(|ten| ten.len() == 10).unwrap_or(&digits);
        let bytes = ten.as_bytes();
        if ten.len() == 10 && bytes[0] >= b'2' && bytes[3] >= b'2' {
            return e164(&format!("1{ten}"));
        }
    }
    let literally = format!("{code}{digits}");
    let stripped = rules.national_prefix().and_then(|prefix| digits.strip_prefix(prefix));
    let without_prefix = stripped.map(|rest| format!("{code}{rest}"));
    // The crate knows how each country dials abroad. It takes national prefixes away where there are none, too, and must not have the
    // last word.
    let id: Option<phonenumber::country::Id> = country.as_str().parse().ok();
    let by_rules = phonenumber::parse(id, &digits).ok().map(|parsed| {
        let national = parsed.national();
        format!("{}{}{}", parsed.code().value(), "0".repeat(usize::from(national.zeros())), national.value())
    });
    let readings = [Some(literally), without_prefix, by_rules].into_iter().flatten();
    let readings: BTreeSet<String> = readings.filter(|digits| is_of_the_plan(digits)).collect();
    match readings.first() {
        Some(one) if readings.len() == 1 => e164(one),
        Some(_) | None => Err(zeros_for_plus(&digits).unwrap_or_else(ambiguous)),
    }
}

/// What most of the world dials for the plus. Elsewhere it is none, so that whoever means it has to say so.
fn zeros_for_plus(digits: &str) -> Option<Fault> {
    let cause = "the number begins with 00 where its + should stand: write + in place of 00";
    digits.starts_with("00").then(|| Fault::new(FaultKind::NoPlus, cause))
}

fn ambiguous() -> Fault {
    let cause = "by its country's rules the number cannot be read in one way only: write + and the country code";
    Fault::new(FaultKind::Ambiguous, cause)
}

/// Whether the tables know such a number, read digit by digit: the crate's own reading takes national prefixes away.
fn is_of_the_plan(digits: &str) -> bool {
    (1..=3).any(|length| {
        let (Some(code), Some(national)) = (digits.get(..length), digits.get(length..)) else { return false };
        let rules = code.parse::<u16>().ok().and_then(|code| DATABASE.by_code(&code)).unwrap_or_default();
        rules.iter().any(|rules| {
            let known = rules.descriptors();
            known.general().is_match(national)
                && KINDS.iter().any(|kind| known.get(*kind).is_some_and(|kind| kind.is_match(national)))
        })
    })
}

fn e164(digits: &str) -> Result<PhoneNumber, Fault> {
    let invalid =
        Fault::new(FaultKind::NoNumber, "it is no phone number: write + and 7 to 15 digits, such as +14155550100");
    format!("+{digits}").parse().map_err(|_| invalid)
}

/// What is no number comes back in a sentence, but not all of it.
fn shown(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fault::Sender;
    use super::*;

    fn read(text: &str, country: Option<&str>) -> Result<String, FaultKind> {
        let default_country = country.map(|country| country.parse().unwrap());
        let reading = Reading { default_country, ..Reading::default() };
        phone_number(text, &reading).map(|number| number.as_str().to_owned()).map_err(|fault| fault.kind)
    }

    #[test]
    fn a_number_with_its_plus_is_read_however_it_is_written() {
        for text in [
            "+14155550100",
            " +1 415-555-0100 ",
            "+1 (415) 555.0100",
            "+1\u{a0}415\u{2011}555\u{2013}0100",
            "+1\u{2212}415\u{b7}555\u{2024}0100",
            "\u{ff0b}1 415 555 0100",
            "tel:+1-415-555-0100",
            "TEL: +14155550100",
            "\u{202a}+14155550100\u{202c}",
            "+1\u{200b}4155550100\u{feff}",
            "'+14155550100",
            "=\"+14155550100\"",
            "=\"+1 (415) 555-0100\"",
            "(+1) 415 555 0100",
            "[+1] 415\u{3000}555\u{fe58}0100",
        ] {
            for country in [None, Some("US"), Some("DE")] {
                assert_eq!(read(text, country).as_deref(), Ok("+14155550100"), "{text:?}");
            }
        }
        // Whether a number exists, Twilio says.
        assert_eq!(read("+19995550100", None).as_deref(), Ok("+19995550100"));
        assert_eq!(read("+78005553535", None).as_deref(), Ok("+78005553535"), "its first digit is no prefix");
    }

    #[test]
    fn what_a_spreadsheet_has_destroyed_is_refused_whatever_is_said() {
        let rounded = ["1.41556E+10", "1,41556E+10", "+1.41556e+10", "1E10", "-1.4e10", "'1.41556E+10"];
        for text in rounded.into_iter().chain(["14155550100.0", "+14155550100,00", "14155550100,0"]) {
            for country in [None, Some("US")] {
                assert_eq!(read(text, country), Err(FaultKind::Destroyed), "{text}");
            }
        }
    }

    #[test]
    fn extensions_and_second_numbers_are_refused_as_what_they_are() {
        for text in [
            "+14155550100;ext=12",
            "tel:+1-415-555-0100;EXT=12",
            "+1 415 555 0100 x12",
            "+1 415 555 0100X12",
            "+1 415 555 0100 ext. 12",
            "+14155550100 Extn 12",
            "+14155550100 extension: 12",
            "+14155550100#12",
            "+14155550100,,12",
            "+14155550100;12",
        ] {
            let fault = phone_number(text, &Reading::default()).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Extension, "{text}");
            assert!(fault.told(Sender::Command).contains("extension 12"), "{fault:?}");
        }
        for text in [
            "+14155550100 +14155550101",
            "+14155550100, +14155550101",
            "+14155550100/4155550101",
            "++14155550100",
            "+1415555 0100; 4155550101",
        ] {
            assert_eq!(read(text, Some("US")), Err(FaultKind::TwoNumbers), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_and_the_character_is_named() {
        let none =
            ["", "  ", "+", "+1", "+0123456789", "+1415555010012345", "+1 415 555 01OO", "+1/4155550100", "anna"];
        for text in none.into_iter().chain(["+\u{661}4155550100", "NULL", "+1415555010a", "1,415,555"]) {
            assert_eq!(read(text, Some("US")), Err(FaultKind::NoNumber), "{text}");
        }
        let fault = phone_number("+1 415 555 01OO", &Reading::default()).unwrap_err().told(Sender::Program);
        assert!(fault.contains("'O'"), "{fault}");
    }

    #[test]
    fn without_a_plus_a_number_is_one_of_the_country_that_was_said_or_none() {
        for text in ["14155550100", "(415) 555-0100", "=\"4155550100\""] {
            assert_eq!(read(text, None), Err(FaultKind::NoPlus), "{text}");
        }
        let fault = phone_number("4155550100", &Reading::default()).unwrap_err();
        for (to, words) in
            [(Sender::Command, "(--default-country US)"), (Sender::Program, "(\"default_country\":\"US\")")]
        {
            assert!(fault.told(to).contains(words), "{fault:?}");
        }
        for country in [None, Some("US"), Some("RU")] {
            let default_country = country.map(|country| country.parse().unwrap());
            let reading = Reading { default_country, ..Reading::default() };
            let fault = phone_number("0014155550020", &reading).unwrap_err();
            assert!(fault.told(Sender::Command).contains("write + in place of 00"), "{country:?}: {fault:?}");
        }
        for (text, country, expected) in [
            ("4155550100", "US", "+14155550100"),
            ("(415) 555-0100", "US", "+14155550100"),
            ("1 415 555 0100", "US", "+14155550100"),
            ("'14155550100", "CA", "+14155550100"),
            ("9992345678", "US", "+19992345678"),
            ("011 49 30 12345678", "US", "+493012345678"),
            ("030 12345678", "DE", "+493012345678"),
            ("0049 30 12345678", "DE", "+493012345678"),
            ("020 7183 8750", "GB", "+442071838750"),
            ("07400 123456", "GB", "+447400123456"),
            ("06 6982 1234", "IT", "+390669821234"),
            ("8 800 555 35 35", "RU", "+78005553535"),
        ] {
            assert_eq!(read(text, Some(country)).as_deref(), Ok(expected), "{text} in {country}");
        }
        for (text, country) in [("555-0100", "US"), ("1155550100", "US"), ("12345", "DE"), ("0123456789012345", "US")] {
            assert_eq!(read(text, Some(country)), Err(FaultKind::Ambiguous), "{text} in {country}");
        }
        assert!(known_country("US".parse().unwrap()) && !known_country("XX".parse().unwrap()));
    }

    #[test]
    fn a_zero_in_brackets_is_left_out_where_that_is_sure() {
        assert_eq!(read("+49 (0)30 12345678", None).as_deref(), Ok("+493012345678"));
        assert_eq!(read("+44 (0) 20 7183 8750", None).as_deref(), Ok("+442071838750"));
        assert_eq!(read("+39 (0)6 6982 1234", None), Err(FaultKind::Ambiguous));
        assert_eq!(read("+1 (0)415 555 0100", None).as_deref(), Ok("+14155550100"));
        assert_eq!(read("+1 415 555 (0)100", None).as_deref(), Ok("+14155550100"), "elsewhere it is a digit");
    }
}
