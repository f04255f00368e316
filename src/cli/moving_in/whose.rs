//! A file in which nothing is called user_id: whether it says whose the numbers are all the same, under a heading that is not known.
//!
//! How to get it wrong: taking such a file for a list of stock. Users' numbers would be given to others.

use super::columns::{Column, Columns, encoding, key, shown};

/// What is compared of headings that say something of the number itself, as Twilio and others export it. All else may say whose it is.
const OF_THE_NUMBER: [&str; 30] = [
    "sid",
    "phonenumbersid",
    "numbersid",
    "accountsid",
    "accountfriendlyname",
    "friendlyname",
    "phonenumberfriendlyname",
    "capabilities",
    "voice",
    "sms",
    "mms",
    "fax",
    "voiceenabled",
    "smsenabled",
    "mmsenabled",
    "faxenabled",
    "voiceurl",
    "smsurl",
    "statuscallback",
    "type",
    "numbertype",
    "country",
    "isocountry",
    "countrycode",
    "region",
    "areacode",
    "datecreated",
    "dateupdated",
    "createdat",
    "updatedat",
];

/// Parts of headings that mean people, for the proposal only.
const OF_PEOPLE: [&str; 10] =
    ["user", "kunde", "nutzer", "customer", "client", "owner", "assigned", "member", "mail", "teilnehmer"];

/// Where it may stand whose the numbers are, if nothing is called so: columns that are left out, since when somebody has them, and the
/// status.
pub(super) fn may_say_whose(columns: &Columns) -> Vec<usize> {
    if columns.place(Column::UserId).is_some() {
        return Vec::new();
    }
    let read = [Column::PhoneNumber, Column::Pool, Column::ReleasedAt].map(|column| columns.place(column));
    let may_say = |(at, heading): &(usize, &String)| {
        !read.contains(&Some(*at)) && columns.reason != Some(*at) && !OF_THE_NUMBER.contains(&key(heading).as_str())
    };
    columns.header.iter().enumerate().filter(may_say).map(|(at, _)| at).collect()
}

/// The sentence of a file in which these columns hold values, and nothing says whose the numbers are.
pub(super) fn nobody_is_named(columns: &Columns, holding: &[usize]) -> String {
    let heading = |at: usize| columns.header[at].trim();
    let shown: Vec<String> = holding
        .iter()
        .map(|at| if heading(*at).is_empty() { format!("column {}", at + 1) } else { shown(heading(*at)) })
        .collect();
    // Since when, and how it is, are known to be something else.
    let others = holding.iter().filter(|at| !columns.means(**at));
    let others: Vec<&str> = others.map(|at| heading(*at)).filter(|heading| !heading.is_empty()).collect();
    let of_people = others.iter().find(|heading| OF_PEOPLE.iter().any(|part| key(heading).contains(part)));
    let proposed = of_people.or(others.first()).map_or_else(|| "NAME".to_owned(), |heading| format!("{heading:?}"));
    format!(
        "no column is called user_id, and {} may say whose the numbers are; say which one does with \
         --columns user_id={proposed}, or give --no-users if all of these numbers become stock{}",
        shown.join(", "),
        encoding(&columns.header)
    )
}

#[cfg(test)]
mod tests {
    use super::super::columns::{chosen, columns};
    use super::*;

    fn found(text: &str, said: &[&str]) -> Columns {
        let said: Vec<String> = said.iter().map(|text| (*text).to_owned()).collect();
        columns(text.split(';').map(str::to_owned).collect(), &chosen(&said).unwrap(), &[]).unwrap()
    }

    #[test]
    fn what_may_say_whose_the_numbers_are_is_named_where_nothing_is_called_so() {
        const NONE: [usize; 0] = [];
        let may_say = |text: &str, said: &[&str]| may_say_whose(&found(text, said));
        assert_eq!(may_say("Kunde;Phone Number;Seit;;pool;status;reason", &[]), [0, 2, 3, 5]);
        assert_eq!(may_say("sid;phoneNumber;friendlyName;Account SID;sms_enabled;Created At", &[]), NONE);
        assert_eq!(may_say("phone_number;assigned_at", &[]), [1], "who has a number since then has it");
        assert_eq!(may_say("phone_number;user_id;Kunde", &[]), NONE);
        assert_eq!(may_say("phone_number;Kunde;Notes", &["user_id=Kunde"]), NONE);
        for (text, holding, words) in [
            ("Seit;Kunden-Nr.;phone_number", &[0, 1][..], "user_id=\"Kunden-Nr.\","),
            ("phone_number;assigned_at;Wer", &[1, 2], "user_id=\"Wer\","),
            ("phone_number;assigned_at", &[1], "\"assigned_at\" may say"),
            ("phone_number;status", &[1], "user_id=NAME,"),
            ("phone_number;Kundenschl\u{fffd}ssel", &[1], "another encoding"),
            ("phone_number;", &[1], "column 2 may say"),
            ("phone_number;A;B", &[1, 2], "\"A\", \"B\" may say"),
        ] {
            let told = nobody_is_named(&found(text, &[]), holding);
            assert!(told.contains(words) && told.contains("--no-users"), "{text}: {told}");
        }
    }
}
