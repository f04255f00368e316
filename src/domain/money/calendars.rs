//! Two calendars, written apart: ours, and that of the simulated Twilio, which knows nothing of ours.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use twilio_simulator::{ForeignNumber, Simulator, SimulatorOptions};

use super::anniversary::charges_between;

#[test]
fn over_fifty_years_both_charge_on_the_same_days() {
    let simulator = Simulator::start(SimulatorOptions::default()).unwrap();
    let first: NaiveDate = "1976-01-01".parse().unwrap();
    // Two years, one of them a leap year, around the ends of their months.
    let days = (0..731).map(|day| first + Days::new(day)).filter(|day| day.day() > 26 || day.day() == 1);
    let mut bought = BTreeMap::new();
    for (place, day) in days.enumerate() {
        let phone_number = format!("+1415555{place:04}");
        let noon = day.and_time(NaiveTime::MIN).and_utc() + chrono::TimeDelta::hours(12);
        simulator.own(ForeignNumber::new(&phone_number).date_created(noon));
        bought.insert(phone_number, day);
    }
    let today = Utc::now().date_naive();
    let mut theirs: BTreeMap<String, Vec<NaiveDate>> = BTreeMap::new();
    for line in simulator.usage_lines(first, today).into_iter().filter(|line| line.category == "phonenumbers-local") {
        theirs.entry(line.phone_number.expect("nobody made lines up")).or_default().push(line.day);
    }
    for (phone_number, bought_on) in bought {
        let ours = charges_between(bought_on, first, today, None);
        assert!(ours.len() > 12 * 40, "{}", ours.len());
        assert_eq!(theirs.remove(&phone_number), Some(ours), "bought on {bought_on}");
    }
    assert!(theirs.is_empty());
}
