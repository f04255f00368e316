//! Twilio as it may be on an odd day, by dice: rows that cannot be read, parameters that get lost, lists that lie, numbers
//! that are gone already, clocks that are off, refusals of one number, and an operator who renames what is ours. And the odd
//! days of our own machines ([`super::machines`]).
//!
//! Invariants: nothing here lies about whose a number is for good; when the faults are cleared, Twilio tells the truth.
//! How to get it wrong: a manner that may hide a number from a look without `may_hide`. What a list hides twice is not
//! bought as far as anybody can tell, until a comparison finds it.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use super::super::tally;
use super::Round;

/// Makes something odd for a while.
type Manner = fn(&mut Round);

/// What can be odd, by name.
const ODD: &[(&str, Manner)] = &[
    ("a row of a search", |round| round.odd_row(On::Search, OFFERED)),
    ("the answer to a create", |round| round.odd_row(On::Create, OWNED)),
    ("a row of a list", |round| round.odd_row(On::List, OWNED)),
    ("a fetched number", |round| round.odd_row(On::Fetch, OWNED)),
    ("the answer to an update", |round| round.odd_row(On::Update, OWNED)),
    ("a create that loses parameters", |round| round.drop_parameters(On::Create)),
    ("an update that loses parameters", |round| round.drop_parameters(On::Update)),
    ("webhooks that get lost and cannot be set", Round::unconfirmed),
    ("a number that is renamed", Round::rename),
    ("ghosts in a search", |round| round.some(On::Search, FaultKind::Ghost)),
    ("numbers that need an address", |round| round.some(On::Search, FaultKind::AddressRequired)),
    ("numbers that a list leaves out", Round::omit),
    ("a list without end", |round| round.throw(Fault::new(On::List, FaultKind::EndlessList).times(50))),
    ("an empty page", Round::empty_page),
    ("a repeated row", |round| round.some(On::List, FaultKind::RepeatRow)),
    ("a clock that is off", Round::skew),
    ("answers without a date", |round| round.throw(Fault::new(On::Any, FaultKind::NoDate).times(10))),
    ("capabilities that are lost", Round::lose_capability),
    ("one number that is refused", Round::refuse_one),
    ("creates that are refused for a reason nobody knows", Round::refuse_creates),
    ("a refusal whose text is hostile", Round::hostile_text),
    ("an instance that stands still", Round::freeze),
    ("a database's clock that steps", Round::step_clock),
    ("a database that is frozen", Round::freeze_database),
];

/// Fields of a search's row.
const OFFERED: &[&str] =
    &["phone_number", "capabilities", "capabilities.sms", "capabilities.mms", "address_requirements", "locality"];

/// Fields of an owned number.
const OWNED: &[&str] = &[
    "sid",
    "phone_number",
    "date_created",
    "friendly_name",
    "capabilities",
    "capabilities.sms",
    "capabilities.mms",
    "voice_url",
    "sms_url",
    "status_callback",
    "trunk_sid",
    "voice_application_sid",
];

/// What Twilio may forget of a form.
const LOST: &[&[&str]] =
    &[&["FriendlyName"], &["SmsUrl"], &["VoiceUrl", "StatusCallback"], &["FriendlyName", "VoiceUrl", "SmsUrl"]];

