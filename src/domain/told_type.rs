//! Which type a number is of: by its own code, by what Twilio says of it, else by the numbering plan.
//!
//! Facts: Twilio documents one word of an owned number's `type`, `local`; others are read as its price list, its searches and
//! its bundles spell them. What a purchase bought is of the type that was searched, and nobody asks here.
//! How to get it wrong: taking silence, or a word that nobody knows, for another type. Stock would be apart from its pool, which
//! is then bought anew.

use super::number::PhoneNumber;
use super::pool::NumberType;
use super::region::AreaCode;

impl NumberType {
    /// The type of `number` as far as somebody says it: a toll-free code of its own, else `word`, Twilio's. `None` = nobody does.
    #[must_use]
    pub fn told(number: &PhoneNumber, word: &str) -> Option<Self> {
        if number.area_code().is_some_and(AreaCode::is_toll_free) {
            return Some(Self::TollFree);
        }
        match word.to_ascii_lowercase().replace([' ', '-', '_'], "").as_str() {
            "local" => Some(Self::Local),
            "mobile" => Some(Self::Mobile),
            "tollfree" => Some(Self::TollFree),
            "national" => Some(Self::National),
            _ => None,
        }
    }

    /// The same where nobody says it: as libphonenumber has it. A number that it does not know, of a new code most often, is
    /// taken for a local one, as all were before there were types.
    #[must_use]
    pub fn of(number: &PhoneNumber, word: &str) -> Self {
        Self::told(number, word).unwrap_or_else(|| Self::by_the_plan(number))
    }

    fn by_the_plan(number: &PhoneNumber) -> Self {
        use phonenumber::Type;
        let parsed = phonenumber::parse(None, number.as_str());
        match parsed.map_or(Type::Unknown, |parsed| parsed.number_type(&phonenumber::metadata::DATABASE)) {
            Type::FixedLine | Type::FixedLineOrMobile | Type::Unknown => Self::Local,
            Type::Mobile => Self::Mobile,
            Type::TollFree => Self::TollFree,
            Type::PremiumRate
            | Type::SharedCost
            | Type::PersonalNumber
            | Type::Voip
            | Type::Pager
            | Type::Uan
            | Type::Emergency
            | Type::Voicemail
            | Type::ShortCode
            | Type::StandardRate
            | Type::Carrier
            | Type::NoInternational => Self::National,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: &str, word: &str) -> NumberType {
        NumberType::of(&number.parse().unwrap(), word)
    }

    #[test]
    fn twilio_is_believed_before_the_plan_and_a_toll_free_code_before_twilio() {
        let (us, gb_mobile, gb_toll_free) = ("+14155550100", "+447400123456", "+448081570192");
        for (number, word, expected) in [
            (us, "local", NumberType::Local),
            (us, "", NumberType::Local),
            (us, "something new", NumberType::Local),
            (us, "National", NumberType::National),
            ("+18335550100", "local", NumberType::TollFree),
            (gb_mobile, "", NumberType::Mobile),
            (gb_mobile, "local", NumberType::Local),
            (gb_toll_free, "", NumberType::TollFree),
            (gb_mobile, "toll-free", NumberType::TollFree),
            (gb_mobile, "tollfree", NumberType::TollFree),
            (gb_mobile, "toll free", NumberType::TollFree),
            ("+442079460123", "", NumberType::Local),
            ("+443003030303", "", NumberType::National),
            // Of a code that no plan has yet.
            ("+14205550100", "", NumberType::Local),
            ("+15005550100", "", NumberType::National),
        ] {
            assert_eq!(of(number, word), expected, "{number} {word:?}");
        }
    }

    #[test]
    fn silence_says_nothing() {
        assert_eq!(NumberType::told(&"+447400123456".parse().unwrap(), ""), None);
        assert_eq!(NumberType::told(&"+447400123456".parse().unwrap(), "null"), None);
    }
}