impl Round {
    /// Something is odd from now on, for a while.
    pub(super) fn odd(&mut self) {
        let only = std::env::var("TORTURE_ODD").ok();
        let odd: Vec<_> = ODD.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| name.contains(only))).collect();
        let (name, throw) = odd.choose(&mut self.dice).expect("TORTURE_ODD is part of a name");
        throw(self);
        self.odd_days.push(name);
        tally::faults(1);
    }

    fn throw(&mut self, fault: Fault) {
        self.world.twilio.fault(fault);
    }

    fn some(&mut self, on: On, kind: FaultKind) {
        let times = self.dice.random_range(1..=3);
        self.throw(Fault::new(on, kind).times(times));
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of.choose(&mut self.dice).expect("there are some").clone()
    }

    fn odd_row(&mut self, on: On, fields: &[&str]) {
        let values = [Value::Null, json!("__absent"), json!(7), json!(""), json!("\u{0}x"), json!([]), json!({})];
        let (field, value, times) = (self.pick(fields), self.pick(&values), self.dice.random_range(1..=3));
        self.may_hide |= on == On::List;
        self.throw(Fault::new(on, FaultKind::OddRow).field(field).value(value).times(times));
    }

    fn drop_parameters(&mut self, on: On) {
        let lost: &[&str] = self.pick(LOST);
        let times = self.dice.random_range(1..=3);
        self.throw(Fault::new(on, FaultKind::DropParameters).parameters(lost.iter().copied()).times(times));
    }

    /// Creates that drop a webhook, and updates that are refused: nobody can be served by what they bought.
    fn unconfirmed(&mut self) {
        self.throw(Fault::new(On::Create, FaultKind::DropParameters).parameters(["SmsUrl"]).times(3));
        self.throw(Fault::new(On::Update, FaultKind::Refuse).status(403).code(20403).times(9));
    }

    /// Somebody renames one of ours in Twilio's console, perhaps one that nobody here knows of yet.
    fn rename(&mut self) {
        let truth = self.world.twilio.truth();
        let bought: Vec<_> = truth.owned.iter().filter(|number| !number.foreign).collect();
        let Some(number) = bought.choose(&mut self.dice) else { return };
        self.world.twilio.rename(&number.phone_number, "front desk");
        self.stock_lost += 1;
    }

    fn omit(&mut self) {
        self.may_hide = true;
        let one = self.dice.random::<bool>().then(|| self.one_of("status <> 'released'")).flatten();
        let fault = Fault::new(On::List, FaultKind::Omit).times(self.dice.random_range(1..=3));
        self.throw(match one {
            Some(number) => fault.phone_number(number),
            None => fault,
        });
    }

    fn empty_page(&mut self) {
        self.may_hide = true;
        self.some(On::List, FaultKind::EmptyPage);
    }

    fn skew(&mut self) {
        let skew_ms = self.pick(&[-900_000, -120_000, 120_000, 900_000]);
        self.throw(Fault::new(On::Any, FaultKind::DateSkew).skew_ms(skew_ms).times(20));
    }

    fn lose_capability(&mut self) {
        let on = self.pick(&[On::List, On::Fetch, On::Any]);
        self.some(on, FaultKind::LoseCapability);
    }

    fn refuse_one(&mut self) {
        let Some(number) = self.one_of("status <> 'released'") else { return };
        let on = self.pick(&[On::Fetch, On::Update, On::Delete, On::Any]);
        // To be told by a DELETE or a look that it is not there would be a lie about whose it is.
        let (on, status, code) = self.pick(&[
            (on, 403, 20403),
            (On::Update, 404, 20404),
            (on, 400, 21601),
            (on, 403, 20003),
            (on, 412, 21714),
        ]);
        let times = self.dice.random_range(1..=6);
        self.throw(Fault::new(on, FaultKind::Refuse).phone_number(number).status(status).code(code).times(times));
    }

    fn refuse_creates(&mut self) {
        let (status, code) = self.pick(&[(400, 99_999), (403, 98_765), (412, 21714), (400, 21631)]);
        let times = self.dice.random_range(1..=6);
        self.throw(Fault::new(On::Create, FaultKind::Refuse).status(status).code(code).times(times));
    }

    fn hostile_text(&mut self) {
        let text = self.pick(&["\u{0}", "\u{1b}[2J\u{7}", "\u{202e}\u{2028}level=error", "long"]);
        let text = if text == "long" { "long ".repeat(400_000) } else { text.to_owned() };
        let (on, kind) = self.pick(&[
            (On::Create, FaultKind::Barred),
            (On::Create, FaultKind::Refuse),
            (On::Search, FaultKind::Refuse),
            (On::List, FaultKind::Error503),
            (On::Update, FaultKind::Refuse),
            (On::Delete, FaultKind::Refuse),
        ]);
        self.throw(Fault::new(on, kind).message(text));
    }
}
